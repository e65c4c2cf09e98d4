import type { ChangeEvent } from '../../change/change-event.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'

/** A record's own failure together with the place of its change; of a row of a snapshot, with its table. */
export function placedError(
  error: TailraceError,
  { shardId, sequenceNumber, snapshot }: ChangeEvent,
  table: Table,
): TailraceError {
  const isRow = snapshot !== undefined
  const what = isRow ? `A row of table ${table.name}` : `A change of table ${table.name}`
  const place = isRow ? '' : ` (shard ${shardId}, sequence number ${sequenceNumber})`
  const position = isRow ? {} : { shard: shardId, sequenceNumber }
  return new TailraceError(error.code, `${what} cannot be written: ${error.message}${place}`, {
    cause: error,
    details: { ...error.details, table: table.name, ...position },
  })
}
