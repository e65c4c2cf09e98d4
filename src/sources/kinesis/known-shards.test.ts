import { describe, expect, it } from 'vitest'
import { createKnownShards } from './known-shards.ts'
import type { ListedShard } from './listed-shard.ts'

const shard = (shardId: string, parents: readonly string[], from: bigint, to: bigint): ListedShard => ({
  shardId,
  parents,
  startingSequenceNumber: undefined,
  endingSequenceNumber: undefined,
  hashRange: { from, to },
})

const namesOf = (shards: readonly ListedShard[] | undefined): readonly string[] | undefined =>
  shards?.map(({ shardId }) => shardId)

describe('what listings have shown', () => {
  it('tells the children of a shard once they take over all of its keys', () => {
    const known = createKnownShards()
    known.remember('s', [shard('a', [], 0n, 9n), shard('b', ['a'], 0n, 4n)])
    expect(known.childrenOf('s', 'a')).toBeUndefined()
    known.remember('s', [shard('c', ['a'], 5n, 9n)])
    expect(namesOf(known.childrenOf('s', 'a'))).toEqual(['b', 'c'])
    known.remember('s', [shard('d', ['b', 'c'], 0n, 9n)])
    expect(namesOf(known.childrenOf('s', 'b'))).toEqual(['d'])
    expect(namesOf(known.childrenOf('s', 'c'))).toEqual(['d'])
    expect(known.childrenOf('s', 'd')).toBeUndefined()
    expect(known.rangeOf('s', 'c')).toEqual({ from: 5n, to: 9n })
  })

  it('is told of each stream by itself', () => {
    const known = createKnownShards()
    known.remember('s', [shard('a', [], 0n, 9n), shard('b', ['a'], 0n, 9n)])
    expect(known.rangeOf('t', 'a')).toBeUndefined()
    expect(known.childrenOf('t', 'a')).toBeUndefined()
  })
})
