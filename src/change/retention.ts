import type { Table } from './table.ts'

const hourMs = 3_600_000

/**
 * For the clocks of whoever wrote a time down and of whoever compares it: by so much one may be wrong before AWS refuses its
 * signatures. An iterator lives no longer than that either, from the moment at which it was asked for.
 */
export const clockDoubtMs: number = 15 * 60_000

/** DynamoDB Streams keep a change for 24 hours; what is older may be trimmed at any moment. Milliseconds. */
export const streamRetentionMs: number = 24 * hourMs

/** How long the stream of a table keeps a change, as it was when it was looked at last. Milliseconds. */
export function retentionOf(table: Pick<Table, 'retentionMs'> | undefined): number {
  return table?.retentionMs ?? streamRetentionMs
}

/** What is no older than this, by the clocks of those who ask, is still there when it is read. Milliseconds. */
export const surelyKeptMs: number = streamRetentionMs - clockDoubtMs

/**
 * From when on the changes of a shard are awaited that nobody has read of: from now, since what was trimmed before it was
 * met is nobody's loss. Where changes are wanted from an earlier moment that the stream surely reaches back to, from then.
 */
export function awaitedSince(
  notBeforeMs: number | undefined,
  nowMs: number,
  retentionMs: number = streamRetentionMs,
): number {
  if (notBeforeMs === undefined || notBeforeMs > nowMs) return nowMs
  // Less an hour, or the first look at the shard would already find it too late.
  return nowMs - notBeforeMs < retentionMs - clockDoubtMs - hourMs ? notBeforeMs : nowMs
}

/**
 * When a shard was made, by its name; undefined for names that do not tell. AWS's own Flink connector reads names of
 * DynamoDB's shards like this; their documentation only shows such names. Milliseconds.
 */
export function birthOf(shardId: string): number | undefined {
  const digits = /^shardId-(\d{20})-/.exec(shardId)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
