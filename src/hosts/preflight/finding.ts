import type { Table } from '../../change/table.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { errorCatalogue } from '../../error-catalogue.ts'
import { TailraceError } from '../../errors.ts'

/** What one check found. */
export interface Finding {
  readonly check: string
  /** `warning` is worth reading and stops nothing. */
  readonly status: 'ok' | 'warning' | 'failed'
  readonly detail: string
  /** The documented code of a failure, with what the catalogue says of it. */
  readonly code?: ErrorCode
  readonly cause?: string
  readonly remedy?: string
  /** The table (its ARN, or as configured) where the finding is about one. */
  readonly table?: string
  /** Only a table that was not read until now could not be taken up, beside those that were. */
  readonly isAboutNewTable?: boolean
  /** Only a snapshot of the table could not begin; its changes are read all the same. */
  readonly isAboutSnapshot?: boolean
}

/** What was found at the source, and the tables that could be described. */
export interface SourceReport {
  readonly findings: readonly Finding[]
  readonly tables: readonly Table[]
}

/** Nothing is wrong with it. */
export function passed(check: string, detail: string): Finding {
  return { check, status: 'ok', detail }
}

/** It works, and should be otherwise. */
export function warning(check: string, detail: string, remedy?: string): Finding {
  return { check, status: 'warning', detail, ...(remedy === undefined ? {} : { remedy }) }
}

/** A failure as a finding. Throws whatever is not a `TailraceError`: that is no finding but a defect. */
export function failed(check: string, error: unknown): Finding {
  if (!(error instanceof TailraceError)) throw error
  const { cause } = errorCatalogue[error.code]
  return { check, status: 'failed', detail: error.message, code: error.code, cause, remedy: error.remedy }
}

/** True if the input must be corrected before anything can be started; other failures may pass by themselves. */
export function isRefusal({ status, code }: Finding): boolean {
  return status === 'failed' && code !== undefined && errorCatalogue[code].policy === 'refuse'
}
