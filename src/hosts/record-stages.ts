import type { Table } from '../change/table.ts'
import { decodeStreamRecord } from '../decode/decode-stream-record.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { TailraceError } from '../errors.ts'
import type { ProducerRecord } from '../kafka/kafka.ts'
import type { StageInput, StageOutput, StagePosition, Stages } from '../pipeline/stages.ts'
import { tableHeader } from '../serialize/record-headers.ts'
import type { SerializedRecord, Serializer } from '../serialize/serializer.ts'
import { createContainedChanges } from './contained-changes.ts'
import { addRecords, refuseTooLarge, sizeOfRecords } from './producer-records.ts'
import { processRows, processVanished } from './row-stages.ts'

/** The implementations that make up the way of a record. */
export interface RecordStagesOptions {
  /** One envelope per table; asked once per table and stream. */
  readonly envelopeFor: (table: Table) => Envelope
  readonly serializer: Serializer
  /** The first part of schema names: the prefix of the topics. */
  readonly name: string
}

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
    processVanished: (input) => processVanished(input, envelopeOf(input.table.table), options.serializer, options.name),
    presenceOf: ({ value, headers }, table) => {
      if (!headers.some(([name, content]) => name === tableHeader && content?.toString() === table.name))
        return 'foreign'
      return value === null || options.serializer.isDelete(value) ? 'gone' : 'there'
    },
  }
}

function processPage(input: StageInput, envelope: Envelope, serializer: Serializer): StageOutput {
  const { table } = input.table
  const notBeforeMs = input.notBeforeMs ?? -Infinity
  const contained = createContainedChanges(input)
  const records: ProducerRecord[] = []
  let bytes = 0
  let changes = 0
  let read = 0
  let last: StagePosition | undefined
  let failure: TailraceError | undefined
  for (const wire of input.records) {
    try {
      const event = decodeStreamRecord(wire, table, input.shardId)
      // Asked of every change, also of what is too old: it may be the one that a row ends with.
      const isContained = contained?.isContained(event) === true
      if (!isContained && event.createdAtMs >= notBeforeMs) {
        const serialized = serializer.serialize(envelope.wrap(event, input.nowMs))
        bytes += sizeWithin(serialized, input, event.sequenceNumber)
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
  const left = { contained: contained?.count ?? 0, caughtUp: contained?.caughtUp ?? [] }
  return { records, bytes, changes, ...left, read, last: reached, failure }
}

/** Together the records of a change are hardly larger than the largest of them: each is looked at only if all are too large. */
function sizeWithin(
  serialized: readonly SerializedRecord[],
  { table, maxRecordBytes, shardId }: StageInput,
  sequenceNumber: string,
): number {
  const size = sizeOfRecords(serialized)
  if (size > maxRecordBytes)
    refuseTooLarge(serialized, { table, maxRecordBytes, position: { shard: shardId, sequenceNumber } })
  return size
}

function failureOf(error: unknown, input: StageInput, last: StagePosition | undefined): TailraceError {
  if (error instanceof TailraceError) return error
  const where = `behind sequence number ${last?.sequenceNumber ?? '(the page begins)'} of shard ${input.shardId}`
  return new TailraceError('RECORD_UNREADABLE', `a change ${where} could not be converted`, { cause: error })
}
