import type { ChangePosition, WrittenChange } from './oracle.ts'
import { compareDigits, digitsOf } from './sequence-digits.ts'

/** The written changes by their place at the source, as far as the source tells it. */
export interface ShardHistories {
  /** The change at exactly this position, or -1. */
  find(position: ChangePosition): number
  /** Numbers of the changes of each shard, in the shard's order. */
  readonly shards: ReadonlyMap<string, Int32Array>
  /** How many of the shard's changes stand at this position or in front of it. */
  countUpTo(position: ChangePosition): number
}

/** Does its work at the first question: many judgements never ask. */
export function indexShards(written: readonly WrittenChange[]): ShardHistories {
  let byNumber: ReadonlyMap<string, ReadonlyMap<string, number>> | undefined
  let shards: ReadonlyMap<string, Int32Array> | undefined
  const digitsAt = (change: number | undefined): string =>
    digitsOf(written[change ?? -1]?.position?.sequenceNumber ?? '')
  const sorted = (): ReadonlyMap<string, Int32Array> => (shards ??= sortShards(written, digitsAt))
  return {
    find: ({ shardId, sequenceNumber }) => {
      byNumber ??= namePositions(written)
      return byNumber.get(shardId)?.get(digitsOf(sequenceNumber)) ?? -1
    },
    get shards() {
      return sorted()
    },
    countUpTo: ({ shardId, sequenceNumber }) => {
      const changes = sorted().get(shardId) ?? new Int32Array()
      const digits = digitsOf(sequenceNumber)
      let from = 0
      let to = changes.length
      while (from < to) {
        const middle = (from + to) >>> 1
        if (compareDigits(digitsAt(changes[middle]), digits) <= 0) from = middle + 1
        else to = middle
      }
      return from
    },
  }
}

function namePositions(written: readonly WrittenChange[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const named = new Map<string, Map<string, number>>()
  for (const [change, { position }] of written.entries()) {
    if (position === undefined) continue
    const shard = named.get(position.shardId) ?? new Map<string, number>()
    named.set(position.shardId, shard)
    const digits = digitsOf(position.sequenceNumber)
    const other = shard.get(digits)
    if (other !== undefined) throw new Error(`written changes ${other} and ${change} have the same position`)
    shard.set(digits, change)
  }
  return named
}

function sortShards(
  written: readonly WrittenChange[],
  digitsAt: (change: number) => string,
): ReadonlyMap<string, Int32Array> {
  const shards = new Map<string, number[]>()
  for (const [change, { position }] of written.entries()) {
    if (position === undefined) continue
    const shard = shards.get(position.shardId)
    if (shard === undefined) shards.set(position.shardId, [change])
    else shard.push(change)
  }
  const isRising = (changes: readonly number[]): boolean =>
    changes.every((change, at) => at === 0 || compareDigits(digitsAt(changes[at - 1] ?? -1), digitsAt(change)) < 0)
  return new Map(
    [...shards].map(([shardId, changes]) => {
      // Most sources are recorded in their own order.
      if (!isRising(changes)) changes.sort((a, b) => compareDigits(digitsAt(a), digitsAt(b)))
      return [shardId, Int32Array.from(changes)]
    }),
  )
}
