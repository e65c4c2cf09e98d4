import { beforeEach, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { askKinesis, demandKinesis, iteratorOf, textsOf } from '../servers/kinesis-simulator/ask-kinesis.ts'
import { createKinesisService } from '../servers/kinesis-simulator/kinesis-service.ts'
import type { ServedKinesis } from '../servers/kinesis-simulator/kinesis-service.ts'
import type { SimulatedKinesisStream } from '../servers/kinesis-simulator/kinesis-stream.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'

const hourMs = 3_600_000
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
const startingAt = (start: Readonly<Record<string, unknown>>, shardId = first): readonly string[] =>
  textsOf(read(iteratorOf(service, 's', shardId, start)))

describe('reading', () => {
  it('begins where it is told', () => {
    const places = ['a', 'b', 'c', 'd'].map((text) => {
      clock.advance(10_000)
      return put(text)
    })
    const [, b, c] = places.map(({ sequenceNumber }) => sequenceNumber)
    expect(startingAt(oldest)).toEqual(['a', 'b', 'c', 'd'])
    expect(startingAt({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: b })).toEqual(['b', 'c', 'd'])
    expect(startingAt({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: c })).toEqual(['d'])
    expect(startingAt({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: clock.now() / 1000 - 10 })).toEqual(['c', 'd'])
    clock.advance(1_000)
    const latest = iteratorOf(service, 's', first, { ShardIteratorType: 'LATEST' })
    put('e')
    expect(textsOf(read(latest))).toEqual(['e'])
    const asks = (start: object): unknown => ask('GetShardIterator', { StreamName: 's', ShardId: first, ...start })
    expect(asks({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: clock.now() / 1000 + 1 })).toBe(
      'InvalidArgumentException',
    )
    expect(asks({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' })).toBe('InvalidArgumentException')
    expect(asks({ ShardIteratorType: 'AT_TIMESTAMP' })).toBe('InvalidArgumentException')
    expect(asks({ ShardIteratorType: 'ANY' })).toBe('ValidationException')
  })

  it('takes no number that another shard has given, unless it is to', () => {
    put('a')
    const { startingSequenceNumber: number } = stream.split(first)[0]
    const position = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: number }
    expect(ask('GetShardIterator', { StreamName: 's', ShardId: first, ...position })).toBe('InvalidArgumentException')
    service.settings.foreignNumber = 'accepted'
    expect(startingAt(position)).toEqual([])
  })

  it('goes page by page, by records and by bytes, and says how far it is behind', () => {
    for (const text of ['a', 'b', 'c']) {
      put(text.repeat(10))
      clock.advance(1_000)
    }
    service.settings.pageBytes = 25
    const page = read(iteratorOf(service, 's', first, oldest))
    expect(textsOf(page)).toEqual(['a'.repeat(10), 'b'.repeat(10)])
    expect(page['MillisBehindLatest']).toBe(1_000)
    const next = read(page['NextShardIterator'], 1)
    expect(textsOf(next)).toEqual(['c'.repeat(10)])
    expect(next['MillisBehindLatest']).toBe(0)
    expect(textsOf(read(next['NextShardIterator']))).toEqual([])
  })

  it('shows empty pages in front of records, which say that there are some', () => {
    put('a')
    clock.advance(500)
    stream.shard(first).emptyPages = 2
    const pages = [read(iteratorOf(service, 's', first, oldest))]
    for (let i = 0; i < 2; i++) pages.push(read(pages.at(-1)?.['NextShardIterator']))
    expect(pages.map((page) => [textsOf(page), page['MillisBehindLatest']])).toEqual([
      [[], 500],
      [[], 500],
      [['a'], 0],
    ])
  })

  it('ends beside the last records or behind them', () => {
    put('a')
    stream.split(first)
    expect(read(iteratorOf(service, 's', first, oldest))['NextShardIterator']).toBeUndefined()
    service.settings.nullIterator = 'after-empty-page'
    const page = read(iteratorOf(service, 's', first, oldest))
    expect(page['ChildShards']).toBeUndefined()
    const end = read(page['NextShardIterator'])
    expect([textsOf(end), end['NextShardIterator']]).toEqual([[], undefined])
    service.settings.namesChildren = false
    expect(read(page['NextShardIterator'])['ChildShards']).toBeUndefined()
  })

  it('is throttled at five calls a second, and for five seconds after ten megabytes', () => {
    const iterator = iteratorOf(service, 's', first, oldest)
    for (let i = 0; i < 5; i++) read(iterator)
    expect(ask('GetRecords', { ShardIterator: iterator })).toBe('ProvisionedThroughputExceededException')
    clock.advance(1_000)
    for (let i = 0; i < 11; i++) put('x'.repeat(1_000_000))
    read(iterator)
    clock.advance(4_000)
    expect(ask('GetRecords', { ShardIterator: iterator })).toBe('ProvisionedThroughputExceededException')
    clock.advance(3_500)
    read(iterator)
  })

  it('is over with an iterator after five minutes, or when it is said', () => {
    const iterator = iteratorOf(service, 's', first, oldest)
    clock.advance(5 * 60_000)
    read(iterator)
    clock.advance(1)
    expect(ask('GetRecords', { ShardIterator: iterator })).toBe('ExpiredIteratorException')
    const fresh = iteratorOf(service, 's', first, oldest)
    service.expireIterators()
    expect(ask('GetRecords', { ShardIterator: fresh })).toBe('ExpiredIteratorException')
    expect(ask('GetRecords', { ShardIterator: 'nonsense' })).toBe('InvalidArgumentException')
  })
})

describe('trimming', () => {
  it('passes over what is gone without a word', () => {
    const { sequenceNumber } = put('a')
    clock.advance(hourMs)
    put('b')
    clock.advance(hourMs)
    put('c')
    const position = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: sequenceNumber }
    expect(startingAt(position)).toEqual(['b', 'c'])
    clock.advance(22.5 * hourMs)
    expect(startingAt(position)).toEqual(['b', 'c'])
    const iterator = iteratorOf(service, 's', first, position)
    clock.advance(hourMs - 60_000)
    const again = iteratorOf(service, 's', first, position)
    clock.advance(60_001)
    expect(textsOf(read(again))).toEqual(['c'])
    expect(ask('GetRecords', { ShardIterator: iterator })).toBe('ExpiredIteratorException')
    expect(startingAt(position)).toEqual(['c'])
  })

  it('follows a retention that is lowered at once, and closed shards go with their records', () => {
    expect(ask('IncreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours: 72 })).toEqual({})
    put('a')
    const [left] = stream.split(first)
    clock.advance(48 * hourMs)
    put('b', 'a')
    expect(startingAt(oldest)).toEqual(['a'])
    expect(ask('DecreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours: 23 })).toBe(
      'InvalidArgumentException',
    )
    expect(ask('DecreaseStreamRetentionPeriod', { StreamName: 's', RetentionPeriodHours: 24 })).toEqual({})
    expect(ask('GetShardIterator', { StreamName: 's', ShardId: first, ...oldest })).toBe('ResourceNotFoundException')
    const { Shards: shards } = demandKinesis(service, 'ListShards', { StreamName: 's' })
    expect(shards).toMatchObject([{ ShardId: left.shardId, ParentShardId: first }, { ParentShardId: first }])
    expect(startingAt(oldest, left.shardId)).toEqual(['b'])
  })
})

describe('faults', () => {
  it('repeat, exchange and replace what is answered', () => {
    for (const text of ['a', 'b', 'c']) put(text)
    const page = read(iteratorOf(service, 's', first, oldest), 2)
    const next = { ShardIterator: page['NextShardIterator'] }
    const faulty = (kind: 'repeated-records' | 'swapped-records' | 'empty-object'): Readonly<Record<string, unknown>> =>
      demandKinesis(service, 'GetRecords', next, { kind })
    expect(textsOf(faulty('repeated-records'))).toEqual(['a', 'b', 'c'])
    put('d')
    expect(textsOf(faulty('swapped-records'))).toEqual(['d', 'c'])
    expect(faulty('empty-object')).toEqual({})
  })
})
