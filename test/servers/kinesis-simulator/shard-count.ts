import { uniformRanges } from './hash-keys.ts'
import type { HashKeyRange } from './hash-keys.ts'

/** What one round of UpdateShardCount does to the open shards. */
export interface ShardCountRound<Shard> {
  readonly splits: readonly { readonly shard: Shard; readonly at: bigint }[]
  readonly merges: readonly (readonly [Shard, Shard])[]
}

/**
 * One round on the way to so many shards of one size, as Kinesis goes there: by splitting in two and by merging pairs, so
 * most of the shards in between live for a round only. Undefined when nothing is left to do.
 */
export function shardCountRound<Shard extends HashKeyRange>(
  open: readonly Shard[],
  target: number,
): ShardCountRound<Shard> | undefined {
  const ordered = open.toSorted((a, b) => (a.from < b.from ? -1 : 1))
  const starts = uniformRanges(target).map(({ from }) => from)
  const splits = ordered.flatMap((shard) => {
    const inner = starts.filter((start) => start > shard.from && start <= shard.to)
    const at = inner[inner.length >> 1]
    return at === undefined ? [] : [{ shard, at }]
  })
  if (splits.length > 0) return { splits, merges: [] }
  const isStart = new Set(starts)
  const merges: (readonly [Shard, Shard])[] = []
  for (let i = 0; i + 1 < ordered.length; i++) {
    const [left, right] = [ordered[i], ordered[i + 1]]
    if (left === undefined || right === undefined || isStart.has(right.from)) continue
    merges.push([left, right])
    i++
  }
  return merges.length > 0 ? { splits: [], merges } : undefined
}
