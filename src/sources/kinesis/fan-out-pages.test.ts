import { describe, expect, it } from 'vitest'
import { loopbackCertificatePem } from '../../../test/fixtures/loopback-tls.ts'
import { exceptionEvent, jsonEvent } from '../../../test/servers/event-frame.ts'
import { startEventStreamServer } from '../../../test/servers/event-stream-server.ts'
import type { ServerScript } from '../../../test/servers/event-stream-server.ts'
import {
  endBy,
  endEvent,
  recordsEvent,
  restlessShard,
  startingPosition,
  waysToEnd,
  wireRecord,
} from '../../../test/servers/pushed-shard.ts'
import type { Clock } from '../../async/clock.ts'
import { seededRng } from '../../async/rng.ts'
import { systemClock } from '../../async/system-clock.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { createCredentialsCache } from '../../aws/credentials.ts'
import { createAwsStreams } from '../../aws/event-stream-api.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { ManualClock } from '../../testing/manual-clock.ts'
import type { SourceEvent } from '../source-event.ts'
import { createFanOutPages } from './fan-out-pages.ts'
import { createKinesisContext } from './kinesis-context.ts'
import type { PageStart, RecordPage, RecordPages } from './record-pages.ts'
import type { StreamConsumer } from './stream-consumer.ts'
import { labelStream } from './stream-label.ts'

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/s'
const never = new AbortController().signal

/** Waits between attempts pass at once; what lasts longer (silence) passes only with `manual`. */
function hurriedClock(manual: ManualClock): Clock {
  return {
    now: () => manual.now(),
    monotonic: () => manual.monotonic(),
    sleep: (ms, signal) => {
      const sleeping = manual.sleep(ms, signal)
      if (ms < 10_000) void manual.advance(ms)
      return sleeping
    },
  }
}

/** A shard of a service that does what the script says. */
async function setUp(script: ServerScript, { start = { kind: 'oldest' } }: { readonly start?: PageStart } = {}) {
  const manual = createManualClock()
  const clock = hurriedClock(manual)
  const askedAt: number[] = []
  const server = await startEventStreamServer('http2', (answer, request, index) => {
    askedAt.push(manual.monotonic())
    script(answer, request, index)
  })
  const credentials = createCredentialsCache({
    clock,
    load: () => Promise.resolve({ accessKeyId: 'AKIA', secretAccessKey: 'secret' }),
  })
  const service = { exists: true }
  const exchange: AwsApi['exchange'] = async () => {
    if (!service.exists) throw new AwsServiceError('ResourceNotFoundException', 'no', 400)
    const summary = { StreamARN: arn, StreamStatus: 'ACTIVE', RetentionPeriodHours: 24, StreamCreationTimestamp: 1 }
    return { body: { StreamDescriptionSummary: summary }, bytes: 100 }
  }
  const api: AwsApi = { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
  const events: SourceEvent[] = []
  const context = createKinesisContext({ api, clock, rng: seededRng(1), onEvent: (event) => events.push(event) })
  const forgotten: string[] = []
  const consumer: StreamConsumer = {
    arn: () => Promise.resolve(service.exists ? `${arn}/consumer/c:${forgotten.length}` : undefined),
    forget: (consumerArn) => void forgotten.push(consumerArn),
  }
  const streams = createAwsStreams({
    clock,
    region: 'eu-west-1',
    overrides: { kinesis: server.endpoint },
    credentials,
    ca: loopbackCertificatePem,
  })
  const streamArn = labelStream(arn, 1_000)
  const pages = createFanOutPages(context, { streamArn, shardId: 'a', start, consumer, streams })
  const untilLeft = async (): Promise<void> => {
    for (let turn = 0; server.connections > 0; turn++) {
      if (turn > 1_000) throw new Error('a connection is left')
      await systemClock.sleep(2)
    }
  }
  return {
    manual,
    server,
    service,
    events,
    forgotten,
    pages,
    askedAt,
    untilLeft,
    [Symbol.asyncDispose]: async () => {
      await pages.close()
      await untilLeft()
      await server[Symbol.asyncDispose]()
    },
  }
}
const numbersOf = (page: RecordPage): readonly number[] => page.records.map((record) => Number(record.sequenceNumber))
/** Numbers of the records of so many pages, in one. */
async function read(pages: RecordPages, count: number): Promise<readonly number[]> {
  const numbers: number[] = []
  for (let page = 0; page < count; page++) numbers.push(...numbersOf(await pages.next(never)))
  return numbers
}

describe('a shard by enhanced fan-out', () => {
  it.each([
    [{ kind: 'oldest' }, { Type: 'TRIM_HORIZON' }],
    [
      { kind: 'after', sequenceNumber: '5' },
      { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '5' },
    ],
    [
      { kind: 'at', sequenceNumber: '5' },
      { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: '5' },
    ],
    [
      { kind: 'time', atMs: 1_700_000_000_123 },
      { Type: 'AT_TIMESTAMP', Timestamp: 1_700_000_000.123 },
    ],
    [
      { kind: 'time', atMs: 1_900_000_000_000 },
      { Type: 'AT_TIMESTAMP', Timestamp: 1_800_000_000 },
    ],
  ] as const)('begins where it is told: %j', async (start, position) => {
    await using shard = await setUp(
      (answer) => {
        answer.head()
        answer.send(jsonEvent('initial-response', {}))
        answer.send(recordsEvent([6, 9]))
      },
      { start },
    )
    const page = await shard.pages.next(never)
    expect(shard.server.requests[0]).toMatchObject({ action: 'SubscribeToShard', httpVersion: '2.0' })
    expect(shard.server.requests[0]?.body).toEqual({
      ConsumerARN: `${arn}/consumer/c:0`,
      ShardId: 'a',
      StartingPosition: position,
    })
    expect(page).toEqual({
      records: [6, 9].map((n) => ({
        sequenceNumber: String(n),
        partitionKey: wireRecord(n)['PartitionKey'],
        arrivedAtMs: 1_800_000_000_000 + n,
        data: Buffer.from(`record ${n}`),
      })),
      bytes: recordsEvent([6, 9]).length,
      isEnd: false,
      children: undefined,
      requestedAtMs: 1_800_000_000_000,
      receivedAtMs: 1_800_000_000_000,
      millisBehindLatest: 0,
    })
  })

  it.each(waysToEnd)(
    'goes on in a new subscription, no sooner than after five seconds, when one is over (%s)',
    async (way) => {
      await using shard = await setUp((answer, _, index) => {
        answer.head()
        if (index > 0) return void answer.send(recordsEvent([2, 3]))
        answer.send(recordsEvent([1, 2]))
        setTimeout(() => endBy(way, answer), 20)
      })
      expect(await read(shard.pages, 2)).toEqual([1, 2, 3])
      expect(shard.server.requests.map(startingPosition)).toEqual([
        { Type: 'TRIM_HORIZON' },
        { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '2' },
      ])
      const [first = 0, second = 0] = shard.askedAt
      expect(second - first).toBeGreaterThanOrEqual(5_000)
      expect(second - first).toBeLessThan(6_000)
      const codes = shard.events.map((event) => ('code' in event ? event.code : event.kind))
      const expected: Readonly<Partial<Record<typeof way, readonly string[]>>> = {
        ends: [],
        'in use': ['SUBSCRIPTION_IN_USE'],
        failure: ['AWS_UNREACHABLE'],
        key: ['throttled'],
      }
      expect(codes).toEqual(expected[way] ?? ['AWS_RESPONSE'])
    },
  )

  it('goes on behind an event without records, too, and where it began if there was none', async () => {
    await using shard = await setUp(
      (answer, _, index) => {
        answer.head()
        if (index === 1) answer.send(recordsEvent([], '70'))
        if (index < 2) return answer.end()
        answer.send(recordsEvent([71]))
      },
      { start: { kind: 'time', atMs: 5 } },
    )
    expect(await read(shard.pages, 2)).toEqual([71])
    expect(shard.server.requests.map(startingPosition)).toEqual([
      { Type: 'AT_TIMESTAMP', Timestamp: 0.005 },
      { Type: 'AT_TIMESTAMP', Timestamp: 0.005 },
      { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '70' },
    ])
  })

  it('takes a shard over that another reader has, after five seconds', async () => {
    await using shard = await setUp((answer, _, index) => {
      if (index === 0) {
        answer.head(400)
        answer.send('{"__type":"ResourceInUseException","message":"too early"}')
        return answer.end()
      }
      answer.head()
      answer.send(recordsEvent([1]))
    })
    expect(await read(shard.pages, 1)).toEqual([1])
    const [first = 0, second = 0] = shard.askedAt
    expect(second - first).toBeGreaterThanOrEqual(5_000)
    expect(shard.events).toMatchObject([{ kind: 'retried', action: 'SubscribeToShard', code: 'SUBSCRIPTION_IN_USE' }])
  })

  it('leaves a subscription on which nothing comes any more', async () => {
    await using shard = await setUp((answer, _, index) => {
      answer.head()
      answer.send(recordsEvent([index + 1]))
    })
    expect(await read(shard.pages, 1)).toEqual([1])
    const reading = read(shard.pages, 1)
    await systemClock.sleep(20)
    await shard.manual.advance(19_000)
    await systemClock.sleep(20)
    expect(shard.server.requests).toHaveLength(1)
    await shard.manual.advance(1_000)
    expect(await reading).toEqual([2])
  })

  it('ends with the children, and says so again without asking', async () => {
    await using shard = await setUp((answer) => {
      answer.head()
      answer.send(recordsEvent([1]))
      answer.send(jsonEvent('SubscribeToShardEvent', { Records: [wireRecord(2)], ContinuationSequenceNumber: null }))
      answer.send(endEvent('b', 'c'))
    })
    expect(await read(shard.pages, 1)).toEqual([1])
    // The second event was not believed; the new subscription begins with the first one again.
    expect(await read(shard.pages, 1)).toEqual([])
    await shard.pages.close()
    await using closed = await setUp((answer) => {
      answer.head()
      answer.send(endEvent('b', 'c'))
    })
    const end = await closed.pages.next(never)
    expect(end).toMatchObject({
      isEnd: true,
      records: [],
      children: [{ shardId: 'b', parents: ['a'] }, { shardId: 'c' }],
    })
    expect(await closed.pages.next(never)).toEqual({ ...end, bytes: 0 })
    await closed.untilLeft()
    expect(closed.server.requests).toHaveLength(1)
  })

  it('is told to stop while it waits, leaves the connection, and loses nothing', async () => {
    await using shard = await setUp((answer, _, index) => {
      answer.head()
      if (index === 1) answer.send(recordsEvent([7]))
    })
    const stop = new AbortController()
    const reading = shard.pages.next(stop.signal).catch((error: unknown) => error)
    await systemClock.sleep(50)
    const enough = new Error('enough')
    stop.abort(enough)
    expect(await reading).toBe(enough)
    await shard.untilLeft()
    await expect(shard.pages.next(stop.signal)).rejects.toBe(enough)
    expect(await read(shard.pages, 1)).toEqual([7])
    await shard.pages.close()
    await shard.untilLeft()
    await shard.pages.close()
  })

  it.each(['answer', 'event'])(
    'asks for the consumer anew when something is not found (in place of an %s), and gives up with the stream',
    async (place) => {
      await using shard = await setUp((answer, _, index) => {
        const isRefused = index === 0
        answer.head(isRefused && place === 'answer' ? 400 : 200)
        if (!isRefused) answer.send(recordsEvent([1]))
        else if (place === 'event') answer.send(exceptionEvent('ResourceNotFoundException', 'no'))
        else answer.send('{"__type":"ResourceNotFoundException","message":"no"}')
        answer.end()
      })
      expect(await read(shard.pages, 1)).toEqual([1])
      expect(shard.forgotten).toEqual([`${arn}/consumer/c:0`])
      shard.service.exists = false
      await expect(shard.pages.next(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
    },
  )

  it('gives up a shard that stays unknown to subscriptions, and not one that only seems so at times', async () => {
    let isGone = false
    await using shard = await setUp((answer, _, index) => {
      answer.head()
      if (isGone || index % 2 === 0) answer.send(exceptionEvent('ResourceNotFoundException', 'no'))
      else answer.send(recordsEvent([index]))
      answer.end()
    })
    expect(await read(shard.pages, 12)).toHaveLength(12)
    isGone = true
    await expect(shard.pages.next(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
  })

  it('stops at an order that no shard has', async () => {
    await using shard = await setUp((answer) => {
      answer.head()
      answer.send(recordsEvent([1, 4]))
      answer.send(recordsEvent([3]))
    })
    expect(await read(shard.pages, 1)).toEqual([1, 4])
    await expect(shard.pages.next(never)).rejects.toMatchObject({ code: 'SEQUENCE_ORDER' })
  })

  it.each([1, 2, 3])(
    'gives each record once and in order, whatever becomes of its subscriptions (seed %i)',
    async (seed) => {
      const count = 300
      const rng = seededRng(seed)
      await using shard = await setUp(restlessShard(count, () => rng.next()))
      const numbers: number[] = []
      let page: RecordPage | undefined
      while (page?.isEnd !== true) {
        page = await shard.pages.next(never)
        numbers.push(...numbersOf(page))
      }
      expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i + 1))
      expect(shard.server.requests.length).toBeGreaterThan(20)
      const gaps = shard.askedAt.slice(1).map((at, i) => at - (shard.askedAt[i] ?? 0))
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000)
    },
  )
})
