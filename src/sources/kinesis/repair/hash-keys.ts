import { hash } from 'node:crypto'
import type { HashKeyRange } from '../listed-shard.ts'

/** By which Kinesis chooses a record's shard, unless its producer named a key of its own. */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${hash('md5', partitionKey, 'hex')}`)
}

/** Both ranges' own; undefined for no bound. */
export function isWithin(key: bigint, range: HashKeyRange | undefined): boolean {
  return range === undefined || (key >= range.from && key <= range.to)
}

/** What lies in both; empty (`from` behind `to`) if nothing does. */
export function overlapOf(a: HashKeyRange, b: HashKeyRange | undefined): HashKeyRange {
  if (b === undefined) return a
  return { from: a.from > b.from ? a.from : b.from, to: a.to < b.to ? a.to : b.to }
}
