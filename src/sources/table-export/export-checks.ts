import { TailraceError } from '../../errors.ts'
import type { ExpectedExport, TableExport } from './table-exports.ts'

/** The time up to which an export holds changes; its own time is excluded. Milliseconds. */
export function endOfExport(tableExport: TableExport): number {
  return tableExport.kind === 'full' ? tableExport.exportTimeMs : tableExport.toMs
}

/**
 * Throws EXPORT_FOREIGN for an export of another table, and EXPORT_GAP for one of another time than was expected: exports
 * that follow on each other must leave no time out and tell of none twice.
 */
export function refuseOther(tableExport: TableExport, expected: ExpectedExport): void {
  refuseForeign(tableExport, expected)
  const { exportArn } = tableExport
  const from = tableExport.kind === 'full' ? undefined : tableExport.fromMs
  const isSame =
    secondOf(from) === secondOf(expected.fromMs) && secondOf(endOfExport(tableExport)) === secondOf(expected.toMs)
  if (isSame) return
  const found = extentText(from, endOfExport(tableExport))
  const wanted = extentText(expected.fromMs, expected.toMs)
  throw new TailraceError('EXPORT_GAP', `${exportArn} holds ${found}; what follows next is ${wanted}`, {
    details: { exportArn },
  })
}

/** Manifests have milliseconds, which the service does not go by. */
function secondOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000)
}

function extentText(fromMs: number | undefined, toMs: number): string {
  return fromMs === undefined
    ? `the whole table at ${timeText(toMs)}`
    : `the changes from ${timeText(fromMs)} to ${timeText(toMs)}`
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
