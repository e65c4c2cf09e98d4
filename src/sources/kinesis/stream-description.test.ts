import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { TailraceError } from '../../errors.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createSourceContext } from '../source-context.ts'
import { createStreamDescriptions } from './stream-description.ts'

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/s'
const never = new AbortController().signal

const rejectionOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'resolved',
    (error: unknown) => error,
  )

/** A service that answers each DescribeStreamSummary after 100 ms, with the number of the request for the consumers. */
function setUp(failure?: (request: number) => Error | undefined) {
  const clock = createManualClock()
  const bodies: unknown[] = []
  const exchange: AwsApi['exchange'] = async ({ body }, signal) => {
    bodies.push(body)
    const request = bodies.length
    await clock.sleep(100, signal)
    const error = failure?.(request)
    if (error !== undefined) throw error
    const summary = { StreamARN: arn, StreamStatus: 'ACTIVE', RetentionPeriodHours: 24, StreamCreationTimestamp: 1 }
    return { body: { StreamDescriptionSummary: { ...summary, ConsumerCount: request } }, bytes: 1 }
  }
  const api: AwsApi = { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
  const context = createSourceContext({ api, clock, rng: seededRng(1) })
  const descriptions = createStreamDescriptions(context)
  const get = (asOf: number, signal = never) =>
    descriptions.get(arn, asOf, signal).then((description) => description?.consumers)
  return { clock, bodies, descriptions, get }
}

describe('descriptions of a stream', () => {
  it('are asked for once by all who ask at the same time', async () => {
    const { clock, bodies, get } = setUp()
    const asked = [get(0), get(0), get(0)]
    await clock.advance(100)
    expect(await Promise.all(asked)).toEqual([1, 1, 1])
    expect(bodies).toEqual([{ StreamARN: arn }])
  })

  it('serve as long as they are new enough, by when they were asked for', async () => {
    const { clock, get } = setUp()
    await clock.advance(1_000)
    const first = get(clock.monotonic())
    await clock.advance(100)
    expect(await first).toBe(1)
    expect(await get(999)).toBe(1)
    const second = get(1_000)
    await clock.advance(100)
    expect(await second).toBe(2)
  })

  it('do not serve who asked after they had been sent for', async () => {
    const { clock, get } = setUp()
    const early = get(0)
    await clock.advance(50)
    const late = get(clock.monotonic())
    await clock.advance(100)
    expect([await early, await late]).toEqual([1, 2])
    expect(await get(49)).toBe(2)
  })

  it('take turns, so that a whole fleet of shards stays under the account’s limit', async () => {
    const { clock, bodies, get } = setUp()
    for (let at = 0; at < 100; at++) {
      void get(clock.monotonic())
      await clock.advance(10)
    }
    expect(bodies.length).toBeLessThanOrEqual(8)
  })

  it('are nothing where there is no such stream, by name or by ARN', async () => {
    const { clock, descriptions } = setUp(() => new AwsServiceError('ResourceNotFoundException', 'no', 400))
    const asked = Promise.all([descriptions.get('s', 0, never), descriptions.get(arn, 0, never)])
    await clock.advance(1_000)
    expect(await asked).toEqual([undefined, undefined])
  })

  it('a request that is refused for another reason is no proof that the stream is gone', async () => {
    const { clock, get, descriptions } = setUp(() => new AwsServiceError('ValidationException', 'no', 400))
    const refused = rejectionOf(get(0))
    const byName = descriptions.get('n o', 0, never)
    await clock.advance(1_000)
    expect(await refused).toMatchObject({ type: 'ValidationException' })
    expect(await byName).toBeUndefined()
  })

  it('a throttled request is repeated for all who wait', async () => {
    const { clock, get } = setUp((request) => (request === 1 ? new TailraceError('AWS_THROTTLED', 'slow') : undefined))
    const asked = [get(0), get(0)]
    await clock.advance(1_000)
    expect(await Promise.all(asked)).toEqual([2, 2])
  })

  it('who gives up waiting leaves the others their answer; the last one calls the request off', async () => {
    const { clock, get } = setUp()
    const [stop, stopAll] = [new AbortController(), new AbortController()]
    const leaving = rejectionOf(get(0, stop.signal))
    const staying = get(0)
    await clock.advance(50)
    stop.abort(new Error('enough'))
    expect(await leaving).toEqual(new Error('enough'))
    await clock.advance(50)
    expect(await staying).toBe(1)
    const last = rejectionOf(get(1_000, stopAll.signal))
    await clock.advance(50)
    stopAll.abort(new Error('all'))
    expect(await last).toEqual(new Error('all'))
    await clock.advance(0)
    expect(clock.sleepers).toBe(0)
  })
})
