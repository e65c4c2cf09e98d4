import type { HashKeyRange, ListedShard } from './listed-shard.ts'

/** What listings have shown so far: the keys of a shard and its children never change. */
export interface KnownShards {
  remember(streamArn: string, shards: readonly ListedShard[]): void
  rangeOf(streamArn: string, shardId: string): HashKeyRange | undefined
  /** All children of a shard; undefined unless those that were shown take over all of its keys. */
  childrenOf(streamArn: string, shardId: string): readonly ListedShard[] | undefined
}

/** More shards than streams have at a time; those that are remembered beyond that have ended long ago. */
const maxRemembered = 50_000

/** Nothing is known yet. */
export function createKnownShards(): KnownShards {
  const ranges = new Map<string, HashKeyRange>()
  const children = new Map<string, Map<string, ListedShard>>()
  const nameOf = (streamArn: string, shardId: string): string => `${streamArn}/${shardId}`
  return {
    remember: (streamArn, shards) => {
      if (ranges.size > maxRemembered) {
        ranges.clear()
        children.clear()
      }
      for (const shard of shards) {
        const name = nameOf(streamArn, shard.shardId)
        if (ranges.has(name)) continue
        ranges.set(name, shard.hashRange)
        for (const parent of shard.parents) {
          const parentName = nameOf(streamArn, parent)
          const known = children.get(parentName) ?? new Map<string, ListedShard>()
          children.set(parentName, known.set(shard.shardId, shard))
        }
      }
    },
    rangeOf: (streamArn, shardId) => ranges.get(nameOf(streamArn, shardId)),
    childrenOf: (streamArn, shardId) => {
      const name = nameOf(streamArn, shardId)
      const range = ranges.get(name)
      const known = [...(children.get(name)?.values() ?? [])]
      return range !== undefined && isCovered(range, known) ? known : undefined
    },
  }
}

/** True if the shards together have every key of the range. They do not overlap. */
function isCovered({ from, to }: HashKeyRange, shards: readonly ListedShard[]): boolean {
  let keys = 0n
  for (const { hashRange } of shards) {
    const first = hashRange.from > from ? hashRange.from : from
    const last = hashRange.to < to ? hashRange.to : to
    if (last >= first) keys += last - first + 1n
  }
  return keys === to - from + 1n
}
