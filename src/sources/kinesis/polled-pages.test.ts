import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../aws/aws.ts'
import { TailraceError } from '../../errors.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { SourceEvent } from '../source-event.ts'
import { createKinesisContext } from './kinesis-context.ts'
import { createPolledPages } from './polled-pages.ts'
import { defaultPolling } from './polling.ts'
import type { PageStart, RecordPage } from './record-pages.ts'
import { labelStream } from './stream-label.ts'

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/s'
const never = new AbortController().signal

const record = (number: string, data = 'x') => ({
  SequenceNumber: number,
  PartitionKey: 'key',
  ApproximateArrivalTimestamp: 1_800_000_000.123,
  Data: Buffer.from(data).toString('base64'),
})
const page = (records: readonly object[], { next = 'next', behind = 0 }: { next?: string; behind?: number } = {}) => ({
  Records: records,
  NextShardIterator: next,
  MillisBehindLatest: behind,
})

interface Call {
  readonly action: string
  readonly body: AwsRequest['body']
  readonly atMs: number
}

/** A service that gives these answers to GetRecords in turn, the last one for ever; errors are thrown. */
function setUp(
  answers: readonly unknown[],
  {
    start = { kind: 'oldest' },
    iterators = [],
    createdAt = () => 1,
  }: {
    readonly start?: PageStart
    /** Answers of GetShardIterator; `first`, `second`, … behind them. */
    readonly iterators?: readonly unknown[]
    readonly createdAt?: () => number
  } = {},
) {
  const clock = createManualClock()
  const calls: Call[] = []
  const events: SourceEvent[] = []
  const count = (action: string): number => calls.filter((call) => call.action === action).length
  const exchange: AwsApi['exchange'] = async ({ action, body }) => {
    calls.push({ action, body, atMs: clock.monotonic() })
    let answer: unknown
    if (action === 'DescribeStreamSummary') {
      const summary = { StreamARN: arn, StreamStatus: 'ACTIVE', RetentionPeriodHours: 24 }
      answer = { StreamDescriptionSummary: { ...summary, StreamCreationTimestamp: createdAt() } }
    } else if (action === 'GetShardIterator') {
      answer = iterators[count(action) - 1] ?? { ShardIterator: `iterator-${count(action)}` }
    } else {
      answer = answers[Math.min(count(action), answers.length) - 1]
    }
    if (answer instanceof Error) throw answer
    return { body: answer, bytes: 100 }
  }
  const api: AwsApi = { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
  const context = createKinesisContext({ api, clock, rng: seededRng(1), onEvent: (event) => events.push(event) })
  const streamArn = labelStream(arn, 1_000)
  const shard = { streamArn, shardId: 'a', start, polling: defaultPolling, recordLimit: 2_000 }
  const pages = createPolledPages(context, shard)
  const next = async (withinMs = 60_000): Promise<RecordPage> => {
    const reading = pages.next(never)
    reading.catch(() => undefined)
    await clock.advance(withinMs)
    return await reading
  }
  const of = (action: string): readonly Call[] => calls.filter((call) => call.action === action)
  return { clock, events, pages, next, of }
}
const numbersOf = (read: RecordPage): string[] => read.records.map(({ sequenceNumber }) => sequenceNumber)

describe('a shard that is polled', () => {
  it.each([
    [{ kind: 'oldest' }, { ShardIteratorType: 'TRIM_HORIZON' }],
    [
      { kind: 'after', sequenceNumber: '5' },
      { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: '5' },
    ],
    [
      { kind: 'at', sequenceNumber: '5' },
      { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: '5' },
    ],
    [
      { kind: 'time', atMs: 1_500_000_000_250 },
      { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: 1_500_000_000.25 },
    ],
    [
      { kind: 'time', atMs: 9_000_000_000_000 },
      { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: 1_800_000_000 },
    ],
  ] as const)('begins at %j', async (start, expected) => {
    const { next, of } = setUp([page([record('7')])], { start })
    await next(0)
    expect(of('GetShardIterator')[0]?.body).toEqual({ StreamARN: arn, ShardId: 'a', ...expected })
    expect(of('GetRecords')[0]?.body).toEqual({ ShardIterator: 'iterator-1', Limit: 2_000, StreamARN: arn })
  })

  it('gives records with their bytes and times, and says how far behind they are', async () => {
    const { clock, next } = setUp([page([record('7', 'seven')], { behind: 2_500 })])
    expect(await next(0)).toEqual({
      records: [
        { sequenceNumber: '7', partitionKey: 'key', arrivedAtMs: 1_800_000_000_123, data: Buffer.from('seven') },
      ],
      bytes: 100,
      isEnd: false,
      children: undefined,
      requestedAtMs: clock.now(),
      receivedAtMs: clock.now(),
      millisBehindLatest: 2_500,
    })
  })

  it('asks less than five times a second, even for more than it can get', async () => {
    const { next, of } = setUp([page([record('7')], { behind: 9_000 }), page([], { behind: 9_000 })])
    for (let read = 0; read < 20; read++) await next(220)
    const times = of('GetRecords').map(({ atMs }) => atMs)
    expect(Math.min(...times.slice(1).map((at, index) => at - (times[index] ?? 0)))).toBeGreaterThanOrEqual(200)
    expect(of('GetRecords')).toHaveLength(20)
  })

  it('asks about once a second when it is idle, and pauses for as long as a large page takes', async () => {
    const large = page([record('7', 'x'.repeat(10 * 1024 * 1024))], { behind: 9_000 })
    const { clock, next, of } = setUp([large, page([])])
    await next(0)
    await next()
    expect((of('GetRecords')[1]?.atMs ?? 0) - (of('GetRecords')[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(5_000)
    for (let read = 0; read < 10; read++) await next(1_000)
    const before = of('GetRecords').length
    const from = clock.monotonic()
    while (clock.monotonic() - from < 60_000) await next(1_000)
    expect(of('GetRecords').length - before).toBeLessThanOrEqual(90)
  })

  it('goes on behind the last record with a new iterator when its own has expired', async () => {
    const gone = new TailraceError('ITERATOR_EXPIRED', 'too old')
    const { next, of, events } = setUp([page([record('7')]), gone, page([record('8')])])
    expect([numbersOf(await next()), numbersOf(await next())]).toEqual([['7'], ['8']])
    expect(of('GetShardIterator')[1]?.body).toMatchObject({
      ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
      StartingSequenceNumber: '7',
    })
    expect(of('GetRecords').map(({ body }) => body['ShardIterator'])).toEqual(['iterator-1', 'next', 'iterator-2'])
    expect(events).toMatchObject([{ kind: 'iterator-expired', shardId: 'a' }])
  })

  it('does not use an iterator that is nearly five minutes old', async () => {
    const { clock, next, of } = setUp([page([record('7')]), page([record('8')]), page([record('9')])])
    await next(0)
    await clock.advance(4 * 60_000)
    await next(1_000)
    expect(of('GetShardIterator')).toHaveLength(1)
    await clock.advance(4.6 * 60_000)
    await next(1_000)
    expect(of('GetShardIterator')[1]?.body).toMatchObject({ StartingSequenceNumber: '8' })
  })

  it('waits throttles, server errors, missing permissions and keys out, and loses nothing by them', async () => {
    const failures = (['AWS_THROTTLED', 'AWS_UNREACHABLE', 'AWS_ACCESS_DENIED', 'AWS_KEY_UNUSABLE'] as const).map(
      (code) => new TailraceError(code, 'wait'),
    )
    const { next, of, events } = setUp([page([record('7')]), ...failures, page([record('8')])])
    expect([numbersOf(await next()), numbersOf(await next())]).toEqual([['7'], ['8']])
    expect(of('GetShardIterator')).toHaveLength(1)
    expect(events.map(({ kind }) => kind)).toEqual(['throttled', 'retried', 'retried', 'retried'])
    const times = of('GetRecords').map(({ atMs }) => atMs)
    expect(Math.min(...times.slice(1).map((at, index) => at - (times[index] ?? 0)))).toBeGreaterThanOrEqual(200)
  })

  it('an answer that is no page is asked for again', async () => {
    const { next } = setUp([{ Records: 7 }, { Records: [], NextShardIterator: 8 }, page([record('7')])])
    expect(numbersOf(await next())).toEqual(['7'])
  })

  it('an aborted read loses nothing', async () => {
    const { clock, pages, next } = setUp([page([record('7')]), page([record('8')])])
    await next(0)
    const stop = new AbortController()
    const aborted = pages.next(stop.signal).catch((error: unknown) => error)
    await clock.advance(10)
    stop.abort(new Error('enough'))
    expect(await aborted).toEqual(new Error('enough'))
    expect(numbersOf(await next())).toEqual(['8'])
  })

  it('ends with the last records and the children, and stays at its end', async () => {
    const child = (id: string, [from, to]: readonly [string, string]) => ({
      ShardId: id,
      ParentShards: ['a'],
      HashKeyRange: { StartingHashKey: from, EndingHashKey: to },
    })
    const last = {
      Records: [record('7')],
      MillisBehindLatest: 0,
      ChildShards: [child('b', ['0', '9']), child('c', ['10', '19'])],
    }
    const { next, of } = setUp([last])
    const end = await next()
    expect(end).toMatchObject({
      isEnd: true,
      children: [
        { shardId: 'b', parents: ['a'], hashRange: { from: 0n, to: 9n } },
        { shardId: 'c', parents: ['a'], hashRange: { from: 10n, to: 19n } },
      ],
    })
    expect(numbersOf(end)).toEqual(['7'])
    expect(await next()).toMatchObject({ isEnd: true, records: [], children: end.children })
    expect(of('GetRecords')).toHaveLength(1)
  })

  it('an end without children is an end, too', async () => {
    const { next } = setUp([{ Records: [], MillisBehindLatest: 0, NextShardIterator: null, ChildShards: [] }])
    expect(await next()).toMatchObject({ isEnd: true, children: undefined })
  })
})

describe('what must not be', () => {
  it.each([
    [{ kind: 'oldest' }, ['8', '7']],
    [{ kind: 'oldest' }, ['7', '7']],
    [{ kind: 'after', sequenceNumber: '7' }, ['7']],
    [{ kind: 'after', sequenceNumber: '10' }, ['9']],
    [{ kind: 'at', sequenceNumber: '10' }, ['9']],
  ] as const)('from %j, records %j', async (start, numbers) => {
    const { next } = setUp([page(numbers.map((number) => record(number)))], { start })
    await expect(next()).rejects.toMatchObject({ code: 'SEQUENCE_ORDER' })
  })

  it('the record at a position, and numbers of other lengths, are in order', async () => {
    const { next } = setUp([page([record('9'), record('10')])], { start: { kind: 'at', sequenceNumber: '9' } })
    expect(numbersOf(await next())).toEqual(['9', '10'])
  })

  it.each([
    ['SequenceNumber', 'x'],
    ['PartitionKey', undefined],
    ['ApproximateArrivalTimestamp', '1'],
    ['Data', 7],
  ])('a record without a readable %s', async (member, value) => {
    const { next } = setUp([page([{ ...record('7'), [member]: value }])])
    await expect(next()).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
  })
})

describe('a shard that cannot be read', () => {
  const missing = new AwsServiceError('ResourceNotFoundException', 'no shard', 400)
  const refused = new AwsServiceError('InvalidArgumentException', 'did not come from this stream', 400)

  it('is looked for some more before it counts as gone', async () => {
    const found = setUp([page([record('7')]), missing, missing, page([record('8')])])
    expect([numbersOf(await found.next()), numbersOf(await found.next())]).toEqual([['7'], ['8']])
    const gone = setUp([missing])
    await expect(gone.next(600_000)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND', details: { shardId: 'a' } })
    expect(gone.of('GetRecords').length).toBe(8)
  })

  it('is lost with its stream, also if another stream has the name by now', async () => {
    const replaced = setUp([page([record('7')]), refused], { createdAt: () => 2 })
    await replaced.next(0)
    await expect(replaced.next()).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND', details: { after: '7' } })
    expect(replaced.of('GetRecords')).toHaveLength(2)
  })

  it('is not read from a stream that took its place while it stood still', async () => {
    let createdAt = 1
    const { clock, next } = setUp([page([])], { createdAt: () => createdAt })
    await next(0)
    createdAt = 2
    await clock.advance(10 * 60_000)
    await expect(next()).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
  })

  it('a position that is of no record of the shard is told as such', async () => {
    const { next } = setUp([page([])], {
      start: { kind: 'at', sequenceNumber: '5' },
      iterators: Array.from({ length: 20 }, () => refused),
    })
    await expect(next(600_000)).rejects.toMatchObject({ code: 'POSITION_REFUSED', details: { after: '5' } })
  })

  it('a moment that the service takes for the future is waited for', async () => {
    const start = { kind: 'time', atMs: 1_800_000_000_000 } as const
    const { next } = setUp([page([record('7')])], { start, iterators: Array.from({ length: 20 }, () => refused) })
    expect(numbersOf(await next(600_000))).toEqual(['7'])
  })
})
