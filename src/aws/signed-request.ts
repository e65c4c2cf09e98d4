import { crc32 } from 'node:zlib'
import { withDeadline } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { errorOfFailure, errorOfNetwork, isClockSkew, unreadableAnswer } from './aws-errors.ts'
import type { AwsExchange, AwsFailure } from './aws-errors.ts'
import type { AwsAnswer, AwsApi, AwsRequest } from './aws.ts'
import type { AwsCredentials, CredentialsCache } from './credentials.ts'
import { parseJson } from './exact-json.ts'
import { failureOf, headerOf } from './failed-answer.ts'
import { HttpFailure, createHttpAgent, httpPost } from './http-post.ts'
import type { HttpAnswer, HttpLimits } from './http-post.ts'
import { createRequestSigner, targetOf } from './request-signer.ts'
import type { RequestSigner, SignerOptions } from './request-signer.ts'

/** What requests need. One of these serves a whole process, so that its connections are shared and bounded. */
export interface AwsApiOptions extends SignerOptions {
  readonly credentials: CredentialsCache
  readonly limits?: Partial<HttpLimits & { /** From sending to the last byte. */ readonly requestTimeoutMs: number }>
}

const defaultLimits = {
  maxConnections: 64,
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 15_000,
  bodyTimeoutMs: 10_000,
  maxAnswerBytes: 64 * 1024 * 1024,
  requestTimeoutMs: 30_000,
}

/**
 * Signed JSON requests over keep-alive HTTP/1.1. Throws CONFIG_INVALID for an unusable endpoint. Disposing cuts what is
 * in flight. A wrong local clock is corrected by the server's `Date`; the request is then sent a second time, which is
 * safe because the first was refused before it was looked at.
 */
export function createAwsApi(options: AwsApiOptions): AwsApi & AsyncDisposable {
  return new SignedJsonApi(options)
}

class SignedJsonApi implements AwsApi, AsyncDisposable {
  readonly #options: AwsApiOptions
  readonly #limits: typeof defaultLimits
  readonly #agent: ReturnType<typeof createHttpAgent>
  readonly #signer: RequestSigner

  constructor(options: AwsApiOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#agent = createHttpAgent(this.#limits)
    this.#signer = createRequestSigner(options)
  }

  async call(request: AwsRequest, signal: AbortSignal): Promise<unknown> {
    return (await this.exchange(request, signal)).body
  }

  async exchange(request: AwsRequest, signal: AbortSignal): Promise<AwsAnswer> {
    const endpoint = this.#signer.endpoints[request.service]
    const exchange: AwsExchange = { request, host: endpoint.host }
    const body = request.get === undefined ? JSON.stringify(request.body) : ''
    const { answer, credentials } = await this.#post(exchange, body, signal)
    if (answer.statusCode === 200) return readAnswer(exchange, answer)
    const failure = failureOf(exchange, answer)
    if (isClockSkew(failure) && this.#signer.adoptServerTime(headerOf(answer, 'date'))) {
      const second = await this.#post(exchange, body, signal)
      if (second.answer.statusCode === 200) return readAnswer(exchange, second.answer)
      throw this.#refused(failureOf(exchange, second.answer), second.credentials)
    }
    throw this.#refused(failure, credentials)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }

  async #post(
    exchange: AwsExchange,
    body: string,
    signal: AbortSignal,
  ): Promise<{ readonly answer: HttpAnswer; readonly credentials: AwsCredentials }> {
    const credentials = await this.#options.credentials.get(signal)
    const endpoint = this.#signer.endpoints[exchange.request.service]
    const headers = await this.#signer.sign(exchange.request, body, credentials)
    const deadline = new AbortController()
    const onAbort = (): void => deadline.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      const posted = httpPost(
        this.#agent,
        {
          ...(exchange.request.get === undefined ? {} : { method: 'GET' }),
          origin: endpoint.origin,
          path: targetOf(endpoint, exchange.request),
          headers,
          body,
        },
        deadline.signal,
      )
      const answer = await withDeadline(this.#options.clock, this.#limits.requestTimeoutMs, posted, () => {
        const late = new HttpFailure(new TailraceError('AWS_UNREACHABLE', 'the deadline has passed'), false)
        deadline.abort(late)
        return late
      })
      return { answer, credentials }
    } catch (error) {
      throw error instanceof HttpFailure ? errorOfNetwork(exchange, error.cause, error.isAnswerBegun) : error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #refused(failure: AwsFailure, credentials: AwsCredentials): Error {
    const error = errorOfFailure(failure)
    if (error instanceof TailraceError && error.code === 'AWS_CREDENTIALS')
      this.#options.credentials.refuse(credentials)
    return error
  }
}

function readAnswer(exchange: AwsExchange, answer: HttpAnswer): AwsAnswer {
  const { body } = answer
  const checksum = headerOf(answer, 'x-amz-crc32')
  if (checksum !== undefined && Number(checksum) !== crc32(body))
    throw unreadableAnswer(exchange, 'the answer has a wrong checksum')
  if (body.length === 0 && exchange.request.hasEmptyAnswer === true) return { body: undefined, bytes: 0 }
  try {
    return { body: parseJson(body), bytes: body.length }
  } catch (error) {
    // The parser's message quotes the text, which may be an item's: the name of the error has to do.
    throw unreadableAnswer(exchange, `the answer is not JSON (${error instanceof Error ? error.name : 'unknown'})`)
  }
}
