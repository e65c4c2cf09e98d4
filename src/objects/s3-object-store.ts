import type * as S3 from '@aws-sdk/client-s3'
import type { BackoffPolicy } from '../async/backoff.ts'
import { withDeadline } from '../async/clock.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { AwsCredentials, CredentialsCache } from '../aws/credentials.ts'
import { configuredEndpoint } from '../aws/endpoints.ts'
import type { Environment } from '../aws/endpoints.ts'
import { retryForever } from '../aws/retry-forever.ts'
import type { Retry } from '../aws/retry-forever.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { TailraceError } from '../errors.ts'
import type {
  GetOptions,
  ObjectLocation,
  ObjectStore,
  ObjectWriter,
  OwnedOptions,
  PutOptions,
  StoredObject,
} from './objects.ts'
import { errorOfBody, errorOfRequest, nameOf } from './s3-errors.ts'
import type { S3Action } from './s3-errors.ts'

/** How to reach the buckets. One store serves a whole process. */
export interface S3Options {
  readonly clock: Clock
  readonly rng: Rng
  readonly region: string
  readonly credentials: CredentialsCache
  /** Another service than AWS's own; wins over `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` of `env`. */
  readonly endpoint?: string
  /** The bucket in the path instead of the host name. Default: if the endpoint is not AWS's own. */
  readonly pathStyle?: boolean
  readonly env?: Environment
  readonly retry?: BackoffPolicy
  /** Errors to reject with instead of waiting them out. */
  readonly giveUpOn?: readonly ErrorCode[]
  readonly onRetry?: (retry: Retry) => void
  readonly limits?: Partial<S3Limits>
}

/** Reads and writes until it is disposed of. */
export type OpenS3 = ObjectStore & ObjectWriter & AsyncDisposable

/** Bounds of connections and of waiting. */
export interface S3Limits {
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  /** From the request to the answer's headers. */
  readonly answerTimeoutMs: number
  /** Between two pieces of a body, while somebody waits for it. */
  readonly pieceTimeoutMs: number
}

const defaultRetry: BackoffPolicy = { baseMs: 200, capMs: 20_000 }
const defaultLimits: S3Limits = {
  maxConnections: 64,
  connectTimeoutMs: 5_000,
  answerTimeoutMs: 30_000,
  pieceTimeoutMs: 20_000,
}

/**
 * Objects in S3, by the client of the AWS SDK, which is loaded here and not before: most pipelines never need it. A
 * bucket of another region is found. Throws CONFIG_INVALID for an unusable endpoint. Opens no connection before the
 * first request; disposing cuts the bodies that are still being read.
 */
export async function openS3ObjectStore(options: S3Options): Promise<OpenS3> {
  const endpoint = configuredEndpoint({
    service: 's3',
    override: options.endpoint,
    variable: 'AWS_ENDPOINT_URL_S3',
    env: options.env,
  })
  return new S3ObjectStore(options, endpoint, await import('@aws-sdk/client-s3'))
}

/** Sends a command; the signal cuts it. */
type Send<T> = (client: S3.S3Client, abortSignal: AbortSignal) => Promise<T>

/** A request under way; it lives until the last byte of its body. */
interface Exchange {
  readonly location: ObjectLocation
  readonly signal: AbortSignal
  readonly cut: (reason: unknown) => void
  readonly forget: () => void
}

class S3ObjectStore implements OpenS3 {
  readonly #options: S3Options
  readonly #limits: S3Limits
  readonly #sdk: typeof S3
  readonly #config: S3.S3ClientConfig
  #last: { readonly credentials: AwsCredentials; readonly client: S3.S3Client } | undefined

  constructor(options: S3Options, endpoint: URL | undefined, sdk: typeof S3) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#sdk = sdk
    const agent = { keepAlive: true, maxSockets: this.#limits.maxConnections }
    this.#config = {
      region: options.region,
      ...(endpoint === undefined ? {} : { endpoint: endpoint.href }),
      forcePathStyle: options.pathStyle ?? endpoint !== undefined,
      followRegionRedirects: true,
      // One attempt: `retryForever` repeats, on the clock that was handed in.
      maxAttempts: 1,
      // Readers have checksums of their own; the SDK's would put a stream around every body.
      responseChecksumValidation: 'WHEN_REQUIRED',
      // What is written has the checksum that its writer gives; servers that speak like S3 need not know the SDK's own.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: this.#limits.connectTimeoutMs,
        httpAgent: agent,
        httpsAgent: agent,
      },
    }
  }

  get(location: ObjectLocation, options: GetOptions, signal: AbortSignal): Promise<StoredObject> {
    return this.#patiently(() => this.#begin(location, options, signal), signal)
  }

  async put(location: ObjectLocation, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<void> {
    const { sha256, owner } = options
    const command = new this.#sdk.PutObjectCommand({
      ...placeOf(location, owner),
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
    })
    await this.#patiently(
      () => this.#ask('PutObject', location, (client, abortSignal) => client.send(command, { abortSignal }), signal),
      signal,
    )
  }

  async remove(location: ObjectLocation, { owner }: OwnedOptions, signal: AbortSignal): Promise<void> {
    const command = new this.#sdk.DeleteObjectCommand(placeOf(location, owner))
    const send: Send<unknown> = (client, abortSignal) => client.send(command, { abortSignal })
    await this.#ask('DeleteObject', location, send, signal)
  }

  async list(location: ObjectLocation, { owner }: OwnedOptions, signal: AbortSignal): Promise<readonly string[]> {
    const { Bucket, ExpectedBucketOwner } = placeOf(location, owner)
    const command = new this.#sdk.ListObjectsV2Command({ Bucket, ExpectedBucketOwner, Prefix: location.key })
    const send: Send<S3.ListObjectsV2CommandOutput> = (client, abortSignal) => client.send(command, { abortSignal })
    const { Contents = [] } = await this.#ask('ListObjectsV2', location, send, signal)
    return Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]))
  }

  [Symbol.asyncDispose](): Promise<void> {
    // All clients share the first one's connections.
    this.#last?.client.config.requestHandler.destroy?.()
    return Promise.resolve()
  }

  #patiently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, rng, retry, giveUpOn, onRetry } = this.#options
    return retryForever({ clock, rng, policy: retry ?? defaultRetry, giveUpOn, onRetry }, attempt, signal)
  }

  async #begin(location: ObjectLocation, { ifMatch }: GetOptions, signal: AbortSignal): Promise<StoredObject> {
    const call = new AbortController()
    const onAbort = (): void => call.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const exchange: Exchange = {
      location,
      signal,
      cut: (reason) => call.abort(reason),
      forget: () => signal.removeEventListener('abort', onAbort),
    }
    const { bucket: Bucket, key: Key } = location
    const command = new this.#sdk.GetObjectCommand({
      Bucket,
      Key,
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    })
    try {
      const send: Send<S3.GetObjectCommandOutput> = (client) => client.send(command, { abortSignal: call.signal })
      return this.#readAnswer(await this.#ask('GetObject', location, send, signal), exchange)
    } catch (error) {
      exchange.forget()
      call.abort(error)
      throw error
    }
  }

  /** One request up to the headers of its answer, which must come in time. */
  async #ask<T>(action: S3Action, location: ObjectLocation, send: Send<T>, signal: AbortSignal): Promise<T> {
    const credentials = await this.#options.credentials.get(signal)
    const late = new AbortController()
    try {
      signal.throwIfAborted()
      const sent = send(this.#clientFor(credentials), AbortSignal.any([signal, late.signal]))
      return await withDeadline(this.#options.clock, this.#limits.answerTimeoutMs, sent, () => {
        return new TailraceError('AWS_UNREACHABLE', `${action} of ${nameOf(location)}: no answer in time`)
      })
    } catch (error) {
      late.abort(error)
      signal.throwIfAborted()
      const failure = errorOfRequest(error, action, location)
      if (failure.code === 'AWS_CREDENTIALS') this.#options.credentials.refuse(credentials)
      throw failure
    }
  }

  /** One client for as long as the credentials are the same: the SDK would remember those without an expiry for ever. */
  #clientFor(credentials: AwsCredentials): S3.S3Client {
    if (this.#last?.credentials === credentials) return this.#last.client
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    const client = new this.#sdk.S3Client({
      ...this.#config,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      ...(this.#last === undefined ? {} : { requestHandler: this.#last.client.config.requestHandler }),
    })
    this.#last = { credentials, client }
    return client
  }

  #readAnswer(answer: S3.GetObjectCommandOutput, exchange: Exchange): StoredObject {
    const { Body: stream, ETag: etag, ContentLength: size } = answer
    if (etag === undefined || size === undefined || !isByteStream(stream)) {
      const message = `GetObject of ${nameOf(exchange.location)} answered without a length or an etag; is there a proxy?`
      throw new TailraceError('AWS_RESPONSE', message)
    }
    const { clock } = this.#options
    return { etag, size, body: readBody(stream, size, exchange, { clock, timeoutMs: this.#limits.pieceTimeoutMs }) }
  }
}

async function* readBody(
  stream: AsyncIterable<Uint8Array>,
  size: number,
  exchange: Exchange,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): AsyncGenerator<Uint8Array> {
  const { location, signal } = exchange
  const pieces = stream[Symbol.asyncIterator]()
  let seen = 0
  let isComplete = false
  try {
    for (;;) {
      const piece = await withDeadline(clock, timeoutMs, pieces.next(), () => {
        return new TailraceError('AWS_UNREACHABLE', `GetObject of ${nameOf(location)}: the body stands still`)
      })
      if (piece.done === true) break
      seen += piece.value.byteLength
      yield piece.value
    }
    if (seen !== size) throw new Error(`${seen} bytes of ${size}`)
    isComplete = true
  } catch (error) {
    signal.throwIfAborted()
    throw errorOfBody(error, location)
  } finally {
    exchange.forget()
    if (!isComplete) {
      exchange.cut(new Error('the body is not needed any more'))
      await pieces.return?.().catch(() => {})
    }
  }
}

function placeOf(
  { bucket: Bucket, key: Key }: ObjectLocation,
  owner: string | undefined,
): { readonly Bucket: string; readonly Key: string; readonly ExpectedBucketOwner?: string } {
  return { Bucket, Key, ...(owner === undefined ? {} : { ExpectedBucketOwner: owner }) }
}

/** In Node.js the SDK gives the message of `node:http` itself. */
function isByteStream(stream: unknown): stream is AsyncIterable<Uint8Array> {
  return typeof stream === 'object' && stream !== null && Symbol.asyncIterator in stream
}
