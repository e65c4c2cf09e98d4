import type { ErrorCode } from '../../../error-catalogue.ts'
import { TailraceError } from '../../../errors.ts'

/** Status codes of errors whose policy does not say it. */
const statuses: Partial<Record<ErrorCode, number>> = {
  CONNECTOR_UNKNOWN: 404,
  TASK_UNKNOWN: 404,
  TABLE_UNKNOWN: 404,
  PLUGIN_UNKNOWN: 404,
  LOGGER_UNKNOWN: 404,
  CONNECTOR_EXISTS: 409,
  SERVICE_CHANGING: 409,
  ADVERTISED_TWICE: 409,
  TOPICS_NOT_TRACKED: 403,
  FORWARD_UNBELIEVED: 401,
  // Nothing is wrong with the request.
  SERVICE_LOG_FOREIGN: 500,
  SERVICE_LOG_LOST: 500,
}

/** An error in Connect's shape. */
export interface Failure {
  readonly status: number
  readonly message: string
}

/**
 * What a caller is told of an error: documented ones by their words, of which none holds a value, a secret or a stack. Refused
 * input is 400, everything else that is not listed 500. What is not documented is in the log only.
 */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof TailraceError))
    return { status: 500, message: 'Internal error; the log of the process says more' }
  const status = statuses[error.code] ?? (error.policy === 'refuse' ? 400 : 500)
  return { status, message: status === 500 ? `${error.message} (${error.code})` : error.message }
}

/** What lasts until somebody mends it: asking again is of no use. */
export function lastingFailure(error: TailraceError): Failure {
  const { message, code, remedy } = error
  return { status: failureOf(error).status, message: `${message} (${code}). ${remedy}` }
}
