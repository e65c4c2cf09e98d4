import type { Shard } from '../../change/shard.ts'
import type { TableSize } from '../../sources/source.ts'

/** How many changes of a table may come while it is scanned. */
export interface ChangeForecast {
  /** At most; what really comes is mostly far less. */
  readonly changesPerSecond: number
  /** More may come than one process writes: during a scan all of a table's changes go through its home lane. */
  readonly isOverCapacity: boolean
}

/** One process writes about so many changes a second, and some rows beside them. */
const homeLanePerSecond = 20_000
/** A shard of a stream is a partition of its table, which takes so many writes of up to 1 KB. */
const shardPerSecond = 1_000

/**
 * Forecast from what is known before a table's shards are gathered. A table with provisioned writes cannot change faster
 * than these; of one that is billed by request the partitions tell.
 */
export function forecastChanges(
  { writeUnitsPerSecond }: Pick<TableSize, 'writeUnitsPerSecond'>,
  openShards: number,
): ChangeForecast {
  const byShards = openShards * shardPerSecond
  const changesPerSecond = Math.min(byShards, writeUnitsPerSecond ?? byShards)
  return { changesPerSecond, isOverCapacity: changesPerSecond > homeLanePerSecond }
}

/** Shards of a listing that take changes now. */
export function countOpen(shards: readonly Shard[]): number {
  return shards.filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined).length
}

/** A small table is scanned before its changes can fall behind. */
export function isWorthForecasting({ items }: Pick<TableSize, 'items'>): boolean {
  return items >= 1_000_000
}
