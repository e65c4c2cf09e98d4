import { describe, expect, it } from 'vitest'
import type { Shard } from '../../change/shard.ts'
import { mergeShards } from './shard-lister.ts'
import { readStreamDescription, readStreamViewType } from './stream-description.ts'

const page = (changes: object): unknown => ({ StreamDescription: { StreamStatus: 'ENABLED', Shards: [], ...changes } })

describe('readStreamDescription', () => {
  it('reads shards, open and closed, with and without a parent', () => {
    const shards = [
      { ShardId: 'a', SequenceNumberRange: { StartingSequenceNumber: '1', EndingSequenceNumber: '9' } },
      { ShardId: 'b', SequenceNumberRange: { StartingSequenceNumber: '10' }, ParentShardId: 'a' },
    ]
    expect(readStreamDescription(page({ Shards: shards, LastEvaluatedShardId: 'b' }))).toEqual({
      status: 'ENABLED',
      nextShardId: 'b',
      shards: [
        { shardId: 'a', parents: [], startingSequenceNumber: '1', endingSequenceNumber: '9' },
        { shardId: 'b', parents: ['a'], startingSequenceNumber: '10', endingSequenceNumber: undefined },
      ],
    })
  })

  it('an empty cursor is the end, as an absent one is', () => {
    for (const cursor of [undefined, null, '']) {
      expect(readStreamDescription(page({ LastEvaluatedShardId: cursor })).nextShardId).toBeUndefined()
    }
  })

  it.each([
    {},
    { StreamDescription: {} },
    page({ Shards: {} }),
    page({ Shards: [{}] }),
    page({ LastEvaluatedShardId: 7 }),
    page({ StreamStatus: 'NEW' }),
  ])('does not take %j for a page', (body) => {
    expect(() => readStreamDescription(body)).toThrow(expect.objectContaining({ code: 'AWS_RESPONSE' }))
  })
})

describe('readStreamViewType', () => {
  it('says it of a stream that was turned off, too', () => {
    expect(readStreamViewType(page({ StreamStatus: 'DISABLED', StreamViewType: 'OLD_IMAGE' }))).toBe('OLD_IMAGE')
  })

  it.each([{}, page({}), page({ StreamViewType: 'ALL' })])('does not guess it from %j', (body) => {
    expect(() => readStreamViewType(body)).toThrow(expect.objectContaining({ code: 'AWS_RESPONSE' }))
  })
})

describe('mergeShards', () => {
  const shard = (changes: Partial<Shard>): Shard => ({
    shardId: 'a',
    parents: [],
    startingSequenceNumber: '1',
    endingSequenceNumber: undefined,
    ...changes,
  })

  it('a shard that was seen closed stays closed, whichever sight came first', () => {
    const closed = shard({ endingSequenceNumber: '9' })
    expect(mergeShards(shard({}), closed).endingSequenceNumber).toBe('9')
    expect(mergeShards(closed, shard({})).endingSequenceNumber).toBe('9')
  })

  it('a parent that was seen once is kept', () => {
    expect(mergeShards(shard({ parents: ['p'] }), shard({})).parents).toEqual(['p'])
  })
})
