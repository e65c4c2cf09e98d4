import type { Table } from '../../change/table.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import { encodedBytes, fitsBatch } from '../../kafka/record-batch-encoder.ts'
import type { Compression } from '../../kafka/record-batch-encoder.ts'
import { groupsOf, recordsOf } from '../../oversize/record-groups.ts'
import { tooLarge } from '../../oversize/too-large.ts'
import type { SerializedRecord } from '../../serialize/serializer.ts'

/** A record batch's own overhead and a record's framing, as an upper bound. Kafka's limit counts the whole batch. */
const batchOverheadBytes = 61 + 40
const headerOverheadBytes = 10

/** An upper bound of one record's encoded bytes, in a batch of its own that is not compressed. */
export function sizeOf({ key, value, headers }: Pick<ProducerRecord, 'key' | 'value' | 'headers'>): number {
  let size = batchOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, content] of headers) size += headerOverheadBytes + name.length + content.length
  return size
}

/** True if the broker takes each of these records; a delete and its tombstone go as one batch. */
export function isTaken(records: readonly SerializedRecord[], limits: Limits): boolean {
  const { compression, maxRecordBytesOf } = limits
  return groupsOf(records).every((group) => {
    const limit = maxRecordBytesOf(group.event)
    const batch = recordsOf(group)
    const bound = batch.reduce((sum, record) => sum + sizeOf(record), 0)
    return (compression === 'none' && bound <= limit) || fitsBatch(batch, compression, limit)
  })
}

/** Refuses what the broker would refuse, while the record can still be named. */
export function refuseTooLarge(records: readonly SerializedRecord[], limits: Limits & RefusedChange): void {
  const { table, compression, maxRecordBytesOf, position } = limits
  for (const group of groupsOf(records)) {
    const batch = recordsOf(group)
    const maxRecordBytes = maxRecordBytesOf(group.event)
    if (fitsBatch(batch, compression, maxRecordBytes)) continue
    const bytes = encodedBytes(batch, compression)
    const topic = group.event.topic ?? limits.topic
    throw tooLarge({ table, topic, maxRecordBytes, bytes, position }, limits.toDeadLetters)
  }
}

/** How large records may be. */
export interface Limits {
  readonly compression: Compression
  /** As the record's topic has it. */
  readonly maxRecordBytesOf: (record: SerializedRecord) => number
}

/** What records are of that may have to be refused. */
export interface RefusedChange {
  readonly table: Table
  /** The table's own. */
  readonly topic: string
  /** Of a change; undefined for a row of a snapshot. */
  readonly position: { readonly shard: string; readonly sequenceNumber: string } | undefined
  /** The error asks for a dead letter whatever is tolerated otherwise. */
  readonly toDeadLetters: boolean
}
