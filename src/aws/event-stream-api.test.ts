import { describe, expect, it } from 'vitest'
import { eventFrame, exceptionEvent, jsonEvent } from '../../test/servers/event-frame.ts'
import { startEventStreamServer } from '../../test/servers/event-stream-server.ts'
import type { EventStreamServer, ServerKind, ServerScript } from '../../test/servers/event-stream-server.ts'
import { loopbackCertificatePem } from '../../test/fixtures/loopback-tls.ts'
import type { Clock } from '../async/clock.ts'
import { systemClock } from '../async/system-clock.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import type { AwsRequest } from './aws.ts'
import type { AwsStreams, StreamEvent } from './aws-streams.ts'
import { createCredentialsCache } from './credentials.ts'
import { createAwsStreams } from './event-stream-api.ts'
import type { AwsStreamsOptions } from './event-stream-api.ts'

const never = new AbortController().signal
const request: AwsRequest = { service: 'kinesis', action: 'SubscribeToShard', body: { ShardId: 's' } }
const kinds: readonly ServerKind[] = ['http2', 'https1', 'http1']

function connectTo(
  server: EventStreamServer,
  clock: Clock = systemClock,
  more?: Partial<AwsStreamsOptions>,
): AwsStreams {
  return createAwsStreams({
    clock,
    region: 'eu-central-1',
    overrides: { kinesis: server.endpoint },
    credentials: createCredentialsCache({
      clock,
      load: () => Promise.resolve({ accessKeyId: 'AKIA', secretAccessKey: 'secret' }),
    }),
    ca: loopbackCertificatePem,
    ...more,
  })
}
async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn++) {
    if (turn > 1_000) throw new Error('it did not happen')
    await systemClock.sleep(2)
  }
}
/** The connection is gone, so nothing of the test is left behind. */
const untilLeft = (server: EventStreamServer): Promise<void> => until(() => server.connections === 0)
/** What is resolved or rejected with, so that it can be looked at later. */
const outcomeOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)
const textOf = (event: StreamEvent | undefined): string | undefined => event?.payload.toString()

describe.each(kinds)('a stream of events over %s', (kind) => {
  const start = (script: ServerScript): Promise<EventStreamServer> => startEventStreamServer(kind, script)

  it('gives the events in order, then the end, and leaves the connection', async () => {
    await using server = await start((answer) => {
      answer.head()
      const bytes = Buffer.concat([
        jsonEvent('initial-response', {}),
        jsonEvent('A', { n: 1 }),
        jsonEvent('B', { n: 2 }),
      ])
      for (let at = 0; at < bytes.length; at += 25) answer.send(bytes.subarray(at, at + 25))
      answer.end()
    })
    const stream = await connectTo(server).open(request, never)
    expect(await stream.next(never)).toMatchObject({ type: 'initial-response' })
    const event = await stream.next(never)
    expect(event).toMatchObject({ type: 'A', bytes: jsonEvent('A', { n: 1 }).length })
    expect(textOf(event)).toBe('{"n":1}')
    expect(textOf(await stream.next(never))).toBe('{"n":2}')
    expect(await stream.next(never)).toBeUndefined()
    await stream[Symbol.asyncDispose]()
    await untilLeft(server)
    const [served] = server.requests
    expect(served).toMatchObject({ action: 'SubscribeToShard', body: { ShardId: 's' } })
    expect(served?.httpVersion).toBe(kind === 'http2' ? '2.0' : '1.1')
    const host = new URL(server.endpoint).host
    expect(served?.headers[kind === 'http2' ? ':authority' : 'host']).toBe(host)
    expect(served?.headers['authorization']).toMatch(
      /AKIA\/\d{8}\/eu-central-1\/kinesis\/.*SignedHeaders=content-type;host;/,
    )
  })

  it('tells a refusal as any request does', async () => {
    await using server = await start((answer, _, index) => {
      if (index === 0) {
        answer.head(400)
        answer.send('{"__type":"ResourceInUseException","message":"too early"}')
      } else answer.head(503)
      answer.end()
    })
    const streams = connectTo(server)
    await expect(streams.open(request, never)).rejects.toMatchObject({
      type: 'ResourceInUseException',
      statusCode: 400,
    })
    await expect(streams.open(request, never)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
    await untilLeft(server)
  })

  it('signs by the server’s clock once its own was refused', async () => {
    const serverTime = new Date('2031-01-01T00:00:00Z')
    await using server = await start((answer, _, index) => {
      if (index === 0) {
        answer.head(400, { date: serverTime.toUTCString() })
        answer.send('{"__type":"InvalidSignatureException","message":"Signature expired: now"}')
      } else answer.head()
      answer.end()
    })
    const stream = await connectTo(server).open(request, never)
    expect(await stream.next(never)).toBeUndefined()
    expect(server.requests.map(({ headers }) => String(headers['x-amz-date']).slice(0, 8))).toEqual([
      new Date(systemClock.now()).toISOString().slice(0, 10).replaceAll('-', ''),
      '20310101',
    ])
    await stream[Symbol.asyncDispose]()
  })

  it('rejects for what breaks inside an event, and gives what was whole before', async () => {
    await using server = await start((answer, _, index) => {
      answer.head()
      answer.send(jsonEvent('A', {}))
      answer.send(jsonEvent('B', {}).subarray(0, 40))
      if (index === 0) answer.end()
      else void systemClock.sleep(50).then(() => answer.cut())
    })
    for (const streams of [connectTo(server), connectTo(server)]) {
      const stream = await streams.open(request, never)
      expect(await stream.next(never)).toMatchObject({ type: 'A' })
      await expect(stream.next(never)).rejects.toMatchObject({ code: 'AWS_RESPONSE', policy: 'retry' })
      await expect(stream.next(never)).rejects.toMatchObject({ code: 'AWS_RESPONSE' })
      await untilLeft(server)
    }
  })

  it('gives up on silence, and only while somebody waits', async () => {
    const clock = createManualClock()
    await using server = await start((answer) => {
      answer.head()
      answer.send(jsonEvent('A', {}))
    })
    const stream = await connectTo(server, clock).open(request, never)
    await clock.advance(60_000)
    expect(await stream.next(never)).toMatchObject({ type: 'A' })
    const failing = outcomeOf(stream.next(never))
    await clock.advance(20_000)
    expect(await failing).toMatchObject({ code: 'AWS_UNREACHABLE' })
    await untilLeft(server)
    expect(clock.sleepers).toBe(0)
  })

  it('ends with the signal, wherever it waits', async () => {
    let isHeadDue = false
    await using server = await start((answer) => {
      if (isHeadDue) answer.head()
    })
    const streams = connectTo(server)
    const first = new AbortController()
    const enough = new Error('enough')
    const opening = outcomeOf(streams.open(request, first.signal))
    await until(() => server.requests.length === 1)
    first.abort(enough)
    expect(await opening).toBe(enough)
    await untilLeft(server)
    isHeadDue = true
    const second = new AbortController()
    const stream = await streams.open(request, second.signal)
    const waiting = outcomeOf(stream.next(second.signal))
    await systemClock.sleep(20)
    second.abort(enough)
    expect(await waiting).toBe(enough)
    await untilLeft(server)
    await expect(streams.open(request, second.signal)).rejects.toThrow('enough')
  })

  it('does not wait for a head for ever', async () => {
    const clock = createManualClock()
    await using server = await start(() => {})
    const opening = outcomeOf(connectTo(server, clock).open(request, never))
    await until(() => server.requests.length === 1)
    await clock.advance(15_000)
    expect(await opening).toMatchObject({ code: 'AWS_UNREACHABLE' })
    await untilLeft(server)
  })

  it('leaves with the service what nobody asks for', async () => {
    const payload = 'x'.repeat(100_000)
    const total = 300
    let sent = 0
    await using server = await start((answer) => {
      answer.head()
      const pump = async (): Promise<void> => {
        while (sent < total) {
          sent++
          if (answer.send(eventFrame({ ':message-type': 'event' }, payload))) continue
          await answer.drained()
        }
        answer.end()
      }
      void pump()
    })
    const stream = await connectTo(server).open(request, never)
    expect(textOf(await stream.next(never))).toBe(payload)
    await systemClock.sleep(300)
    // Buffers of sockets on both sides are a few megabytes; all of it would be thirty.
    expect(sent).toBeLessThan(120)
    let events = 1
    while ((await stream.next(never)) !== undefined) events++
    expect(events).toBe(total)
    await stream[Symbol.asyncDispose]()
  })

  it('tells an exception in the place of an event as the same exception of an answer', async () => {
    const cases: readonly [Buffer, object][] = [
      [exceptionEvent('ResourceInUseException', 'another'), { type: 'ResourceInUseException' }],
      [exceptionEvent('InternalFailureException', 'oh'), { code: 'AWS_UNREACHABLE' }],
      [exceptionEvent('KMSThrottlingException', 'slow'), { code: 'AWS_THROTTLED' }],
      [exceptionEvent('KMSAccessDeniedException', 'no'), { code: 'AWS_KEY_UNUSABLE' }],
      [exceptionEvent('KMSDisabledException', 'off'), { code: 'AWS_KEY_UNUSABLE' }],
      [eventFrame({ ':message-type': 'error', ':error-code': 'Odd' }, ''), { code: 'AWS_UNREACHABLE' }],
      [eventFrame({ ':message-type': 'news' }, ''), { code: 'AWS_RESPONSE' }],
    ]
    await using server = await start((answer, _, index) => {
      answer.head()
      answer.send(cases[index]?.[0] ?? '')
    })
    const streams = connectTo(server)
    for (const [, expected] of cases) {
      const stream = await streams.open(request, never)
      await expect(stream.next(never)).rejects.toMatchObject(expected)
      await untilLeft(server)
    }
  })
})

describe('a stream of events over HTTP/2', () => {
  it.each(['reset', 'goAway', 'cut'] as const)('is over when the service leaves by %s', async (way) => {
    await using server = await startEventStreamServer('http2', (answer) => {
      answer.head()
      answer.send(jsonEvent('A', {}))
      void systemClock.sleep(50).then(() => (way === 'goAway' ? answer.goAway(2) : answer[way]()))
    })
    const stream = await connectTo(server).open(request, never)
    expect(await stream.next(never)).toMatchObject({ type: 'A', quietMs: expect.any(Number) })
    expect(await outcomeOf(stream.next(never))).toMatchObject({ code: 'AWS_RESPONSE' })
    await untilLeft(server)
  })

  it('trusts no certificate that it does not know', async () => {
    await using server = await startEventStreamServer('http2', (answer) => answer.head())
    const streams = connectTo(server, systemClock, { ca: undefined })
    await expect(streams.open(request, never)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
  })

  it('tells how long nothing was there', async () => {
    const clock = createManualClock()
    let isDue = false
    await using server = await startEventStreamServer('http2', (answer) => {
      answer.head()
      answer.send(jsonEvent('A', {}))
      void until(() => isDue).then(() => answer.send(jsonEvent('B', {})))
    })
    const stream = await connectTo(server, clock).open(request, never)
    await systemClock.sleep(50)
    await clock.advance(5_000)
    expect(await stream.next(never)).toMatchObject({ type: 'A', quietMs: 0 })
    const second = stream.next(never)
    await clock.advance(5_000)
    isDue = true
    expect(await second).toMatchObject({ type: 'B', quietMs: 5_000 })
    await stream[Symbol.asyncDispose]()
  })
})
