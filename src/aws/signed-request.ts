import { crc32 } from 'node:zlib'
import { SignatureV4 } from '@smithy/signature-v4'
import { withDeadline } from '../async/clock.ts'
import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { errorOfFailure, errorOfNetwork, isClockSkew, unreadableAnswer } from './aws-errors.ts'
import type { AwsExchange, AwsFailure } from './aws-errors.ts'
import type { AwsAnswer, AwsApi, AwsRequest } from './aws.ts'
import type { AwsCredentials, CredentialsCache } from './credentials.ts'
import { endpointFor } from './endpoints.ts'
import type { AwsService, EndpointOptions } from './endpoints.ts'
import { parseJson } from './exact-json.ts'
import { HttpFailure, createHttpAgent, httpPost } from './http-post.ts'
import type { HttpAnswer, HttpLimits } from './http-post.ts'
import { NodeSha256 } from './node-sha256.ts'

/** What requests need. One of these serves a whole process, so that its connections are shared and bounded. */
export interface AwsApiOptions extends EndpointOptions {
  readonly clock: Clock
  readonly credentials: CredentialsCache
  readonly limits?: Partial<HttpLimits & { /** From sending to the last byte. */ readonly requestTimeoutMs: number }>
  readonly userAgent?: string
}

const targetPrefixes: Readonly<Record<AwsService, string>> = {
  dynamodb: 'DynamoDB_20120810',
  streams: 'DynamoDBStreams_20120810',
  kinesis: 'Kinesis_20131202',
  glue: 'AWSGlue',
}

const contentTypes: Readonly<Record<AwsService, string>> = {
  dynamodb: 'application/x-amz-json-1.0',
  streams: 'application/x-amz-json-1.0',
  kinesis: 'application/x-amz-json-1.1',
  glue: 'application/x-amz-json-1.1',
}

const defaultLimits = {
  maxConnections: 64,
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 15_000,
  bodyTimeoutMs: 10_000,
  maxAnswerBytes: 64 * 1024 * 1024,
  requestTimeoutMs: 30_000,
}

/** A difference to the server's clock that is worth a correction; the `Date` header is exact to the second only. */
const minimumSkewMs = 5_000

/**
 * Signed JSON requests over keep-alive HTTP/1.1. Throws CONFIG_INVALID for an unusable endpoint. Disposing cuts what is
 * in flight. A wrong local clock is corrected by the server's `Date`; the request is then sent a second time, which is
 * safe because the first was refused before it was looked at.
 */
export function createAwsApi(options: AwsApiOptions): AwsApi & AsyncDisposable {
  return new SignedJsonApi(options)
}

interface Endpoint {
  readonly origin: string
  readonly host: string
  readonly hostname: string
  readonly port: number | undefined
  readonly protocol: string
  readonly path: string
  readonly signerFor: (credentials: AwsCredentials) => SignatureV4
}

class SignedJsonApi implements AwsApi, AsyncDisposable {
  readonly #options: AwsApiOptions
  readonly #limits: typeof defaultLimits
  readonly #agent: ReturnType<typeof createHttpAgent>
  readonly #endpoints: Readonly<Record<AwsService, Endpoint>>
  #clockOffsetMs = 0

  constructor(options: AwsApiOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#agent = createHttpAgent(this.#limits)
    this.#endpoints = {
      dynamodb: this.#endpoint('dynamodb', 'dynamodb'),
      streams: this.#endpoint('streams', 'dynamodb'),
      kinesis: this.#endpoint('kinesis', 'kinesis'),
      glue: this.#endpoint('glue', 'glue'),
    }
  }

  async call(request: AwsRequest, signal: AbortSignal): Promise<unknown> {
    return (await this.exchange(request, signal)).body
  }

  async exchange(request: AwsRequest, signal: AbortSignal): Promise<AwsAnswer> {
    const endpoint = this.#endpoints[request.service]
    const exchange: AwsExchange = { request, host: endpoint.host }
    const body = JSON.stringify(request.body)
    const { answer, credentials } = await this.#post(exchange, body, signal)
    if (answer.statusCode === 200) return readAnswer(exchange, answer)
    const failure = failureOf(exchange, answer)
    if (isClockSkew(failure) && this.#adoptServerTime(answer)) {
      const second = await this.#post(exchange, body, signal)
      if (second.answer.statusCode === 200) return readAnswer(exchange, second.answer)
      throw this.#refused(failureOf(exchange, second.answer), second.credentials)
    }
    throw this.#refused(failure, credentials)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }

  #endpoint(service: AwsService, signingName: string): Endpoint {
    const url = endpointFor(service, this.#options)
    return {
      origin: url.origin,
      host: url.host,
      hostname: url.hostname,
      port: url.port === '' ? undefined : Number(url.port),
      protocol: url.protocol,
      path: url.pathname,
      signerFor: signers(signingName, this.#options.region),
    }
  }

  async #post(
    exchange: AwsExchange,
    body: string,
    signal: AbortSignal,
  ): Promise<{ readonly answer: HttpAnswer; readonly credentials: AwsCredentials }> {
    const credentials = await this.#options.credentials.get(signal)
    const endpoint = this.#endpoints[exchange.request.service]
    const headers = await this.#sign(exchange.request, body, credentials)
    const deadline = new AbortController()
    const onAbort = (): void => deadline.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      const posted = httpPost(
        this.#agent,
        { origin: endpoint.origin, path: endpoint.path, headers, body },
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

  async #sign(request: AwsRequest, body: string, credentials: AwsCredentials): Promise<Record<string, string>> {
    const endpoint = this.#endpoints[request.service]
    const signed = await endpoint.signerFor(credentials).sign(
      {
        method: 'POST',
        protocol: endpoint.protocol,
        hostname: endpoint.hostname,
        ...(endpoint.port === undefined ? {} : { port: endpoint.port }),
        path: endpoint.path,
        query: {},
        headers: {
          host: endpoint.host,
          'content-type': contentTypes[request.service],
          'x-amz-target': `${targetPrefixes[request.service]}.${request.action}`,
        },
        body,
      },
      { signingDate: new Date(this.#options.clock.now() + this.#clockOffsetMs) },
    )
    // Not signed: proxies may rewrite them.
    signed.headers['user-agent'] = this.#options.userAgent ?? 'tailrace'
    signed.headers['accept-encoding'] = 'identity'
    return signed.headers
  }

  #refused(failure: AwsFailure, credentials: AwsCredentials): Error {
    const error = errorOfFailure(failure)
    if (error instanceof TailraceError && error.code === 'AWS_CREDENTIALS')
      this.#options.credentials.refuse(credentials)
    return error
  }

  #adoptServerTime(answer: HttpAnswer): boolean {
    const serverTime = Date.parse(headerOf(answer, 'date') ?? '')
    const offset = serverTime - this.#options.clock.now()
    if (Number.isNaN(offset) || Math.abs(offset - this.#clockOffsetMs) < minimumSkewMs) return false
    this.#clockOffsetMs = offset
    return true
  }
}

/** One signer for as long as the credentials are the same. */
function signers(service: string, region: string): (credentials: AwsCredentials) => SignatureV4 {
  let last: { readonly credentials: AwsCredentials; readonly signer: SignatureV4 } | undefined
  return (credentials) => {
    if (last?.credentials === credentials) return last.signer
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    const signer = new SignatureV4({
      service,
      region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      sha256: NodeSha256,
      applyChecksum: false,
    })
    last = { credentials, signer }
    return signer
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

function failureOf(exchange: AwsExchange, answer: HttpAnswer): AwsFailure {
  return {
    ...exchange,
    statusCode: answer.statusCode,
    body: answer.body,
    requestId: headerOf(answer, 'x-amzn-requestid'),
    errorType: headerOf(answer, 'x-amzn-errortype'),
  }
}

function headerOf(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name]
  return typeof value === 'string' ? value : value?.[0]
}
