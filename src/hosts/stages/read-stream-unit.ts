import { isSequenceNumber } from '../../change/sequence-number.ts'
import { decodeStreamRecord } from '../../decode/decode-stream-record.ts'
import type { StageInput } from '../../pipeline/stages.ts'
import { asTailraceError, decodedUnit, rejectedUnit } from './unit.ts'
import type { Unit, UnitPlace } from './unit.ts'

/** Makes a unit of a wire record, rejected if it cannot be read. Throws only what is not the record's own fault. */
export type ReadUnit = (wire: unknown, input: Pick<StageInput, 'table' | 'shardId' | 'nowMs'>) => Unit

/** Reads a record of DynamoDB Streams. */
export const readStreamUnit: ReadUnit = (wire, input) => {
  const { shardId } = input
  try {
    const event = decodeStreamRecord(wire, input.table.table, shardId)
    return decodedUnit(wire, event, { kind: 'change', shardId, position: event })
  } catch (error) {
    const rejection = { stage: 'VALUE_DECODER', error: asTailraceError(error, 'could not be decoded') } as const
    return rejectedUnit(wire, rejection, placeOf(wire, input))
  }
}

/** Of a record that is no change: its sequence number, if it has one; its time, as far as one can be told. */
function placeOf(wire: unknown, { shardId, nowMs }: Pick<StageInput, 'shardId' | 'nowMs'>): UnitPlace {
  const change = memberOf(wire, 'dynamodb')
  const sequenceNumber = memberOf(change, 'SequenceNumber')
  const seconds = memberOf(change, 'ApproximateCreationDateTime')
  const createdAtMs = typeof seconds === 'number' && Number.isFinite(seconds) ? Math.round(seconds * 1000) : nowMs
  const isKnown = typeof sequenceNumber === 'string' && isSequenceNumber(sequenceNumber)
  return { kind: 'change', shardId, position: isKnown ? { sequenceNumber, createdAtMs } : undefined }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}
