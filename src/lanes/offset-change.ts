import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { tombstonesOf } from './forgetting.ts'
import { readerLaneOf } from './hand-over.ts'
import { shardKey } from './lane-state.ts'
import { forgetTopicIds } from './topic-pins.ts'
import type { LaneState, ShardState, ShardStatus } from './lane-state.ts'
import type { AddressedEntry, BeginEntry, TableEntry } from './ledger-entry.ts'
import { descendantsOf, shardsOfLedger } from './ledger-shards.ts'

/** A change of positions by a person: what to write, in one transaction, and what it means. */
export interface OffsetChange {
  readonly entries: readonly AddressedEntry[]
  readonly shards: readonly ShardChange[]
}

/** What becomes of one shard. */
export interface ShardChange {
  readonly shardId: string
  readonly streamArn: string
  /** How the ledger had it: state, and the last sequence number delivered (undefined = the trim horizon). */
  readonly was: { readonly status: ShardStatus; readonly after: string | undefined }
  /**
   * `moved`: it is read on behind `after`. `forgotten`: the ledger knows it no more; it is begun again when its parents
   * have ended, or, without known parents, by the next full listing if the service still has it.
   */
  readonly becomes: { readonly kind: 'moved'; readonly after: string | undefined } | { readonly kind: 'forgotten' }
}

/** Which shard to move, and where to. */
export interface ShardTarget {
  readonly table: TableEntry
  readonly shardId: string
  /** The last sequence number that counts as delivered; undefined = from the trim horizon. */
  readonly after: string | undefined
  /** Wall clock, milliseconds. */
  readonly nowMs: number
}

/**
 * Moves one shard of the table's present stream to a position, by a `begin` of the next generation in the lane that is to
 * read it. A shard that had ended is opened again; what descends from it is forgotten, so that it is read again behind
 * it: otherwise older changes of an item would come after newer ones and stay the last word.
 *
 * `ledgers` must be fresh (index = lane) and the pipeline must stand still. Throws USAGE for a shard that the ledger does
 * not know, or that still waits for its parents.
 */
export function moveShard(ledgers: readonly LaneState[], target: ShardTarget): OffsetChange {
  const { table, shardId, after, nowMs } = target
  const streamArn = table.table.streamArn
  const all = shardsOfLedger(ledgers)
  const known = all.get(shardKey(streamArn, shardId))
  if (known === undefined) {
    throw new TailraceError(
      'USAGE',
      `the ledger knows no shard ${shardId} of the present stream of ${table.table.name}`,
    )
  }
  const { shard } = known
  if (shard.status === 'waiting') {
    throw new TailraceError('USAGE', `shard ${shardId} waits for its parents; move those`)
  }
  const lane = shard.status === 'open' ? known.lane : readerLaneOf(shard, table, ledgers.length)
  // The trim horizon means everything that is left, also what a later start position had ruled out.
  const notBeforeMs = after === undefined ? undefined : shard.notBeforeMs
  // What is trimmed by now is given up by whoever asks for this; what is trimmed from now on is not.
  const begunAtMs = after === undefined ? nowMs : undefined
  const begins = beginsOf(shard, { after, notBeforeMs, begunAtMs }).map((entry): AddressedEntry => ({ lane, entry }))
  const siblings = [...all.values()].filter((one) => one.shard.streamArn === streamArn)
  const descendants = shard.status === 'end' ? [...descendantsOf(shardId, siblings)] : []
  return {
    entries: [
      ...begins,
      ...staleEnds(ledgers, shard, lane),
      ...descendants.flatMap((id) => forgetShard(ledgers, shardKey(streamArn, id))),
    ],
    shards: [
      { shardId, streamArn, was: wasOf(shard), becomes: { kind: 'moved', after } },
      ...descendants.flatMap((id) => forgottenOf(all.get(shardKey(streamArn, id))?.shard)),
    ],
  }
}

/**
 * Forgets every shard of a table and makes the table stream again, from the oldest change that is left, in order: the
 * next start lists the stream and begins what has no unread parent. `present` is the table as the source shows it now,
 * where the one in the ledger was replaced: reading then begins in its new stream, and what was left of the old one is
 * given up. Same conditions as {@link moveShard}.
 */
export function resetTable(
  ledgers: readonly LaneState[],
  table: TableEntry,
  { present, nowMs }: { readonly present: Table | undefined; readonly nowMs: number },
): OffsetChange & { readonly table: TableEntry } {
  const renewed: TableEntry = {
    ...table,
    version: table.version + 1,
    table: present ?? table.table,
    status: { kind: 'streaming' },
    notBeforeMs: undefined,
    // The topic may have been made anew on purpose: whatever is there at the next start is the one.
    topicId: undefined,
    // What was taken from the old table says nothing of the new one, and what the topic holds of it may be gone.
    ...(present === undefined ? {} : { snapshot: undefined, homeLane: undefined, lossAtMs: table.lossAtMs ?? nowMs }),
  }
  const all = [...shardsOfLedger(ledgers)].filter(([, { shard }]) => shard.tableArn === table.table.arn)
  return {
    table: renewed,
    entries: [
      ...ledgers.map((_, lane): AddressedEntry => ({ lane, entry: renewed })),
      ...all.flatMap(([key]) => forgetShard(ledgers, key)),
      ...forgetTopicIds(ledgers, table.table.arn),
    ],
    shards: all.flatMap(([, { shard }]) => forgottenOf(shard)),
  }
}

/** One `begin` per parent, as the first ones were written: their keys are then forgotten together some day. */
function beginsOf(
  shard: ShardState,
  { after, notBeforeMs, begunAtMs }: Pick<BeginEntry, 'after' | 'notBeforeMs' | 'begunAtMs'>,
): readonly BeginEntry[] {
  const parents = shard.parents.length === 0 ? [undefined] : shard.parents
  return parents.map((parent) => ({
    kind: 'begin',
    tableArn: shard.tableArn,
    streamArn: shard.streamArn,
    shardId: shard.shardId,
    generation: shard.generation + 1,
    parent,
    parents: shard.parents,
    after,
    notBeforeMs,
    sinceMs: notBeforeMs,
    begunAtMs,
  }))
}

/** A lane that still calls the shard ended would let the coordinator begin its children too early. */
function staleEnds(ledgers: readonly LaneState[], shard: ShardState, reader: number): readonly AddressedEntry[] {
  const key = shardKey(shard.streamArn, shard.shardId)
  return ledgers.flatMap((ledger, lane) => {
    const held = ledger.shards.get(key)
    return lane === reader || held?.status !== 'end' ? [] : tombstonesOf(held, lane)
  })
}

function forgetShard(ledgers: readonly LaneState[], key: string): readonly AddressedEntry[] {
  return ledgers.flatMap((ledger, lane) => {
    const held = ledger.shards.get(key)
    return held === undefined ? [] : tombstonesOf(held, lane)
  })
}

function forgottenOf(shard: ShardState | undefined): readonly ShardChange[] {
  if (shard === undefined) return []
  const { shardId, streamArn } = shard
  return [{ shardId, streamArn, was: wasOf(shard), becomes: { kind: 'forgotten' } }]
}

function wasOf({ status, after }: ShardState): ShardChange['was'] {
  return { status, after }
}
