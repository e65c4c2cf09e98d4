import { clockDoubtMs, retentionOf } from '../../change/retention.ts'
import type { Shard, ShardPosition } from '../../change/shard.ts'
import { TailraceError } from '../../errors.ts'
import type { LaneState, ShardState } from '../../lanes/lane-state.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { unfinishedShards } from '../../lanes/out-of-reach.ts'
import type { StreamSight } from '../../lanes/out-of-reach.ts'
import type { Source } from '../../sources/source.ts'

/** What is asked of a source about positions that somebody else has kept. */
export type SightSource = Pick<Source, 'listShards' | 'hasShard' | 'openShard'>

/** Complete listings of the streams that tables of the ledger have now, by ARN. */
export type Listings = ReadonlyMap<string, readonly Shard[]>

/** By so much a position is looked at before it can have been trimmed: the workers come later. Milliseconds. */
const aheadMs = 3_600_000

/**
 * Lists the present stream of each table. One that is gone is left out: its table is gone, or has another one, and what that
 * means is for whoever moves the pipeline next.
 */
export async function listStreams(
  source: SightSource,
  tables: Iterable<TableEntry>,
  signal: AbortSignal,
): Promise<Listings> {
  const listings = new Map<string, readonly Shard[]>()
  for (const { table, status } of tables) {
    const { streamArn } = table
    if (status.kind !== 'streaming' || listings.has(streamArn)) continue
    try {
      listings.set(streamArn, (await source.listShards(streamArn, signal)).shards)
    } catch (error) {
      if (!(error instanceof TailraceError && error.code === 'STREAM_NOT_FOUND')) throw error
    }
  }
  return listings
}

/**
 * Which unfinished shards of a listed stream can no longer be read from where the ledger is. Each shard that is not listed is
 * asked for by itself, since listings are eventually consistent; and one with an old position is read from, once.
 */
export async function lookAtStream(
  source: SightSource,
  ledgers: readonly LaneState[],
  about: { readonly table: TableEntry; readonly listed: readonly Shard[]; readonly nowMs: number },
  signal: AbortSignal,
): Promise<StreamSight> {
  const { table, listed, nowMs } = about
  const { streamArn } = table.table
  const ids = new Set(listed.map(({ shardId }) => shardId))
  const oldMs = nowMs - retentionOf(table.table) + clockDoubtMs + aheadMs
  const gone = new Set<string>()
  const trimmed = new Set<string>()
  for (const { shard } of unfinishedShards(ledgers, streamArn)) {
    const { shardId } = shard
    if (!ids.has(shardId) && !(await source.hasShard(streamArn, shardId, signal))) gone.add(shardId)
    else if (shard.status === 'open' && shard.after !== undefined && (shard.createdAtMs ?? 0) < oldMs) {
      const refusal = await refusalOf(source, shard, signal)
      if (refusal === 'SHARD_NOT_FOUND') gone.add(shardId)
      else if (refusal === 'STREAM_GAP') trimmed.add(shardId)
    }
  }
  return { streamArn, listed, gone, trimmed }
}

function refusalOf(source: SightSource, shard: ShardState, signal: AbortSignal): Promise<Refusal | undefined> {
  const { streamArn, shardId, after, begunAtMs, notBeforeMs, note, inherited } = shard
  return refusalAt(
    source,
    { streamArn, shardId, after, unreadSinceMs: begunAtMs, notBeforeMs, note, inherited },
    signal,
  )
}

/** Why a shard cannot be read on from a position. */
export type Refusal = 'SHARD_NOT_FOUND' | 'STREAM_GAP'

/** Reads a page as a worker would, and gives it to nobody. */
export async function refusalAt(
  source: Pick<SightSource, 'openShard'>,
  position: ShardPosition,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  const reader = source.openShard(position)
  try {
    await reader.read(signal)
    return undefined
  } catch (error) {
    if (error instanceof TailraceError && (error.code === 'SHARD_NOT_FOUND' || error.code === 'STREAM_GAP'))
      return error.code
    throw error
  } finally {
    await reader[Symbol.asyncDispose]?.()
  }
}
