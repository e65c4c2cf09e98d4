import {
  AuthenticationError,
  MultipleErrors,
  NetworkError,
  ProtocolError,
  protocolErrorsCodesById,
  TimeoutError,
  UserError,
} from '@platformatic/kafka'
import { outOfFileHandles, TailraceError } from '../errors.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { KafkaError } from './kafka.ts'
import type { BrokerAddress } from './kafka-connection.ts'

/** What was attempted, for messages: `Fetch`, and `orders-7` or `group tailrace.shop`. */
export interface Attempt {
  readonly action: string
  readonly resource?: string | undefined
  /** The partition, where the error belongs to one. */
  readonly topic?: string
  readonly partition?: number
  /** Of a batch that was sent, as it was sent. */
  readonly bytes?: number | undefined
}

const authorizationCodes = new Set([29, 30, 31, 53, 65])
const tooLargeCodes = new Set([10, 18])
/** Codes that some caller of the port decides about. */
const callersCodes = new Set([1, 3, 22, 25, 27, 36, 45, 46, 47, 48, 49, 51, 59, 68, 69, 79, 90, 100, 105, 120])
/** The answerer is not, or not yet, the right broker: look it up again. */
const movedCodes = new Set([3, 5, 6, 8, 9, 14, 15, 16, 41, 72, 74, 75, 76, 100, 103])

/** Kafka's own name of an error code. */
export function errorName(code: number): string {
  return protocolErrorsCodesById[code] ?? `ERROR_${code}`
}

/** True when the cached leader or coordinator may be the wrong one. */
export function isMoved(code: number): boolean {
  return movedCodes.has(code)
}

/** The error that stands for a broker's code. Never called with 0. */
export function brokerError(code: number, attempt: Attempt, brokerMessage?: string | null): Error {
  const name = errorName(code)
  const where = attempt.resource === undefined ? '' : ` on ${attempt.resource}`
  const why = brokerMessage === null || brokerMessage === undefined || brokerMessage === '' ? '' : ` (${brokerMessage})`
  const message = `${attempt.action}${where}: the broker answered ${name}${why}.`
  const details = { ...attempt, errorName: name, errorCode: code }
  if (authorizationCodes.has(code)) return new TailraceError('KAFKA_AUTHORIZATION', message, { details })
  if (tooLargeCodes.has(code)) return new TailraceError('RECORD_TOO_LARGE', message, { details })
  if (code === 7) return new TailraceError('KAFKA_TIMEOUT', message, { details })
  if (callersCodes.has(code)) return new KafkaError(code, name, message)
  return new TailraceError('KAFKA_PROTOCOL', message, { details })
}

/** The error that stands for a request without an answer: no connection, no handshake, no time, no sense. */
export function transportError(error: unknown, action: string, broker: BrokerAddress): TailraceError {
  if (error instanceof TailraceError) return error
  const exhausted = outOfFileHandles(error, `${action} at ${broker.host}:${broker.port}`)
  if (exhausted !== undefined) return exhausted
  const chain = [...causesOf(error)]
  const code = codeOfChain(chain)
  const reasons = [...new Set(chain.map((cause) => cause.message))].join(' ')
  // Whom a broker does not understand, it leaves without a word, right at the start.
  const isStart = action === 'ApiVersions' || action === 'Metadata'
  const hint = isStart && reasons.endsWith('closed') ? '. The broker may expect another security.protocol.' : ''
  return new TailraceError(code, `${action} at ${broker.host}:${broker.port}: ${reasons}${hint}`, {
    cause: error,
    details: { action, broker: `${broker.host}:${broker.port}` },
  })
}

/** The one of several failures that says most about what to correct. */
export function mostTelling(errors: readonly TailraceError[]): TailraceError | undefined {
  const order: readonly ErrorCode[] = ['KAFKA_AUTHENTICATION', 'KAFKA_TLS', 'KAFKA_PROTOCOL', 'KAFKA_TIMEOUT']
  for (const code of order) {
    const found = errors.find((error) => error.code === code)
    if (found !== undefined) return found
  }
  return errors[0]
}

function codeOfChain(chain: readonly Error[]): ErrorCode {
  if (chain.some(isAuthentication)) return 'KAFKA_AUTHENTICATION'
  if (chain.some(isTls)) return 'KAFKA_TLS'
  if (chain.some((cause) => cause instanceof TimeoutError)) return 'KAFKA_TIMEOUT'
  const isNetwork = chain.some((cause) => cause instanceof NetworkError || 'syscall' in cause)
  return isNetwork ? 'KAFKA_UNREACHABLE' : 'KAFKA_PROTOCOL'
}

function isAuthentication(error: Error): boolean {
  if (error instanceof AuthenticationError) return true
  if (!(error instanceof ProtocolError)) return false
  const apiId: unknown = error['apiId']
  return (
    apiId === 'SASL_AUTHENTICATION_FAILED' || apiId === 'UNSUPPORTED_SASL_MECHANISM' || apiId === 'ILLEGAL_SASL_STATE'
  )
}

// Node names TLS failures by many codes; these prefixes are those of OpenSSL's and of certificate checks.
const tlsCodes =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/

function isTls(error: Error): boolean {
  if (error instanceof UserError) return error.message.includes('TLS')
  const code: unknown = 'code' in error ? error.code : undefined
  return typeof code === 'string' && tlsCodes.test(code)
}

function* causesOf(error: unknown): Generator<Error> {
  if (!(error instanceof Error)) return
  yield error
  if (error instanceof MultipleErrors || error instanceof AggregateError) {
    for (const inner of error.errors as unknown[]) yield* causesOf(inner)
  }
  yield* causesOf(error.cause)
}
