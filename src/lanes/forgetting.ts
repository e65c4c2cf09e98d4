import type { LaneState, ShardState } from './lane-state.ts'
import { shardKey } from './lane-state.ts'
import type { AddressedEntry, AtEntry, BeginEntry } from './ledger-entry.ts'

/**
 * How long an ended shard is remembered after its END was committed. A stream lists a shard for 24 hours after it is
 * closed, and it is closed before it ends here; so 72 hours after END it has been out of every listing for 48. A shard
 * that came back into a listing after it was forgotten would be read again from its beginning.
 */
export const rememberEndedMs: number = 72 * 3_600_000

/**
 * Tombstones for shards that nobody can ask for again: END long ago, absent from the complete listing of their stream,
 * and each child begun in some ledger. `begin` and `at` are forgotten together, in every partition that holds them.
 */
export function forgettableEntries(
  streamArn: string,
  listed: ReadonlySet<string>,
  ledgers: readonly LaneState[],
  nowMs: number,
): readonly AddressedEntry[] {
  const isKnown = (shardId: string): boolean =>
    ledgers.some((ledger) => ledger.shards.has(shardKey(streamArn, shardId)))
  const tombstones: AddressedEntry[] = []
  const isForgettable = (end: AtEntry): boolean =>
    !listed.has(end.shardId) && nowMs - end.committedAtMs >= rememberEndedMs && (end.children ?? []).every(isKnown)

  for (const shard of endedShards(streamArn, ledgers)) {
    if (!isForgettable(shard)) continue
    for (const [lane, ledger] of ledgers.entries()) {
      const held = ledger.shards.get(shardKey(streamArn, shard.shardId))
      if (held !== undefined) tombstones.push(...tombstonesOf(held, lane))
    }
  }
  return tombstones
}

function endedShards(streamArn: string, ledgers: readonly LaneState[]): readonly AtEntry[] {
  const ended = new Map<string, AtEntry>()
  for (const ledger of ledgers) {
    for (const shard of ledger.shards.values()) {
      if (shard.streamArn === streamArn && shard.at?.status === 'end') ended.set(shard.shardId, shard.at)
    }
  }
  return [...ended.values()]
}

/** One tombstone per key that was ever written for the shard in this lane: its `at` and every `begin` up to now. */
export function tombstonesOf(shard: ShardState, lane: number): readonly AddressedEntry[] {
  const parents = [undefined, ...shard.parents]
  const tombstones: AddressedEntry[] = []
  for (let generation = 0; generation <= shard.generation; generation++) {
    for (const parent of parents)
      tombstones.push({ lane, entry: beginKey(shard, generation, parent), isTombstone: true })
  }
  // The `at` goes last: a lane that folds half of them still knows that the shard has ended.
  tombstones.push({ lane, entry: shard.at ?? atKey(shard), isTombstone: true })
  return tombstones
}

function beginKey(shard: ShardState, generation: number, parent: string | undefined): BeginEntry {
  return {
    kind: 'begin',
    tableArn: shard.tableArn,
    streamArn: shard.streamArn,
    shardId: shard.shardId,
    generation,
    parent,
    parents: [],
    after: undefined,
    notBeforeMs: undefined,
    sinceMs: undefined,
  }
}

/** Written even where there is no such record: a fold forgets a shard by this key alone. */
function atKey({ tableArn, streamArn, shardId, generation, after }: ShardState): AtEntry {
  return {
    kind: 'at',
    tableArn,
    streamArn,
    shardId,
    generation,
    status: 'open',
    after,
    createdAtMs: undefined,
    committedAtMs: 0,
    movedTo: undefined,
    children: undefined,
  }
}
