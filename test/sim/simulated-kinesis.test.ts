import { beforeEach, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { compareSequenceNumbers } from '../../src/change/sequence-number.ts'
import { askKinesis, demandKinesis, iteratorOf } from '../servers/kinesis-simulator/ask-kinesis.ts'
import { hashKeyOf, lastHashKey } from '../servers/kinesis-simulator/hash-keys.ts'
import { kinesisSequenceNumber, originOf } from '../servers/kinesis-simulator/kinesis-numbers.ts'
import { createKinesisService } from '../servers/kinesis-simulator/kinesis-service.ts'
import type { ServedKinesis } from '../servers/kinesis-simulator/kinesis-service.ts'
import type { SimulatedKinesisStream } from '../servers/kinesis-simulator/kinesis-stream.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'

const first = 'shardId-000000000000'
const oldest = { ShardIteratorType: 'TRIM_HORIZON' }

let clock: ManualClock
let service: ServedKinesis
let stream: SimulatedKinesisStream

beforeEach(() => {
  clock = createManualClock()
  service = createKinesisService({ clock, rng: seededRng(3) })
  stream = service.createStream({ name: 's', shards: 1 })
})

const ask = (action: string, body: Readonly<Record<string, unknown>>): unknown => askKinesis(service, action, body)
const put = (text: string, partitionKey = text): { readonly shardId: string; readonly sequenceNumber: string } =>
  stream.put({ partitionKey, data: Buffer.from(text) })
/** Reads the page behind an iterator. */
const read = (iterator: unknown, limit = 10_000): Readonly<Record<string, unknown>> =>
  demandKinesis(service, 'GetRecords', { ShardIterator: iterator, Limit: limit })

describe('sequence numbers', () => {
  it('have 56 digits, rise within a shard, and those of children are greater', () => {
    const numbers = [stream.shard(first).startingSequenceNumber, put('a').sequenceNumber, put('b').sequenceNumber]
    const [left] = stream.split(first)
    numbers.push(stream.shard(first).endingSequenceNumber ?? '', left.startingSequenceNumber)
    expect(numbers.map((number) => number.length)).toEqual([56, 56, 56, 56, 56])
    expect(new Set(numbers).size).toBe(5)
    expect(numbers.toSorted(compareSequenceNumbers)).toEqual(numbers)
  })

  it('say which shard gave them', () => {
    const origin = { createdAtSeconds: 1_795_690_517, index: 1_234 }
    expect(originOf(kinesisSequenceNumber(origin, 77n, 1_795_690_600))).toEqual(origin)
    for (const other of ['', 'x', '0', '9223372036854775807', '1'.repeat(56)]) expect(originOf(other)).toBeUndefined()
  })
})

describe('shards', () => {
  it('get records by the MD5 of the partition key, or by the hash key that is said', () => {
    expect(hashKeyOf('a')).toBe(0x0cc175b9c0f1b6a831c399e269772661n)
    const [left, right] = stream.split(first)
    expect(put('x', 'a').shardId).toBe(left.shardId)
    const explicit = { partitionKey: 'a', data: Buffer.alloc(0), explicitHashKey: lastHashKey.toString() }
    expect(stream.put(explicit).shardId).toBe(right.shardId)
    for (let i = 0; i < 100; i++)
      expect(put(`key-${i}`).shardId).toBe(hashKeyOf(`key-${i}`) <= left.to ? left.shardId : right.shardId)
  })

  it('get records by chance where the service distributes them', () => {
    const spread = service.createStream({ name: 'auto', mode: 'ON_DEMAND', distribution: 'AUTO' })
    const places = Array.from({ length: 50 }, () => spread.put({ partitionKey: 'one', data: Buffer.alloc(1) }).shardId)
    expect(new Set(places).size).toBe(4)
    const { StreamDescriptionSummary: summary } = demandKinesis(service, 'DescribeStreamSummary', {
      StreamName: 'auto',
    })
    expect(summary).toMatchObject({
      RecordDistributionStrategy: 'AUTO',
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    })
    ask('UpdateStreamRecordDistributionStrategy', {
      StreamARN: spread.arn,
      RecordDistributionStrategy: 'USER_PARTITION_KEY',
    })
    const later = Array.from({ length: 50 }, () => spread.put({ partitionKey: 'one', data: Buffer.alloc(1) }).shardId)
    expect(new Set(later).size).toBe(1)
  })

  it('end with their children, of which one that was merged has two parents', () => {
    put('a')
    const iterator = iteratorOf(service, 's', first, { ShardIteratorType: 'LATEST' })
    const [left, right] = stream.split(first)
    const range = ({ from, to }: { readonly from: bigint; readonly to: bigint }): object => ({
      StartingHashKey: from.toString(),
      EndingHashKey: to.toString(),
    })
    expect(read(iterator)).toEqual({
      Records: [],
      MillisBehindLatest: 0,
      ChildShards: [
        { ShardId: left.shardId, ParentShards: [first], HashKeyRange: range(left) },
        { ShardId: right.shardId, ParentShards: [first], HashKeyRange: range(right) },
      ],
    })
    const merged = stream.merge(right.shardId, left.shardId)
    expect([merged.from, merged.to]).toEqual([0n, lastHashKey])
    expect(read(iteratorOf(service, 's', left.shardId, oldest))).toMatchObject({
      ChildShards: [{ ShardId: merged.shardId, ParentShards: [right.shardId, left.shardId] }],
    })
    const { Shards: shards } = demandKinesis(service, 'ListShards', { StreamName: 's' })
    expect(shards).toMatchObject([
      { ShardId: first },
      { ShardId: left.shardId, ParentShardId: first },
      { ShardId: right.shardId, ParentShardId: first },
      { ShardId: merged.shardId, ParentShardId: right.shardId, AdjacentParentShardId: left.shardId },
    ])
  })

  it('are scaled to any count through shards that live shortly, and own each hash key once at any time', () => {
    const large = service.createStream({ name: 'large', shards: 100 })
    const sizes: number[] = []
    const check = (): void => {
      const open = large.openShards().toSorted((a, b) => (a.from < b.from ? -1 : 1))
      let next = 0n
      for (const shard of open) {
        expect(shard.from).toBe(next)
        next = shard.to + 1n
      }
      expect(next).toBe(lastHashKey + 1n)
      sizes.push(open.length)
    }
    for (const target of [1_000, 100]) {
      clock.advance(1_000)
      while (large.stepToShardCount(target)) check()
      expect(large.openShards()).toHaveLength(target)
      const widths = large.openShards().map(({ from, to }) => to - from)
      expect(widths.every((width) => width - (widths[0] ?? 0n) <= 1n && (widths[0] ?? 0n) - width <= 1n)).toBe(true)
    }
    expect(sizes).toEqual([200, 400, 800, 1_000, 500, 300, 200, 100])
    for (const shard of large.shards.slice(100)) {
      const parents = shard.parents.map((parent) => large.shard(parent))
      expect(parents.some(({ from, to }) => from <= shard.from && to >= shard.from)).toBe(true)
      for (const parent of parents)
        expect(compareSequenceNumbers(parent.startingSequenceNumber, shard.startingSequenceNumber)).toBeLessThan(0)
    }
  })
})

describe('listing', () => {
  it('goes by pages, whose token lives for five minutes and stands alone', () => {
    stream.updateShardCount(4)
    const page = demandKinesis(service, 'ListShards', { StreamName: 's', MaxResults: 3 })
    const token = page['NextToken']
    expect(page['Shards']).toHaveLength(3)
    expect(ask('ListShards', { NextToken: token, StreamName: 's' })).toBe('InvalidArgumentException')
    expect(ask('ListShards', { NextToken: 'nonsense' })).toBe('InvalidArgumentException')
    const rest = demandKinesis(service, 'ListShards', { NextToken: token })
    expect(rest['Shards']).toHaveLength(stream.shards.length - 3)
    expect(rest['NextToken']).toBeUndefined()
    clock.advance(5 * 60_000 + 1)
    expect(ask('ListShards', { NextToken: token })).toBe('ExpiredNextTokenException')
  })

  it('shows what a filter asks for', () => {
    clock.advance(60_000)
    const [left] = stream.split(first)
    clock.advance(60_000)
    const [innermost] = stream.split(left.shardId)
    const shown = (filter: object): readonly unknown[] => {
      const { Shards: shards } = demandKinesis(service, 'ListShards', { StreamName: 's', ShardFilter: filter })
      return Array.isArray(shards)
        ? shards.map((shard: { readonly ShardId: string }) => Number(shard.ShardId.slice(-2)))
        : []
    }
    expect(shown({ Type: 'AFTER_SHARD_ID', ShardId: left.shardId })).toEqual([2, 3, 4])
    expect(shown({ Type: 'AT_LATEST' })).toEqual([2, 3, 4])
    expect(shown({ Type: 'AT_TRIM_HORIZON' })).toEqual([0])
    expect(shown({ Type: 'FROM_TRIM_HORIZON' })).toEqual([0, 1, 2, 3, 4])
    expect(shown({ Type: 'AT_TIMESTAMP', Timestamp: innermost.createdAtMs / 1000 - 1 })).toEqual([1, 2])
    expect(shown({ Type: 'FROM_TIMESTAMP', Timestamp: innermost.createdAtMs / 1000 - 1 })).toEqual([1, 2, 3, 4])
  })

  it('lies when it is to: late, open though closed, and pages that are lost', () => {
    const [left, right] = stream.split(first)
    stream.listLate(right.shardId, { calls: 1 })
    stream.listLate(left.shardId, { ms: 1_000 })
    stream.listAsOpen(first, 1)
    const list = (): unknown => demandKinesis(service, 'ListShards', { StreamName: 's' })['Shards']
    expect(list()).toEqual([
      expect.objectContaining({
        ShardId: first,
        SequenceNumberRange: expect.not.objectContaining({ EndingSequenceNumber: expect.anything() }),
      }),
    ])
    expect(list()).toMatchObject([
      { ShardId: first, SequenceNumberRange: { EndingSequenceNumber: expect.any(String) } },
      { ShardId: right.shardId },
    ])
    clock.advance(1_000)
    expect(list()).toHaveLength(3)
    const lost = demandKinesis(service, 'ListShards', { StreamName: 's', MaxResults: 2 }, { kind: 'dropped-page' })
    expect(lost['Shards']).toEqual([])
    expect(demandKinesis(service, 'ListShards', { NextToken: lost['NextToken'] })['Shards']).toHaveLength(1)
  })
})

describe('streams', () => {
  it('take their time where it is set', () => {
    service.settings.changeMs = 1_000
    ask('CreateStream', { StreamName: 'slow', ShardCount: 2 })
    const status = (): unknown => {
      const answer = ask('DescribeStreamSummary', { StreamName: 'slow' })
      return typeof answer === 'string' ? answer : Object(Object(answer)['StreamDescriptionSummary'])['StreamStatus']
    }
    expect(status()).toBe('CREATING')
    expect(ask('ListShards', { StreamName: 'slow' })).toBe('ResourceInUseException')
    clock.advance(1_000)
    expect(status()).toBe('ACTIVE')
    expect(ask('UpdateShardCount', { StreamName: 'slow', TargetShardCount: 5 })).toBe('InvalidArgumentException')
    ask('UpdateShardCount', { StreamName: 'slow', TargetShardCount: 3 })
    const open = (): number => service.stream('slow').openShards().length
    expect([status(), open()]).toEqual(['UPDATING', 2])
    expect(ask('SplitShard', { StreamName: 'slow', ShardToSplit: first, NewStartingHashKey: '5' })).toBe(
      'ResourceInUseException',
    )
    // A third of the range begins in the first half, another one in the second: both are split, and the inner parts merged.
    const counts = [1, 2, 3].map(() => {
      clock.advance(1_000)
      return [status(), open()]
    })
    expect(counts).toEqual([
      ['UPDATING', 4],
      ['UPDATING', 3],
      ['ACTIVE', 3],
    ])
    ask('DeleteStream', { StreamName: 'slow' })
    expect(status()).toBe('DELETING')
    clock.advance(1_000)
    expect(status()).toBe('ResourceNotFoundException')
  })

  it('that are made anew under a name know nothing of the one before', () => {
    const { sequenceNumber } = put('a')
    const iterator = iteratorOf(service, 's', first, oldest)
    clock.advance(1_000)
    service.deleteStream('s')
    expect(ask('GetRecords', { ShardIterator: iterator })).toBe('ResourceNotFoundException')
    const other = service.createStream({ name: 's', shards: 1 })
    expect([other.arn, other.shards[0]?.shardId]).toEqual([stream.arn, first])
    expect(other.createdAtMs).not.toBe(stream.createdAtMs)
    expect(ask('GetRecords', { ShardIterator: iterator })).toBe('ResourceNotFoundException')
    const position = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: sequenceNumber }
    expect(ask('GetShardIterator', { StreamName: 's', ShardId: first, ...position })).toBe('InvalidArgumentException')
  })
})
