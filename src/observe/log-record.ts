import { TailraceError } from '../errors.ts'
import type { LogFields, LogValue } from './logger.ts'
import type { Redactor } from './redactor.ts'

/** Longest chain of causes that a line shows. */
const maximumCauses = 8

/** The fields as plain JSON values: texts redacted, errors taken apart, big integers as text, `undefined` left out. */
export function toLogRecord(fields: LogFields, redactor: Redactor): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, toJsonValue(value, redactor)] as const],
    ),
  )
}

function toJsonValue(value: Exclude<LogValue, undefined>, redactor: Redactor): unknown {
  if (typeof value === 'string') return redactor.redact(value)
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Error) return toErrorRecord(value, redactor)
  if (typeof value === 'object') return value.map((one) => (typeof one === 'string' ? redactor.redact(one) : one))
  return value
}

/**
 * Code, message, details and the messages of the causes. The stack is shown only for errors that are not ours: ours say
 * where by name. Only these members are read, because a foreign error may carry the request that failed.
 */
function toErrorRecord(error: Error, redactor: Redactor): Record<string, unknown> {
  const isOurs = error instanceof TailraceError
  const causes = causesOf(error).map((cause) => redactor.redact(describeCause(cause)))
  return {
    ...(isOurs ? { code: error.code } : { name: error.name }),
    message: redactor.redact(error.message),
    ...(isOurs && Object.keys(error.details).length > 0 ? { details: toLogRecord(error.details, redactor) } : {}),
    ...(causes.length > 0 ? { causes } : {}),
    ...(isOurs || error.stack === undefined ? {} : { stack: redactor.redact(error.stack) }),
  }
}

/** The causes behind an error, nearest first; ends at a cycle or after eight. */
export function causesOf(error: Error): readonly unknown[] {
  const causes: unknown[] = []
  const seen = new Set<unknown>([error])
  let cause = error.cause
  while (cause !== undefined && cause !== null && !seen.has(cause) && causes.length < maximumCauses) {
    causes.push(cause)
    seen.add(cause)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes
}

/** One cause in one line. What is not an Error is named by its type only: it could be anything, an item too. */
export function describeCause(cause: unknown): string {
  if (cause instanceof TailraceError) return `${cause.code}: ${cause.message}`
  if (cause instanceof Error) return cause.message === '' ? cause.name : `${cause.name}: ${cause.message}`
  return typeof cause === 'string' ? cause : `(a thrown ${typeof cause})`
}
