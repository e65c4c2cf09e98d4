import { withDeadline } from '../async/clock.ts'
import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { errorOfFailure, errorOfNetwork, unreadableAnswer } from './aws-errors.ts'
import type { AwsExchange } from './aws-errors.ts'
import type { EventStream, StreamEvent } from './aws-streams.ts'
import { createEventFrames } from './event-frames.ts'
import type { EventFrame, EventFrames } from './event-frames.ts'
import type { StreamingAnswer } from './streaming-post.ts'

/** When a stream is given up. */
export interface EventStreamLimits {
  /** Without a byte, while somebody waits for one. */
  readonly silenceMs: number
  /** A larger event is refused, whatever the peer is. */
  readonly maxEventBytes: number
}

/** The events of an answer that has begun. Owns the answer: its connection is cut with the stream, or with a failure. */
export function createEventStream(
  exchange: AwsExchange,
  answer: StreamingAnswer,
  options: { readonly clock: Clock; readonly limits: EventStreamLimits },
): EventStream {
  return new FramedEventStream(exchange, answer, options)
}

class FramedEventStream implements EventStream {
  readonly #exchange: AwsExchange
  readonly #answer: StreamingAnswer
  readonly #clock: Clock
  readonly #silenceMs: number
  readonly #frames: EventFrames
  readonly #chunks: AsyncIterator<unknown>
  #failure: unknown

  constructor(
    exchange: AwsExchange,
    answer: StreamingAnswer,
    options: { readonly clock: Clock; readonly limits: EventStreamLimits },
  ) {
    this.#exchange = exchange
    this.#answer = answer
    this.#clock = options.clock
    this.#silenceMs = options.limits.silenceMs
    this.#frames = createEventFrames(options.limits.maxEventBytes, (reason) => unreadableAnswer(exchange, reason))
    this.#chunks = answer.body[Symbol.asyncIterator]()
  }

  async next(signal: AbortSignal): Promise<StreamEvent | undefined> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      return await this.#next(signal)
    } catch (error) {
      this.#failure = error
      this.#answer.close()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new TailraceError('INTERNAL', 'the stream of events was closed')
    this.#answer.close()
  }

  async #next(signal: AbortSignal): Promise<StreamEvent | undefined> {
    signal.throwIfAborted()
    let quietMs = 0
    for (;;) {
      const frame = this.#frames.take()
      if (frame !== undefined) return { ...this.#eventOf(frame), quietMs }
      const isBetween = this.#frames.isEmpty
      const askedAtMs = this.#clock.monotonic()
      const chunk = await this.#nextChunk(signal)
      if (isBetween) quietMs = this.#clock.monotonic() - askedAtMs
      if (chunk === undefined) {
        if (isBetween && this.#answer.isWhole()) return undefined
        throw unreadableAnswer(this.#exchange, 'the answer was cut off')
      }
      this.#frames.push(chunk)
    }
  }

  async #nextChunk(signal: AbortSignal): Promise<Buffer | undefined> {
    const cut = (): void => this.#answer.close()
    signal.addEventListener('abort', cut, { once: true })
    try {
      const { done, value } = await withDeadline(this.#clock, this.#silenceMs, this.#chunks.next(), () =>
        this.#silent(),
      )
      signal.throwIfAborted()
      return done === true || !Buffer.isBuffer(value) ? undefined : value
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof TailraceError ? error : errorOfNetwork(this.#exchange, error, true)
    } finally {
      signal.removeEventListener('abort', cut)
    }
  }

  #eventOf({ headers, payload, bytes }: EventFrame): Omit<StreamEvent, 'quietMs'> {
    const messageType = headers[':message-type']
    if (messageType === 'event') return { type: headers[':event-type'] ?? '', payload, bytes }
    if (messageType !== 'exception' && messageType !== 'error')
      throw unreadableAnswer(this.#exchange, 'an event is of an unknown kind')
    const errorType = headers[':exception-type'] ?? headers[':error-code'] ?? 'unnamed'
    const isFault = messageType === 'error' || errorType.startsWith('Internal')
    throw errorOfFailure({
      ...this.#exchange,
      statusCode: isFault ? 500 : 400,
      body: payload,
      requestId: undefined,
      errorType,
    })
  }

  #silent(): TailraceError {
    const { request, host } = this.#exchange
    const seconds = Math.round(this.#silenceMs / 1000)
    return new TailraceError('AWS_UNREACHABLE', `${request.action} at ${host}: nothing came for ${seconds} seconds`)
  }
}
