import { describe, expect, it } from 'vitest'
import { readSubscriptionEvent } from './subscription-event.ts'
import type { SubscriptionEvent } from './subscription-event.ts'

const read = (body: unknown): SubscriptionEvent => {
  const payload = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return readSubscriptionEvent({ type: 'SubscribeToShardEvent', payload, bytes: payload.length, quietMs: 0 })
}
const child = {
  ShardId: 'b',
  ParentShards: ['a'],
  HashKeyRange: { StartingHashKey: '0', EndingHashKey: '9' },
}

describe('an event of a subscription', () => {
  it('has records, and tells where the next subscription goes on', () => {
    const body = {
      Records: [
        { SequenceNumber: '7', PartitionKey: 'k', ApproximateArrivalTimestamp: 1_795_690_922.254, Data: 'aGVsbG8=' },
      ],
      ContinuationSequenceNumber: '7',
      MillisBehindLatest: 12,
      ChildShards: null,
    }
    expect(read(body)).toEqual({
      records: [{ sequenceNumber: '7', partitionKey: 'k', arrivedAtMs: 1_795_690_922_254, data: Buffer.from('hello') }],
      continuation: '7',
      millisBehindLatest: 12,
      children: undefined,
    })
    expect(read({ Records: [], ContinuationSequenceNumber: '8' })).toMatchObject({
      records: [],
      continuation: '8',
      millisBehindLatest: Number.POSITIVE_INFINITY,
    })
  })

  it('is the end only with children and without a continuation', () => {
    expect(read({ Records: [], ContinuationSequenceNumber: null, ChildShards: [child] })).toMatchObject({
      continuation: undefined,
      children: [{ shardId: 'b', parents: ['a'] }],
    })
    expect(read({ Records: [], ContinuationSequenceNumber: '9', ChildShards: [child] })).toMatchObject({
      continuation: '9',
      children: undefined,
    })
    for (const children of [undefined, null, []])
      expect(() => read({ Records: [], ChildShards: children })).toThrow('neither continuation nor children')
  })

  it.each([
    ['no JSON', '{"Records":[secret'],
    ['no object', '[]'],
    ['no records', { ContinuationSequenceNumber: '1' }],
    ['an odd continuation', { Records: [], ContinuationSequenceNumber: 1 }],
    ['an empty continuation', { Records: [], ContinuationSequenceNumber: '' }],
  ])('is refused with %s, and nothing of it is told', (_, body) => {
    let error: unknown
    try {
      read(body)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'AWS_RESPONSE', policy: 'retry' })
    expect(String(error)).not.toContain('secret')
  })

  it('is refused with a record that cannot be read', () => {
    expect(() => read({ Records: [{}], ContinuationSequenceNumber: '1' })).toThrow('no sequence number')
  })
})
