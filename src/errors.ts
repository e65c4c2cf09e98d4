import { errorCatalogue } from './error-catalogue.ts'
import type { ErrorCode } from './error-catalogue.ts'
import type { ErrorPolicy } from './error-entries/error-entry.ts'

/** Facts that help whoever reads the error. Never an item's values, never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>

/** The one error class of tailrace: a documented code, a message for people, and the cause it wraps. */
export class TailraceError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(
    code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly details?: ErrorDetails },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TailraceError'
    this.code = code
    this.details = options?.details ?? {}
  }

  /** What to do with it; see `ErrorPolicy`. */
  get policy(): ErrorPolicy {
    return errorCatalogue[this.code].policy
  }

  /** What the reader can do about it. */
  get remedy(): string {
    return errorCatalogue[this.code].remedy
  }
}

/**
 * OUT_OF_FILE_HANDLES if `error`, or anything that caused it, is the system's refusal to open another file or connection;
 * undefined otherwise. Whoever makes an error out of a failed connection asks this first: waiting would not end, and a
 * process that holds lanes and cannot work on them must leave them to others.
 */
export function outOfFileHandles(error: unknown, action: string): TailraceError | undefined {
  if (!(error instanceof Error)) return undefined
  const code = refusedHandle(error)
  if (code !== undefined) {
    const message = `${action}: ${code}, no more files or connections can be opened`
    return new TailraceError('OUT_OF_FILE_HANDLES', message, { cause: error })
  }
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  for (const cause of [...inner, error.cause]) {
    const found = outOfFileHandles(cause, action)
    if (found !== undefined) return found
  }
  return undefined
}

/** Node's loader of modules, which libraries call late, tells EMFILE by its text alone (ERR_INVALID_PACKAGE_CONFIG). */
function refusedHandle(error: Error): 'EMFILE' | 'ENFILE' | undefined {
  const code: unknown = 'code' in error ? error.code : undefined
  if (code === 'EMFILE' || code === 'ENFILE') return code
  return error.message.includes('too many open files') ? 'EMFILE' : undefined
}

/** True for the rejection of something that was told to stop. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'))
}
