import { TailraceError } from '../../errors.ts'
import type { FailedExport, TableExport } from './table-exports.ts'

/** EXPORT_FAILED with the service's own reason. */
export function failedExport(exportArn: string, { code, message }: FailedExport): TailraceError {
  return new TailraceError('EXPORT_FAILED', `Export ${exportArn} failed: ${code}: ${message}`, {
    details: { exportArn, failureCode: code },
  })
}

/** The time up to which an export holds changes; its own time is excluded. Milliseconds. */
export function endOfExport(tableExport: TableExport): number {
  return tableExport.kind === 'full' ? tableExport.exportTimeMs : tableExport.toMs
}

/**
 * Throws EXPORT_GAP unless `next` begins at the very time at which `previous` ends, and EXPORT_FOREIGN if they are of
 * different tables.
 */
export function refuseHole(previous: TableExport, next: TableExport): void {
  refuseForeign(next, { arn: previous.tableArn, id: previous.tableId })
  const end = endOfExport(previous)
  const details = { previous: previous.exportArn, next: next.exportArn }
  if (next.kind === 'full') {
    throw new TailraceError('EXPORT_GAP', `${next.exportArn} is a full export and follows on nothing`, { details })
  }
  if (next.fromMs === end) return
  const [from, to] = [timeText(end), timeText(next.fromMs)]
  const problem = next.fromMs > end ? `nothing covers ${from} to ${to}` : `it begins at ${to}, before ${from}`
  throw new TailraceError('EXPORT_GAP', `${next.exportArn} does not follow on ${previous.exportArn}: ${problem}`, {
    details,
  })
}

/** Throws EXPORT_FOREIGN unless the export is of this very table: same ARN, same id. */
export function refuseForeign(tableExport: TableExport, table: { readonly arn: string; readonly id: string }): void {
  const { exportArn, tableArn, tableId } = tableExport
  const details = { exportArn, tableArn, tableId, expectedArn: table.arn, expectedId: table.id }
  if (tableArn !== table.arn) {
    throw new TailraceError('EXPORT_FOREIGN', `${exportArn} is of ${tableArn}, not of ${table.arn}`, { details })
  }
  if (tableId !== table.id) {
    const message = `${exportArn} is of an earlier table ${tableArn} (${tableId}), not of the present one (${table.id})`
    throw new TailraceError('EXPORT_FOREIGN', message, { details })
  }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}
