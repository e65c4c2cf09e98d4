import { errorCatalogue } from './error-catalogue.ts'
import type { ErrorCode, ErrorPolicy } from './error-catalogue.ts'

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

/** True for the rejection of something that was told to stop. */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'))
}
