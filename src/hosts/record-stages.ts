import type { SnapshotMark } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'
import { decodeRow } from '../decode/decode-row.ts'
import { decodeStreamRecord } from '../decode/decode-stream-record.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { TailraceError } from '../errors.ts'
import type { ProducerRecord } from '../kafka/kafka.ts'
import { partitionOfKey } from '../kafka/partitioner.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import type { RowInput, RowOutput, StageInput, StageOutput, StagePosition, Stages } from '../pipeline/stages.ts'
import type { SerializedRecord, Serializer } from '../serialize/serializer.ts'

/** The implementations that make up the way of a record. */
export interface RecordStagesOptions {
  /** One envelope per table; asked once per table and stream. */
  readonly envelopeFor: (table: Table) => Envelope
  readonly serializer: Serializer
}

/** A record batch's own overhead and a record's framing, as an upper bound. Kafka's limit counts the whole batch. */
const batchOverheadBytes = 61 + 40
const headerOverheadBytes = 10

/** Decode → envelope → serialize → partition, one plain loop per page. */
export function createRecordStages(options: RecordStagesOptions): Stages {
  const envelopes = new Map<string, Envelope>()
  const envelopeOf = (table: Table): Envelope => {
    const known = envelopes.get(table.streamArn)
    if (known !== undefined) return known
    const made = options.envelopeFor(table)
    envelopes.set(table.streamArn, made)
    return made
  }
  return {
    process: (input) => processPage(input, envelopeOf(input.table.table), options.serializer),
    processRows: (input) => processRows(input, envelopeOf(input.table.table), options.serializer),
  }
}

function processPage(input: StageInput, envelope: Envelope, serializer: Serializer): StageOutput {
  const { table } = input.table
  const notBeforeMs = input.notBeforeMs ?? -Infinity
  const records: ProducerRecord[] = []
  let bytes = 0
  let changes = 0
  let read = 0
  let last: StagePosition | undefined
  let failure: TailraceError | undefined
  for (const wire of input.records) {
    try {
      const event = decodeStreamRecord(wire, table, input.shardId)
      if (event.createdAtMs >= notBeforeMs) {
        const serialized = serializer.serialize(envelope.wrap(event, input.nowMs))
        const size = measure(serialized)
        if (size > input.maxRecordBytes) {
          const position = { shard: input.shardId, sequenceNumber: event.sequenceNumber }
          refuseTooLarge(serialized, { table: input.table, maxRecordBytes: input.maxRecordBytes, position })
        }
        bytes += size
        addRecords(records, serialized, input.table, event.createdAtMs)
        changes++
      }
      read++
      last = event
    } catch (error) {
      failure = failureOf(error, input, last)
      break
    }
  }
  const reached =
    last === undefined ? undefined : { sequenceNumber: last.sequenceNumber, createdAtMs: last.createdAtMs }
  return { records, bytes, changes, read, last: reached, failure }
}

/** All records of a change have one key, so one partition. */
function addRecords(
  records: ProducerRecord[],
  serialized: readonly SerializedRecord[],
  { topic, topicPartitions }: TableEntry,
  timestamp: number,
): void {
  for (const { key, value, headers } of serialized) {
    const partition = partitionOfKey(key, topicPartitions)
    records.push({ topic, partition, key, value, headers, timestamp })
  }
}

/** Encoded bytes of one change's or row's records. */
function measure(records: readonly SerializedRecord[]): number {
  let total = 0
  for (const record of records) total += sizeOf(record)
  return total
}

function sizeOf({ key, value, headers }: SerializedRecord): number {
  let size = batchOverheadBytes + key.length + (value?.length ?? 0)
  for (const [name, content] of headers) size += headerOverheadBytes + name.length + content.length
  return size
}

/** Refuses what the broker would refuse, while the record can still be named. */
function refuseTooLarge(records: readonly SerializedRecord[], limits: Limits): void {
  for (const record of records) {
    const size = sizeOf(record)
    if (size > limits.maxRecordBytes) throw tooLarge(size, limits)
  }
}

/** How large a record may be, and what it is of. */
interface Limits {
  readonly table: TableEntry
  readonly maxRecordBytes: number
  /** Of a change; undefined for a row of a snapshot. */
  readonly position: { readonly shard: string; readonly sequenceNumber: string } | undefined
}

function tooLarge(size: number, { table: entry, maxRecordBytes, position }: Limits): TailraceError {
  const { topic, table } = entry
  const what = position === undefined ? 'a row of a snapshot' : 'a change'
  const where = position === undefined ? '' : ` (shard ${position.shard}, sequence number ${position.sequenceNumber})`
  return new TailraceError(
    'RECORD_TOO_LARGE',
    `${what} of table ${table.name} makes a record of about ${size} bytes, topic ${topic} takes ${maxRecordBytes}${where}`,
    { details: { table: table.name, topic, ...position, bytes: size } },
  )
}

function failureOf(error: unknown, input: StageInput, last: StagePosition | undefined): TailraceError {
  if (error instanceof TailraceError) return error
  const where = `behind sequence number ${last?.sequenceNumber ?? '(the page begins)'} of shard ${input.shardId}`
  return new TailraceError('RECORD_UNREADABLE', `a change ${where} could not be converted`, { cause: error })
}

/** The rows of a scanned page, without those that a newer change has displaced. */
function processRows(input: RowInput, envelope: Envelope, serializer: Serializer): RowOutput {
  const { table, items, readAtMs, isDisplaced } = input
  const limits: Limits = { table, maxRecordBytes: input.maxRecordBytes, position: undefined }
  const records: ProducerRecord[] = []
  let bytes = 0
  let rows = 0
  const rowOf = (item: unknown, snapshot: SnapshotMark): readonly SerializedRecord[] => {
    const event = decodeRow(item, table.table, { readAtMs, snapshot })
    const serialized = serializer.serialize(envelope.wrap(event, input.nowMs))
    return serialized.some(({ key }) => isDisplaced(key)) ? [] : serialized
  }
  try {
    const last = input.isLast ? items.findLastIndex((item) => rowOf(item, 'true').length > 0) : -1
    for (const [index, item] of items.entries()) {
      const serialized = rowOf(item, markOf(input, { isFirst: rows === 0, isLast: index === last }))
      if (serialized.length === 0) continue
      refuseTooLarge(serialized, limits)
      bytes += measure(serialized)
      addRecords(records, serialized, table, readAtMs)
      rows++
    }
    return { records, bytes, rows, failure: undefined }
  } catch (error) {
    const failure =
      error instanceof TailraceError
        ? error
        : new TailraceError('RECORD_UNREADABLE', 'a row of a snapshot could not be converted', { cause: error })
    return { records, bytes, rows, failure }
  }
}

/** Debezium's words. A row that is both the first and the last is the last: readers wait for that one. */
function markOf(
  { kind, isFirst }: RowInput,
  row: { readonly isFirst: boolean; readonly isLast: boolean },
): SnapshotMark {
  if (kind === 'incremental') return 'incremental'
  if (row.isLast) return 'last'
  return isFirst && row.isFirst ? 'first' : 'true'
}
