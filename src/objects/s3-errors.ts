import { outOfFileHandles, TailraceError } from '../errors.ts'
import type { ObjectLocation } from './objects.ts'

const throttlingNames: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'TooManyRequestsException',
])

const credentialsNames: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
])

/** Answers with a status below 500 that are the service's own trouble. */
const serverNames: ReadonlySet<string> = new Set(['InternalError', 'RequestTimeout', 'ServiceUnavailable'])

const deniedNames: ReadonlySet<string> = new Set(['AccessDenied', 'AccessDeniedException', 'AllAccessDisabled'])

/** What a caller asked of the object store. */
export type S3Action = 'GetObject' | 'PutObject' | 'DeleteObject' | 'ListObjectsV2'

/** What it means that a request was not answered with what was asked for. */
export function errorOfRequest(error: unknown, action: S3Action, location: ObjectLocation): TailraceError {
  if (error instanceof TailraceError) return error
  const what = nameOf(location)
  const status = statusOf(error)
  const name = error instanceof Error ? error.name : 'unknown'
  if (status === undefined && !credentialsNames.has(name)) {
    const message = `${action} of ${what}: no answer (${reasonOf(error)})`
    return outOfFileHandles(error, action) ?? new TailraceError('AWS_UNREACHABLE', message, { cause: error })
  }
  const details = { action, ...location, type: name, statusCode: status, requestId: requestIdOf(error) }
  const fail = (code: TailraceError['code'], message: string): TailraceError =>
    new TailraceError(code, message, { cause: error, details })

  if (throttlingNames.has(name) || status === 429) return fail('AWS_THROTTLED', `${action} was throttled (${name})`)
  if (credentialsNames.has(name)) return fail('AWS_CREDENTIALS', `${action}: the credentials were refused (${name})`)
  if (deniedNames.has(name)) return fail('AWS_ACCESS_DENIED', deniedMessage(error, action, what))
  if (name === 'NoSuchBucket') return fail('BUCKET_MISSING', `there is no bucket ${location.bucket}`)
  if (name === 'NoSuchKey' || name === 'NotFound') return fail('OBJECT_MISSING', `there is no object ${what}`)
  if (name === 'PreconditionFailed' || status === 412)
    return fail('OBJECT_CHANGED', `another object has taken the place of ${what}`)
  if (serverNames.has(name) || (status ?? 0) >= 500)
    return fail('AWS_UNREACHABLE', `${action} of ${what}: server error ${status} ${name}`)
  const refuses = action === 'GetObject' ? 'give' : 'take'
  return fail('OBJECT_REFUSED', `S3 does not ${refuses} ${what}: ${name} (status ${status})`)
}

/** What it means that a body ended, or failed, before all of its bytes had come. */
export function errorOfBody(error: unknown, location: ObjectLocation): TailraceError {
  if (error instanceof TailraceError) return error
  const message = `GetObject of ${nameOf(location)}: the answer was cut off (${reasonOf(error)})`
  return outOfFileHandles(error, 'GetObject') ?? new TailraceError('AWS_RESPONSE', message, { cause: error })
}

/** `s3://bucket/key`, for messages. */
export function nameOf({ bucket, key }: ObjectLocation): string {
  return `s3://${bucket}/${key}`
}

const permissions: Readonly<Record<S3Action, string>> = {
  GetObject: 's3:GetObject',
  PutObject: 's3:PutObject',
  DeleteObject: 's3:DeleteObject',
  ListObjectsV2: 's3:ListBucket',
}

function deniedMessage(error: unknown, asked: S3Action, what: string): string {
  const text = error instanceof Error ? error.message : ''
  // "User: … is not authorized to perform: kms:Decrypt on resource: arn:… because …"
  const action = /perform: ([\w-]+:\w+)/.exec(text)?.[1] ?? permissions[asked]
  const resource = /on resource: "?([^\s"]+)/.exec(text)?.[1] ?? what
  // S3 tells whether an object exists only to those who may list its bucket.
  const hint = action === 's3:GetObject' ? ', or it does not exist and s3:ListBucket is not allowed' : ''
  return `Not allowed: ${action} on ${resource}${hint}`
}

/** Of an answer; undefined if there was none. */
function statusOf(error: unknown): number | undefined {
  const status = metadataOf(error)['httpStatusCode']
  return typeof status === 'number' ? status : undefined
}

function requestIdOf(error: unknown): string | undefined {
  const id = metadataOf(error)['requestId']
  return typeof id === 'string' ? id : undefined
}

function metadataOf(error: unknown): Readonly<Record<string, unknown>> {
  const metadata: unknown = error instanceof Error && '$metadata' in error ? error.$metadata : undefined
  return typeof metadata === 'object' && metadata !== null ? { ...metadata } : {}
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code: unknown = 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : error.name
}
