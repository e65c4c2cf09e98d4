import type { ChangeEvent } from '../change/change-event.ts'
import type { JsonWriter } from './json-writer.ts'

type Header = readonly [Buffer, Buffer]

/** Names the table that a record is of. */
export const tableHeader = 'tailrace.table'

/** What a record says of its item, in one letter of Debezium's (`c`, `u`, `d`, `r`), where its value does not show it. */
export const operationHeader = 'tailrace.op'

const tableName = Buffer.from(tableHeader)
const shardName = Buffer.from('tailrace.shard')
const sequenceName = Buffer.from('tailrace.seq')
const eventIdName = Buffer.from('tailrace.event.id')

/**
 * The headers of a shard's records: where a record comes from, readable whatever its value's format is. (Shard,
 * sequence number) is the identity of a change: readers can drop repeats by it.
 */
export interface RecordHeaders {
  /** `tailrace.table`, `.shard`, `.seq`, `.event.id`, in UTF-8; of a row of a snapshot the first alone. */
  of(event: ChangeEvent): readonly Header[]
}

/** `writer` must have nothing in it that was not taken. */
export function createRecordHeaders(writer: JsonWriter, table: string, shardId: string): RecordHeaders {
  const tableHeader: Header = [tableName, Buffer.from(table)]
  const rowHeaders = [tableHeader]
  const shardHeader: Header = [shardName, Buffer.from(shardId)]
  return {
    of(event) {
      if (event.snapshot !== undefined) return rowHeaders
      writer.text(event.sequenceNumber)
      const sequenceNumber = writer.take()
      writer.text(event.eventId)
      return [tableHeader, shardHeader, [sequenceName, sequenceNumber], [eventIdName, writer.take()]]
    },
  }
}
