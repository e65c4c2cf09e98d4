import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../aws/aws.ts'
import { TailraceError } from '../../errors.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { SourceEvent } from '../source-event.ts'
import { createKinesisContext } from './kinesis-context.ts'
import { createStreamConsumer } from './stream-consumer.ts'
import { labelStream } from './stream-label.ts'

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/s'
const never = new AbortController().signal
const missing = new AwsServiceError('ResourceNotFoundException', 'no', 400)
const inUse = new AwsServiceError('ResourceInUseException', 'there', 400)

/** A stream with at most one consumer, which is active `activeAfterMs` behind its registration. */
function setUp({ activeAfterMs = 3_000, createdAtMs = 1_000 } = {}) {
  const clock = createManualClock()
  const requests: AwsRequest[] = []
  const events: SourceEvent[] = []
  const service = {
    registeredAt: undefined as number | undefined,
    registrations: 0,
    isDeleting: false,
    /** Answers of RegisterStreamConsumer that come before it works. */
    refusals: [] as Error[],
  }
  const exchange: AwsApi['exchange'] = async (request, signal) => {
    requests.push(request)
    await clock.sleep(10, signal)
    return { body: answer(request), bytes: 100 }
  }
  const answer = ({ action }: AwsRequest): unknown => {
    if (action === 'DescribeStreamSummary') {
      const summary = { StreamARN: arn, StreamStatus: 'ACTIVE', RetentionPeriodHours: 24 }
      return { StreamDescriptionSummary: { ...summary, StreamCreationTimestamp: createdAtMs / 1000 } }
    }
    if (action === 'RegisterStreamConsumer') {
      const refusal = service.refusals.shift()
      if (refusal !== undefined) throw refusal
      if (service.registeredAt !== undefined) throw inUse
      service.registeredAt = clock.now()
      service.registrations++
      return {}
    }
    if (service.registeredAt === undefined) throw missing
    const isActive = clock.now() >= service.registeredAt + activeAfterMs
    const status = service.isDeleting ? 'DELETING' : isActive ? 'ACTIVE' : 'CREATING'
    return {
      ConsumerDescription: { ConsumerARN: `${arn}/consumer/c:${service.registrations}`, ConsumerStatus: status },
    }
  }
  const api: AwsApi = { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
  const context = createKinesisContext({ api, clock, rng: seededRng(1), onEvent: (event) => events.push(event) })
  const consumer = createStreamConsumer(context, { streamArn: labelStream(arn, 1_000), name: 'c' })
  const count = (action: string): number => requests.filter((request) => request.action === action).length
  return { clock, consumer, service, requests, events, count }
}

describe('the consumer of a stream', () => {
  it('is registered once if it is missing, and waited for until it is active', async () => {
    const { clock, consumer, count, requests } = setUp()
    const found = Promise.all([consumer.arn(never), consumer.arn(never), consumer.arn(never)])
    await clock.advance(10_000)
    expect(new Set(await found)).toEqual(new Set([`${arn}/consumer/c:1`]))
    expect(count('RegisterStreamConsumer')).toBe(1)
    expect(requests.find(({ action }) => action === 'RegisterStreamConsumer')?.body).toEqual({
      StreamARN: arn,
      ConsumerName: 'c',
    })
    const before = requests.length
    expect(await consumer.arn(never)).toBe(`${arn}/consumer/c:1`)
    expect(requests.length).toBe(before)
    expect(clock.sleepers).toBe(0)
  })

  it('is used as it is if it exists, also if another process registers it in the same moment', async () => {
    const { clock, consumer, service, count } = setUp()
    service.registeredAt = clock.now() - 60_000
    const found = consumer.arn(never)
    await clock.advance(1_000)
    expect(await found).toBe(`${arn}/consumer/c:0`)
    expect(count('RegisterStreamConsumer')).toBe(0)

    const racing = setUp()
    racing.service.refusals = [inUse]
    const later = racing.consumer.arn(never)
    await racing.clock.advance(20)
    racing.service.registeredAt = racing.clock.now()
    await racing.clock.advance(10_000)
    expect(await later).toBe(`${arn}/consumer/c:0`)
  })

  it('is registered anew once the service does not know it any more, and not while it is being deleted', async () => {
    const { clock, consumer, service, count } = setUp()
    service.registeredAt = clock.now() - 60_000
    const first = consumer.arn(never)
    await clock.advance(1_000)
    consumer.forget('another')
    expect(await consumer.arn(never)).toBe(await first)
    expect(count('DescribeStreamConsumer')).toBe(1)

    service.isDeleting = true
    consumer.forget(`${arn}/consumer/c:0`)
    const second = consumer.arn(never)
    await clock.advance(20_000)
    expect(count('RegisterStreamConsumer')).toBe(0)
    Object.assign(service, { isDeleting: false, registeredAt: undefined })
    await clock.advance(20_000)
    expect(await second).toBe(`${arn}/consumer/c:1`)
  })

  it('is of the stream of the label alone', async () => {
    const { clock, consumer, count } = setUp({ createdAtMs: 2_000 })
    const found = consumer.arn(never)
    await clock.advance(1_000)
    expect(await found).toBeUndefined()
    expect(count('RegisterStreamConsumer')).toBe(0)
  })

  it('tells a stream that takes no more consumers from one that is asked too often, and waits for both', async () => {
    const { clock, consumer, service, events } = setUp()
    const details = { type: 'LimitExceededException' }
    service.refusals = [
      new TailraceError('AWS_THROTTLED', 'slower', { details: { type: 'ThrottlingException' } }),
      new TailraceError('AWS_THROTTLED', 'no more', { details }),
    ]
    const found = consumer.arn(never)
    await clock.advance(20_000)
    expect(await found).toBe(`${arn}/consumer/c:1`)
    expect(events).toMatchObject([
      { kind: 'throttled', action: 'RegisterStreamConsumer' },
      { kind: 'retried', action: 'RegisterStreamConsumer', code: 'CONSUMER_LIMIT' },
    ])
  })

  it('is looked for as long as anybody waits, and no longer', async () => {
    const { clock, consumer, requests } = setUp()
    const first = new AbortController()
    const second = new AbortController()
    const early = consumer.arn(first.signal).catch((error: unknown) => error)
    const late = consumer.arn(second.signal)
    await clock.advance(100)
    const enough = new Error('enough')
    first.abort(enough)
    expect(await early).toBe(enough)
    await clock.advance(10_000)
    expect(await late).toBe(`${arn}/consumer/c:1`)

    consumer.forget(`${arn}/consumer/c:1`)
    const third = new AbortController()
    const alone = consumer.arn(third.signal).catch((error: unknown) => error)
    await clock.advance(5)
    third.abort(enough)
    expect(await alone).toBe(enough)
    await clock.advance(1)
    expect(clock.sleepers).toBe(0)
    const before = requests.length
    await clock.advance(10_000)
    expect(requests.length).toBe(before)
    await expect(consumer.arn(third.signal)).rejects.toBe(enough)
  })

  it('passes on what the service refuses for good', async () => {
    const { clock, consumer, service } = setUp()
    service.refusals = [new AwsServiceError('ValidationException', 'name', 400)]
    const found = consumer.arn(never).catch((error: unknown) => error)
    await clock.advance(1_000)
    expect(await found).toMatchObject({ type: 'ValidationException' })
  })
})
