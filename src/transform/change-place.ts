import type { ChangeEvent } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { TailraceError } from '../errors.ts'

/** An error about one change: names its table and its position, never its values. */
export function changeError(
  code: ErrorCode,
  problem: string,
  about: { readonly event: ChangeEvent; readonly table: Table; readonly cause?: unknown; readonly file?: string },
): TailraceError {
  const { event, table, cause, file } = about
  const { shardId, sequenceNumber, snapshot } = event
  const isRow = snapshot !== undefined
  const what = `${isRow ? 'a row' : 'a change'} of table ${table.name} ${problem}`
  const where = isRow ? '' : ` (shard ${shardId}, sequence number ${sequenceNumber})`
  const position = isRow ? {} : { shard: shardId, sequenceNumber }
  return new TailraceError(code, `${what}${where}`, {
    ...(cause === undefined ? {} : { cause }),
    details: { table: table.name, ...position, ...(file === undefined ? {} : { file }) },
  })
}
