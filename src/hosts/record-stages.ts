import type { Table } from '../change/table.ts'
import { decodeStreamRecord } from '../decode/decode-stream-record.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { TailraceError } from '../errors.ts'
import type { ProducerRecord } from '../kafka/kafka.ts'
import { partitionOfKey } from '../kafka/partitioner.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import type { StageInput, StageOutput, StagePosition, Stages } from '../pipeline/stages.ts'
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
  return { process: (input) => processPage(input, envelopeOf(input.table.table), options.serializer) }
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
        bytes += measure(serialized, input, event.sequenceNumber)
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

/** Encoded bytes of a change's records; refuses what the broker would refuse, while the record can still be named. */
function measure(records: readonly SerializedRecord[], input: StageInput, sequenceNumber: string): number {
  let total = 0
  for (const { key, value, headers } of records) {
    let size = batchOverheadBytes + key.length + (value?.length ?? 0)
    for (const [name, content] of headers) size += headerOverheadBytes + name.length + content.length
    if (size > input.maxRecordBytes) throw tooLarge(size, input, sequenceNumber)
    total += size
  }
  return total
}

function tooLarge(size: number, input: StageInput, sequenceNumber: string): TailraceError {
  const { topic, table } = input.table
  return new TailraceError(
    'RECORD_TOO_LARGE',
    `a change of table ${table.name} makes a record of about ${size} bytes, topic ${topic} takes ${input.maxRecordBytes} ` +
      `(shard ${input.shardId}, sequence number ${sequenceNumber})`,
    { details: { table: table.name, topic, shard: input.shardId, sequenceNumber, bytes: size } },
  )
}

function failureOf(error: unknown, input: StageInput, last: StagePosition | undefined): TailraceError {
  if (error instanceof TailraceError) return error
  const where = `behind sequence number ${last?.sequenceNumber ?? '(the page begins)'} of shard ${input.shardId}`
  return new TailraceError('RECORD_UNREADABLE', `a change ${where} could not be converted`, { cause: error })
}
