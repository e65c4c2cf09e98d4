import type { ChangeEvent } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'

/** RECORD_UNREADABLE for a change that was decoded but cannot be written. `reason` must hold no item value. */
export function unreadableRecord(reason: string, event: ChangeEvent, table: Table): TailraceError {
  const { shardId, sequenceNumber, snapshot } = event
  if (snapshot !== undefined) {
    return new TailraceError('RECORD_UNREADABLE', `A row of table ${table.name} cannot be written: ${reason}`, {
      details: { table: table.name, reason },
    })
  }
  return new TailraceError(
    'RECORD_UNREADABLE',
    `A change of table ${table.name} cannot be written: ${reason} (shard ${shardId}, sequence number ${sequenceNumber})`,
    { details: { table: table.name, shard: shardId, sequenceNumber, reason } },
  )
}
