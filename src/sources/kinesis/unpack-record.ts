import { glanceAt } from '../../change/kinesis-change.ts'
import type { KinesisRecord } from '../../change/kinesis-record.ts'
import { deaggregate } from './deaggregate.ts'
import type { PackedRecord } from './deaggregate.ts'
import { objectsIn } from './parse-together.ts'
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

/** A record as it was read; `packed` is one that was in it, at that place. */
export interface UnpackedRecord {
  readonly plain: PlainRecord
  readonly packed: { readonly record: PackedRecord; readonly place: number } | undefined
}

/** Records as they leave the reader. */
export function kinesisRecordsOf(
  unpacked: readonly UnpackedRecord[],
  { hasChanges }: Unpacking,
): readonly KinesisRecord[] {
  const dataOf = ({ plain, packed }: UnpackedRecord): Buffer => packed?.record.data ?? plain.data
  const objects = hasChanges ? objectsIn(unpacked.map(dataOf)) : undefined
  return unpacked.map(({ plain, packed }, at) => {
    const { partitionKey, data } = packed?.record ?? plain
    const change = objects?.[at]
    return {
      sequenceNumber: plain.sequenceNumber,
      subSequence: packed?.place,
      partitionKey,
      arrivedAtMs: plain.arrivedAtMs,
      data,
      change,
      glance: change === undefined ? undefined : glanceAt(change),
      isLate: false,
    }
  })
}
