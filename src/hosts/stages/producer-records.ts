import { TailraceError } from '../../errors.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { SerializedRecord } from '../../serialize/serializer.ts'

/** A record batch's own overhead and a record's framing, as an upper bound. Kafka's limit counts the whole batch. */
const batchOverheadBytes = 61 + 40
const headerOverheadBytes = 10

/** Encoded bytes of one record, in a batch of its own. */
export function sizeOf({ key, value, headers }: Pick<ProducerRecord, 'key' | 'value' | 'headers'>): number {
  let size = batchOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, content] of headers) size += headerOverheadBytes + name.length + content.length
  return size
}

/** Refuses what the broker would refuse, while the record can still be named. */
export function refuseTooLarge(records: readonly SerializedRecord[], limits: RecordLimits): void {
  for (const record of records) {
    const size = sizeOf(record)
    if (size > limits.maxRecordBytes) throw tooLarge(size, record, limits)
  }
}

/** How large a record may be, and what it is of. */
export interface RecordLimits {
  readonly table: TableEntry
  readonly maxRecordBytes: number
  /** Of a change; undefined for a row of a snapshot. */
  readonly position: { readonly shard: string; readonly sequenceNumber: string } | undefined
}

function tooLarge(
  size: number,
  record: SerializedRecord,
  { table: entry, maxRecordBytes, position }: RecordLimits,
): TailraceError {
  const { table } = entry
  const topic = record.topic ?? entry.topic
  const what = position === undefined ? 'a row of a snapshot' : 'a change'
  const where = position === undefined ? '' : ` (shard ${position.shard}, sequence number ${position.sequenceNumber})`
  return new TailraceError(
    'RECORD_TOO_LARGE',
    `${what} of table ${table.name} makes a record of about ${size} bytes, topic ${topic} takes ${maxRecordBytes}${where}`,
    { details: { table: table.name, topic, ...position, bytes: size } },
  )
}
