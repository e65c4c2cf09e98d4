import type { ChangeEvent } from '../../change/change-event.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'

/** SCHEMA_MISMATCH with the position of its change. */
export function mismatchedRecord(
  error: TailraceError,
  { shardId, sequenceNumber, snapshot }: ChangeEvent,
  { table, isDeadLetter }: { readonly table: Table; readonly isDeadLetter: boolean },
): TailraceError {
  const details = { ...error.details, table: table.name, ...(isDeadLetter ? { deadLetter: true } : {}) }
  if (snapshot !== undefined) {
    const text = `A row of table ${table.name} cannot be written: ${error.message}`
    return new TailraceError('SCHEMA_MISMATCH', text, { details })
  }
  const place = `shard ${shardId}, sequence number ${sequenceNumber}`
  return new TailraceError(
    'SCHEMA_MISMATCH',
    `A change of table ${table.name} cannot be written: ${error.message} (${place})`,
    { details: { ...details, shard: shardId, sequenceNumber } },
  )
}
