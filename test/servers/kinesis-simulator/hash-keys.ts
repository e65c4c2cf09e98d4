import { createHash } from 'node:crypto'

/** Hash keys that a shard owns, both ends included. */
export interface HashKeyRange {
  readonly from: bigint
  readonly to: bigint
}

const keys = 1n << 128n

/** Greatest hash key there is. */
export const lastHashKey: bigint = keys - 1n

/** Where a partition key belongs: its MD5 as a number. */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`)
}

/** All hash keys in so many ranges of one size. */
export function uniformRanges(count: number): readonly HashKeyRange[] {
  const start = (index: number): bigint => (keys * BigInt(index)) / BigInt(count)
  return Array.from({ length: count }, (_, index) => ({ from: start(index), to: start(index + 1) - 1n }))
}
