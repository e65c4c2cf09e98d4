import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { SourceEvent } from '../source-event.ts'
import { createKinesisContext } from './kinesis-context.ts'
import { createShardLister } from './shard-lister.ts'
import { labelStream } from './stream-label.ts'

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/s'
const label = labelStream(arn, 1_000)
const never = new AbortController().signal

const shard = (id: string, { parents = [], ending }: { parents?: readonly string[]; ending?: string } = {}) => ({
  ShardId: id,
  ...(parents[0] === undefined ? {} : { ParentShardId: parents[0] }),
  ...(parents[1] === undefined ? {} : { AdjacentParentShardId: parents[1] }),
  HashKeyRange: { StartingHashKey: '0', EndingHashKey: '340282366920938463463374607431768211455' },
  SequenceNumberRange: {
    StartingSequenceNumber: '1',
    ...(ending === undefined ? {} : { EndingSequenceNumber: ending }),
  },
})

interface Service {
  /** Answers of ListShards in turn, the last one for ever. */
  readonly pages: readonly (object | Error)[]
  readonly status?: string
  readonly createdAt?: number
  readonly shardIds?: RegExp
}

function setUp({ pages, status = 'ACTIVE', createdAt = 1, shardIds }: Service) {
  const clock = createManualClock()
  const listings: unknown[] = []
  const events: SourceEvent[] = []
  const exchange: AwsApi['exchange'] = async ({ action, body }) => {
    if (action === 'DescribeStreamSummary') {
      const summary = { StreamARN: arn, StreamStatus: status, RetentionPeriodHours: 24 }
      return { body: { StreamDescriptionSummary: { ...summary, StreamCreationTimestamp: createdAt } }, bytes: 1 }
    }
    const page = pages[Math.min(listings.length, pages.length - 1)]
    listings.push(body)
    if (page instanceof Error) throw page
    return { body: page, bytes: 1 }
  }
  const api: AwsApi = { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
  const context = createKinesisContext({ api, clock, rng: seededRng(1), onEvent: (event) => events.push(event) })
  return { clock, listings, events, lister: createShardLister(context, shardIds) }
}
const idsOf = (listing: { readonly shards: readonly { readonly shardId: string }[] }): string[] =>
  listing.shards.map(({ shardId }) => shardId)
const inUse = new AwsServiceError('ResourceInUseException', 'busy', 400)
const missing = new AwsServiceError('ResourceNotFoundException', 'no', 400)
const expired = new AwsServiceError('ExpiredNextTokenException', 'old', 400)

describe('listing the shards of a stream', () => {
  it('goes on to the last page, and knows both parents of a merged shard', async () => {
    const { lister, listings } = setUp({
      pages: [
        { Shards: [shard('a', { ending: '9' }), shard('b', { ending: '9' })], NextToken: 'more' },
        { Shards: [shard('c', { parents: ['a', 'b'] })] },
      ],
    })
    const listing = await lister.list(label, never)
    expect(listing.status).toBe('ENABLED')
    expect(listing.shards.map(({ shardId, parents }) => [shardId, parents])).toEqual([
      ['a', []],
      ['b', []],
      ['c', ['a', 'b']],
    ])
    expect(listing.shards[0]?.endingSequenceNumber).toBe('9')
    expect(listings).toEqual([
      { StreamARN: arn, MaxResults: 1_000 },
      { NextToken: 'more', MaxResults: 1_000 },
    ])
  })

  it('begins anew when its token has expired: what it had by then counts no more', async () => {
    const { lister, events } = setUp({
      pages: [{ Shards: [shard('gone')], NextToken: 'more' }, expired, { Shards: [shard('b')] }],
    })
    expect(idsOf(await lister.list(label, never))).toEqual(['b'])
    expect(events).toEqual([{ kind: 'listing-restarted', streamArn: label }])
  })

  it('gives up, and names no shard, where tokens only lead in circles', async () => {
    const { lister, listings } = setUp({ pages: [{ Shards: [shard('a')], NextToken: 'again' }] })
    await expect(lister.list(label, never)).rejects.toMatchObject({ code: 'AWS_RESPONSE' })
    expect(listings).toHaveLength(20)
  })

  it('is not complete with a page that cannot be read', async () => {
    const { clock, lister } = setUp({ pages: [{ Shards: [{ ShardId: 'a' }] }, { Shards: [shard('b')] }] })
    const listing = lister.list(label, never)
    await clock.advance(10_000)
    expect(idsOf(await listing)).toEqual(['b'])
  })

  it('waits until a stream that is being created can be listed', async () => {
    const { clock, lister, events } = setUp({ pages: [inUse, inUse, { Shards: [shard('a')] }] })
    const listing = lister.list(label, never)
    await clock.advance(10_000)
    expect(idsOf(await listing)).toEqual(['a'])
    expect(events).toMatchObject([{ code: 'STREAM_NOT_ACTIVE' }, { code: 'STREAM_NOT_ACTIVE' }])
  })

  it('is none where the stream is gone, or another one has its name', async () => {
    const gone = setUp({ pages: [missing] })
    await expect(gone.lister.list(label, never)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' })
    const other = setUp({ pages: [{ Shards: [shard('a')] }], createdAt: 2 })
    await expect(other.lister.list(label, never)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' })
  })

  it('leaves out shards whose ids are not wanted', async () => {
    const { lister } = setUp({ pages: [{ Shards: [shard('a1'), shard('b1')] }], shardIds: /^a/ })
    expect(idsOf(await lister.list(label, never))).toEqual(['a1'])
    expect((await lister.find(label, 'b1', never))?.shardId).toBe('b1')
  })
})

describe('the children of a shard', () => {
  const split = {
    Shards: [shard('a', { ending: '9' }), shard('b', { parents: ['a'] }), shard('c', { parents: ['a'] })],
  }

  it('are those that name it as a parent, first or second', async () => {
    const { lister } = setUp({ pages: [{ Shards: [...split.Shards, shard('d', { parents: ['b', 'a'] })] }] })
    const { children, streamStatus } = await lister.childrenOf(label, 'a', never)
    expect(children.map(({ shardId }) => shardId)).toEqual(['b', 'c', 'd'])
    expect(streamStatus).toBe('ENABLED')
  })

  it('will come, in a stream that is not being deleted', async () => {
    const closed = { pages: [{ Shards: [shard('a', { ending: '9' })] }] }
    const active = setUp(closed)
    expect(await active.lister.childrenOf(label, 'a', never)).toEqual({ children: [], streamStatus: 'ENABLED' })
    const deleting = setUp({ ...closed, status: 'DELETING' })
    expect(await deleting.lister.childrenOf(label, 'a', never)).toEqual({ children: [], streamStatus: 'DISABLED' })
  })

  it('are not waited for if all of them are left out', async () => {
    const { lister } = setUp({ pages: [split], shardIds: /^a/ })
    expect(await lister.childrenOf(label, 'a', never)).toEqual({ children: [], streamStatus: 'DISABLED' })
    const half = setUp({ pages: [split], shardIds: /^[ac]/ })
    expect((await half.lister.childrenOf(label, 'a', never)).children.map(({ shardId }) => shardId)).toEqual(['c'])
  })
})

describe('the keys of a shard', () => {
  it('are remembered from any listing, exactly, and asked for otherwise', async () => {
    const { lister, listings } = setUp({ pages: [{ Shards: [shard('a')] }, { Shards: [shard('b')] }] })
    await lister.list(label, never)
    expect(await lister.hashRangeOf(label, 'a', never)).toEqual({ from: 0n, to: 2n ** 128n - 1n })
    expect(listings).toHaveLength(1)
    expect(await lister.hashRangeOf(label, 'b', never)).toBeDefined()
    expect(await lister.hashRangeOf(label, 'nowhere', never)).toBeUndefined()
    expect(listings.every(isJsonObject)).toBe(true)
    expect(listings).toHaveLength(3)
  })
})
