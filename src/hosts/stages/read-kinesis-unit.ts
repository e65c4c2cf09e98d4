import { kinesisChangeOf } from '../../change/kinesis-change.ts'
import type { KinesisRecord } from '../../change/kinesis-record.ts'
import { decodeKinesisRecord, kinesisSequence } from '../../decode/decode-kinesis-record.ts'
import { unreadableChange } from '../../decode/unreadable-change.ts'
import { TailraceError } from '../../errors.ts'
import type { StageInput } from '../../pipeline/stages.ts'
import type { ReadUnit } from './read-stream-unit.ts'
import { asTailraceError, decodedUnit, rejectedUnit } from './unit.ts'
import type { Unit, UnitPlace } from './unit.ts'

/** What becomes of a change whose place in the order of its item is gone; `drop` is decided before it is read. */
export type LatePolicy = 'emit-flagged' | 'dead-letter' | 'drop'

/** The records of a late change have this header, their tombstones, too: readers may have seen something newer. */
export const lateHeader = 'tailrace.late'

type Place = Pick<StageInput, 'table' | 'shardId'>

/** Reads a change out of a Kinesis stream. The wire records must be those of its reader. */
export function createKinesisReading(late: LatePolicy): ReadUnit {
  return (wire, input) => {
    const record = wire as KinesisRecord
    const { shardId } = input
    if (record.isLate && late === 'dead-letter') {
      const error = lateChange(record, input)
      return rejectedUnit(wire, { stage: 'SOURCE', error }, placeOfRecord(record, shardId))
    }
    try {
      const event = decodeKinesisRecord(record, input.table.table, shardId)
      const unit = decodedUnit(wire, event, placeAt(record, shardId, event.createdAtMs))
      if (record.isLate) unit.changes = [{ event, topic: undefined, headers: [[lateHeader, 'true']] }]
      return unit
    } catch (error) {
      return rejectedUnit(
        wire,
        { stage: 'VALUE_DECODER', error: asTailraceError(error, 'could not be decoded') },
        placeOfRecord(record, shardId),
      )
    }
  }
}

/** A record that says it is a change, and is none that can be read. */
export function unreadableUnit(record: KinesisRecord, { table, shardId }: Place): Unit {
  const reason = 'its id, operation, table, keys or time are not as DynamoDB writes them'
  const place = { table: table.table.name, shardId, sequenceNumber: kinesisSequence(record) }
  const rejection = { stage: 'VALUE_DECODER', error: unreadableChange(reason, place) } as const
  return rejectedUnit(record, rejection, placeOfRecord(record, shardId))
}

/** A record that does not come from DynamoDB. */
export function foreignUnit(
  record: KinesisRecord,
  { table, shardId }: Place,
  policy: { readonly toDeadLetters: boolean },
): Unit {
  const sequenceNumber = kinesisSequence(record)
  const { name } = table.table
  const text = `A record of stream ${name} is no change of a table (shard ${shardId}, sequence number ${sequenceNumber})`
  const wish = policy.toDeadLetters ? { deadLetter: true } : {}
  const error = new TailraceError('RECORD_FOREIGN', text, {
    details: { stream: name, shard: shardId, sequenceNumber, ...wish },
  })
  return rejectedUnit(record, { stage: 'SOURCE', error }, placeOfRecord(record, shardId))
}

/** Where a record stands, and what a dead letter of it would hold. Its time is that of its arrival if it tells no other. */
export function placeOfRecord(record: KinesisRecord, shardId: string): UnitPlace & { readonly kind: 'change' } {
  const micros = kinesisChangeOf(record)?.createdAtMicros
  return placeAt(record, shardId, micros === undefined ? record.arrivedAtMs : Math.floor(micros / 1000))
}

function placeAt(record: KinesisRecord, shardId: string, createdAtMs: number): UnitPlace & { readonly kind: 'change' } {
  const { data, partitionKey } = record
  const position = { sequenceNumber: kinesisSequence(record), createdAtMs }
  return { kind: 'change', shardId, position, bytes: { data, partitionKey } }
}

function lateChange(record: KinesisRecord, { table, shardId }: Place): TailraceError {
  const sequenceNumber = kinesisSequence(record)
  const { name } = table.table
  const text = `A change of table ${name} came too late for its place (shard ${shardId}, sequence number ${sequenceNumber})`
  return new TailraceError('CHANGE_LATE', text, {
    details: { table: name, shard: shardId, sequenceNumber, deadLetter: true },
  })
}
