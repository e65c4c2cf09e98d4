import { outOfFileHandles, TailraceError } from '../errors.ts'
import { AwsServiceError } from './aws.ts'
import type { AwsRequest } from './aws.ts'
import { parseJson } from './exact-json.ts'
import { isJsonObject } from './json-object.ts'

/** The request whose answer or failure is being judged, and the host that it went to. */
export interface AwsExchange {
  readonly request: AwsRequest
  readonly host: string
}

/** An answer that is not a success. */
export interface AwsFailure extends AwsExchange {
  readonly statusCode: number
  readonly body: Buffer
  /** `x-amzn-requestid`, if the service gave one. */
  readonly requestId: string | undefined
  /** `x-amzn-errortype`, which some answers carry instead of a body. */
  readonly errorType: string | undefined
}

const throttlingTypes: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'KMSThrottlingException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
])

const deniedTypes: ReadonlySet<string> = new Set(['AccessDenied', 'AccessDeniedException'])

/** The key of an encrypted stream. Someone may mend all of them, also a key that is about to be deleted. */
const keyTypes: ReadonlySet<string> = new Set([
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'KMSOptInRequired',
])

const credentialsTypes: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
])

/** What an answer with another status than 200 means. */
export function errorOfFailure(failure: AwsFailure): TailraceError | AwsServiceError {
  const { type, message } = parseFailure(failure)
  const what = describe(failure)
  const details = { action: failure.request.action, type, statusCode: failure.statusCode, requestId: failure.requestId }
  if (throttlingTypes.has(type) || (type === '' && failure.statusCode === 429)) {
    return new TailraceError('AWS_THROTTLED', `${what} was throttled (${type === '' ? '429' : type})`, { details })
  }
  if (deniedTypes.has(type)) return accessDenied(failure, message)
  if (keyTypes.has(type)) {
    // The service's text names the key and what is wrong with it.
    return new TailraceError('AWS_KEY_UNUSABLE', `${what}: ${type}: ${message}`, { details })
  }
  if (credentialsTypes.has(type)) {
    return new TailraceError('AWS_CREDENTIALS', `${what}: the credentials were refused (${type})`, { details })
  }
  if (type === 'ExpiredIteratorException')
    return new TailraceError('ITERATOR_EXPIRED', `${what}: the shard iterator has expired`, { details })
  if (failure.statusCode >= 500) {
    return new TailraceError('AWS_UNREACHABLE', `${what}: server error ${failure.statusCode} ${type}`.trimEnd(), {
      details,
    })
  }
  if (type === '') {
    return new TailraceError(
      'AWS_RESPONSE',
      `${what}: status ${failure.statusCode} without an AWS error; is there a proxy?`,
      { details },
    )
  }
  return new AwsServiceError(type, `${what}: ${type}: ${message}`, failure.statusCode)
}

/** What a connection that failed, or an answer that never became complete, means. */
export function errorOfNetwork(exchange: AwsExchange, cause: unknown, isAnswerBegun: boolean): TailraceError {
  const exhausted = outOfFileHandles(cause, describe(exchange))
  if (exhausted !== undefined) return exhausted
  const reason = reasonOf(cause)
  // Time-outs say nothing about the answer's content, a connection that ends inside the body does.
  if (isAnswerBegun && !reason.includes('TIMEOUT')) {
    return new TailraceError('AWS_RESPONSE', `${describe(exchange)}: the answer was cut off (${reason})`, { cause })
  }
  return new TailraceError('AWS_UNREACHABLE', `${describe(exchange)}: no answer (${reason})`, { cause })
}

/** An answer whose body is not what was sent. */
export function unreadableAnswer(exchange: AwsExchange, reason: string, cause?: unknown): TailraceError {
  return new TailraceError('AWS_RESPONSE', `${describe(exchange)}: ${reason}`, cause === undefined ? {} : { cause })
}

/** True for the failures that a wrong clock on this machine produces. */
export function isClockSkew(failure: AwsFailure): boolean {
  const { type, message } = parseFailure(failure)
  if (type === 'RequestTimeTooSkewed' || type === 'RequestExpired') return true
  return type === 'InvalidSignatureException' && /Signature (expired|not yet current)/.test(message)
}

function accessDenied(failure: AwsFailure, message: string): TailraceError {
  // "User: … is not authorized to perform: dynamodb:GetRecords on resource: arn:… because …"
  const action = /perform: ([\w-]+:\w+)/.exec(message)?.[1] ?? iamAction(failure.request)
  const resource = /on resource: (\S+)/.exec(message)?.[1] ?? resourceOf(failure.request)
  return new TailraceError('AWS_ACCESS_DENIED', `Not allowed: ${action} on ${resource}`, {
    details: { action, resource, requestId: failure.requestId },
  })
}

function iamAction(request: AwsRequest): string {
  return `${iamPrefixes[request.service]}:${request.action}`
}

const iamPrefixes: Readonly<Record<AwsRequest['service'], string>> = {
  dynamodb: 'dynamodb',
  streams: 'dynamodb',
  kinesis: 'kinesis',
  glue: 'glue',
  cloudwatch: 'cloudwatch',
  secretsmanager: 'secretsmanager',
  ssm: 'ssm',
  lambda: 'lambda',
  tagging: 'tag',
}

function resourceOf(request: AwsRequest): string {
  for (const name of [
    'StreamArn',
    'StreamARN',
    'ConsumerARN',
    'ResourceArn',
    'TableName',
    'StreamName',
    'SecretId',
    'Name',
  ]) {
    const value = request.body[name]
    if (typeof value === 'string') return value
  }
  if (request.service === 'cloudwatch') return 'metrics'
  if (request.service === 'lambda') return 'the function'
  // The rights of this service are about no resource.
  if (request.service === 'tagging') return '*'
  return request.service === 'glue' ? 'the registry' : 'the stream'
}

function describe(exchange: AwsExchange): string {
  return `${exchange.request.action} at ${exchange.host}`
}

function parseFailure(failure: AwsFailure): { readonly type: string; readonly message: string } {
  let type: unknown = failure.errorType
  let message: unknown
  try {
    const body = parseJson(failure.body)
    if (isJsonObject(body)) {
      type = body['__type'] ?? body['code'] ?? type
      message = body['message'] ?? body['Message']
    }
  } catch {
    // Not JSON: a proxy's page. The status decides.
  }
  return { type: shortType(type), message: typeof message === 'string' ? message : '' }
}

/** `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException:http://…` → `ResourceNotFoundException`. */
function shortType(type: unknown): string {
  if (typeof type !== 'string') return ''
  return type.slice(type.indexOf('#') + 1).split(':')[0] ?? ''
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown'
  const code: unknown = 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : cause.name
}
