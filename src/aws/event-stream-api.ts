import type { Readable } from 'node:stream'
import { withDeadline } from '../async/clock.ts'
import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { errorOfFailure, errorOfNetwork, isClockSkew, unreadableAnswer } from './aws-errors.ts'
import type { AwsExchange, AwsFailure } from './aws-errors.ts'
import type { AwsRequest } from './aws.ts'
import type { AwsStreams, EventStream } from './aws-streams.ts'
import type { AwsCredentials, CredentialsCache } from './credentials.ts'
import { createEventStream } from './event-stream.ts'
import type { EventStreamLimits } from './event-stream.ts'
import { failureOf, headerOf } from './failed-answer.ts'
import { HttpFailure } from './http-post.ts'
import { createRequestSigner } from './request-signer.ts'
import type { RequestSigner, SignerOptions } from './request-signer.ts'
import { streamingPost } from './streaming-post.ts'
import type { StreamingAnswer } from './streaming-post.ts'

/** What streams of events need. */
export interface AwsStreamsOptions extends SignerOptions {
  readonly clock: Clock
  readonly credentials: CredentialsCache
  readonly limits?: Partial<
    EventStreamLimits & { /** From connecting to the answer's head. */ readonly openMs: number }
  >
  /** Certificates in PEM that are trusted instead of the system's. */
  readonly ca?: string | undefined
}

/** Kinesis sends an event every five seconds, with or without records. */
const defaultLimits = { openMs: 15_000, silenceMs: 20_000, maxEventBytes: 64 * 1024 * 1024 }

const maxFailureBytes = 64 * 1024

/**
 * Signed requests that are answered by events, each on a connection of its own: HTTP/2, or HTTP/1.1 where the endpoint
 * knows nothing newer. Throws CONFIG_INVALID for an unusable endpoint. Holds nothing itself; a wrong local clock is
 * corrected by the server's `Date`, as for other requests.
 */
export function createAwsStreams(options: AwsStreamsOptions): AwsStreams {
  const opener: Opener = {
    ...options,
    limits: { ...defaultLimits, ...options.limits },
    signer: createRequestSigner(options),
  }
  return { open: (request, signal) => open(opener, request, signal) }
}

interface Opener extends AwsStreamsOptions {
  readonly limits: typeof defaultLimits
  readonly signer: RequestSigner
}

async function open(opener: Opener, request: AwsRequest, signal: AbortSignal): Promise<EventStream> {
  const exchange: AwsExchange = { request, host: opener.signer.endpoints[request.service].host }
  const first = await tryOpen(opener, exchange, signal)
  if ('stream' in first) return first.stream
  const isSkewed = isClockSkew(first.failure) && opener.signer.adoptServerTime(first.date)
  if (!isSkewed) throw refused(opener, first)
  const second = await tryOpen(opener, exchange, signal)
  if ('stream' in second) return second.stream
  throw refused(opener, second)
}

interface Refusal {
  readonly failure: AwsFailure
  readonly date: string | undefined
  readonly credentials: AwsCredentials
}

async function tryOpen(
  opener: Opener,
  exchange: AwsExchange,
  signal: AbortSignal,
): Promise<{ readonly stream: EventStream } | Refusal> {
  const { clock, limits } = opener
  const credentials = await opener.credentials.get(signal)
  const deadline = new AbortController()
  const work = post(opener, exchange, credentials, AbortSignal.any([signal, deadline.signal]))
  const answer = await withDeadline(clock, limits.openMs, work, () => {
    const late = errorOfNetwork(exchange, new TailraceError('AWS_UNREACHABLE', 'the deadline has passed'), false)
    deadline.abort(late)
    // An answer that came in the same moment belongs to nobody.
    void work.then(
      (unwanted) => void ('failure' in unwanted || unwanted.close()),
      () => {},
    )
    return late
  })
  return 'failure' in answer ? answer : { stream: createEventStream(exchange, answer, { clock, limits }) }
}

/** Until the head of a good answer, or the whole of another one. */
async function post(
  opener: Opener,
  exchange: AwsExchange,
  credentials: AwsCredentials,
  signal: AbortSignal,
): Promise<StreamingAnswer | Refusal> {
  const { origin, path } = opener.signer.endpoints[exchange.request.service]
  const body = JSON.stringify(exchange.request.body)
  const headers = await opener.signer.sign(exchange.request, body, credentials)
  signal.throwIfAborted()
  try {
    const answer = await streamingPost({ origin, path, headers, body, ca: opener.ca }, signal)
    if (answer.statusCode === 200) return answer
    const text = await gather(exchange, answer, signal)
    const whole = { statusCode: answer.statusCode, headers: answer.headers, body: text }
    return { failure: failureOf(exchange, whole), date: headerOf(answer, 'date'), credentials }
  } catch (error) {
    throw error instanceof HttpFailure ? errorOfNetwork(exchange, error.cause, error.isAnswerBegun) : error
  }
}

async function gather(exchange: AwsExchange, answer: StreamingAnswer, signal: AbortSignal): Promise<Buffer> {
  signal.addEventListener('abort', answer.close, { once: true })
  try {
    return await readAll(exchange, answer.body)
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof TailraceError ? error : new HttpFailure(error, true)
  } finally {
    signal.removeEventListener('abort', answer.close)
    answer.close()
  }
}

async function readAll(exchange: AwsExchange, body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > maxFailureBytes) throw unreadableAnswer(exchange, 'the refusal is larger than any that is awaited')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function refused(opener: Opener, { failure, credentials }: Refusal): Error {
  const error = errorOfFailure(failure)
  if (error instanceof TailraceError && error.code === 'AWS_CREDENTIALS') opener.credentials.refuse(credentials)
  return error
}
