import { parseJson } from '../../aws/exact-json.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { KinesisRecord } from '../../change/kinesis-record.ts'
import { deaggregate } from './deaggregate.ts'
import type { PackedRecord } from './deaggregate.ts'
import type { PlainRecord } from './record-pages.ts'

/** What is looked for in records. */
export interface Unpacking {
  /** Packages of the producer library are taken apart. */
  readonly deaggregates: boolean
  /** Data are read as JSON, for whoever looks for changes of tables. */
  readonly hasChanges: boolean
}

/** The records that a record is packed of; undefined for one that is no package. Throws PACKAGE_DAMAGED. */
export function packedIn(
  record: PlainRecord,
  shardId: string,
  { deaggregates }: Unpacking,
): readonly PackedRecord[] | undefined {
  return deaggregates ? deaggregate(record.data, { shardId, sequenceNumber: record.sequenceNumber }) : undefined
}

/** A record as it leaves the reader; `packed` is one that was in it, at that place. */
export function kinesisRecordOf(
  { sequenceNumber, arrivedAtMs, ...plain }: PlainRecord,
  { hasChanges }: Unpacking,
  packed?: { readonly record: PackedRecord; readonly place: number },
): KinesisRecord {
  const { partitionKey, data } = packed?.record ?? plain
  return {
    sequenceNumber,
    subSequence: packed?.place,
    partitionKey,
    arrivedAtMs,
    data,
    change: hasChanges ? objectIn(data) : undefined,
    isLate: false,
  }
}

const openingBrace = 0x7b

function objectIn(data: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (data[0] !== openingBrace) return undefined
  try {
    const parsed = parseJson(data)
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
