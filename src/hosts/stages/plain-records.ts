import type { KinesisRecord } from '../../change/kinesis-record.ts'
import { kinesisSequence } from '../../decode/decode-kinesis-record.ts'
import type { TailraceError } from '../../errors.ts'
import type { StageInput, StageOutput } from '../../pipeline/stages.ts'
import type { SerializedRecord } from '../../serialize/serializer.ts'
import { placeOfRecord } from './read-kinesis-unit.ts'
import type { RecordStagesOptions } from './stage-parts.ts'
import type { Unit } from './unit.ts'
import { createUnitWriter, orAbandon } from './unit-writer.ts'

/** What is written as it is, or was rejected before anything was made of it. */
export interface PlainUnit {
  readonly unit: Unit
  /** None of a rejected one. */
  readonly records: readonly SerializedRecord[]
  readonly timestampMs: number
}

const shardName = Buffer.from('tailrace.shard')
const sequenceName = Buffer.from('tailrace.seq')

/**
 * Records of a Kinesis stream as they are: the partition key as key, the bytes as value, both also where they are empty, the
 * time of arrival as timestamp, and the position in two headers.
 */
export function plainUnitsOf(records: readonly unknown[], shardId: string): readonly PlainUnit[] {
  const shard = [shardName, Buffer.from(shardId)] as const
  return records.map((wire) => {
    const record = wire as KinesisRecord
    const { partitionKey, data: value, arrivedAtMs: timestampMs } = record
    const headers = [shard, [sequenceName, Buffer.from(kinesisSequence(record))] as const]
    return {
      unit: {
        wire,
        event: undefined,
        place: placeOfRecord({ ...record, change: undefined, glance: undefined }, shardId),
        changes: [],
        payloads: [],
        rejection: undefined,
      },
      records: [{ key: Buffer.from(partitionKey), value, headers }],
      timestampMs,
    }
  })
}

/** A rejected record among them. */
export function rejectedPlain(unit: Unit, { arrivedAtMs }: KinesisRecord): PlainUnit {
  return { unit, records: [], timestampMs: arrivedAtMs }
}

/** Writes them into the topic of the input's table: all of them, or those before the one that stops it. */
export async function processPlain(
  units: readonly PlainUnit[],
  input: Omit<StageInput, 'records'>,
  options: RecordStagesOptions,
  signal: AbortSignal,
): Promise<StageOutput> {
  const turn = input.generation === undefined ? undefined : `${input.table.version}.${input.generation}`
  const page = { ...input, wrapping: undefined, turn }
  const writer = await createUnitWriter([], page, options, signal)
  let read = 0
  let failure: TailraceError | undefined
  await orAbandon(writer, async () => {
    for (const { unit, records, timestampMs } of units) {
      const waiting = writer.add(unit, records, timestampMs)
      failure = waiting === undefined ? undefined : await waiting
      if (failure !== undefined) break
      read++
    }
  })
  const { records, bytes, left, attachments, hasOversized } = writer
  const done = units.slice(0, read).map(({ unit }) => unit)
  const place = done.at(-1)?.place
  return {
    records,
    bytes,
    changes: done.filter(({ rejection }) => rejection === undefined).length,
    contained: 0,
    caughtUp: [],
    read,
    last: place?.kind === 'change' ? place.position : undefined,
    failure,
    left,
    attachments,
    hasOversized,
  }
}
