import { emptyReadingEntry } from '../lanes/hand-over.ts'
import type { LaneContext } from '../lanes/hand-over.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { AddressedEntry } from '../lanes/ledger-entry.ts'
import type { EmptyReading } from './lane-feeds.ts'

/** So much of a day may be forgotten by a restart. DynamoDB's shards live for four hours: one entry for each that is empty. */
const notedEveryMs = 2 * 3_600_000

/**
 * What the ledger is to learn of shards that are read and stay empty. To be written in front of whatever else a transaction
 * says of them: of two entries under one key the last survives compaction.
 */
export function emptyReadingsOwed(
  readings: readonly EmptyReading[],
  state: LaneState,
  context: LaneContext,
): readonly AddressedEntry[] {
  return readings.flatMap(({ key, generation, readUpToMs }) => {
    const shard = state.shards.get(key)
    if (shard?.status !== 'open' || shard.generation !== generation || shard.after !== undefined) return []
    const { begunAtMs } = shard
    const isNews = begunAtMs === undefined || readUpToMs - begunAtMs >= notedEveryMs
    return isNews ? [emptyReadingEntry(shard, readUpToMs, context)] : []
  })
}
