import { isTaken } from '../../src/hosts/stages/producer-records.ts'
import type { Compression } from '../../src/kafka/record-batch-encoder.ts'
import type { OversizedChange } from '../../src/oversize/oversize.ts'
import type { SerializedRecord } from '../../src/serialize/serializer.ts'
import { tableOf } from './arbitrary-items.ts'

/** A change with one event, as stages hand it over. A delete has its tombstone. */
export function oversizedChange(
  value: Buffer,
  maxRecordBytes: number,
  more: Partial<OversizedChange> & { readonly compression?: Compression; readonly isDelete?: boolean } = {},
): OversizedChange {
  const { compression = 'none', isDelete = false, ...rest } = more
  const key = Buffer.from('{"pk":"a"}')
  const event: SerializedRecord = { key, value, headers: [[Buffer.from('tailrace.table'), Buffer.from('orders')]] }
  const tail: readonly SerializedRecord[] = isDelete ? [{ ...event, value: null }] : []
  return {
    records: [event, ...tail],
    table: tableOf('NEW_AND_OLD_IMAGES'),
    topic: 'shop.orders',
    maxRecordBytes,
    position: { shard: 'shardId-1', sequenceNumber: '100' },
    turn: '1.0',
    operation: isDelete ? 'REMOVE' : 'MODIFY',
    withoutBefore: () => [{ ...event, value: value.subarray(0, Math.ceil(value.length / 2)) }, ...tail],
    fits: (records) => isTaken(records, { compression, maxRecordBytesOf: () => maxRecordBytes }),
    ...rest,
  }
}

/** The headers of a record, in words. */
export function headersOf({ headers }: Pick<SerializedRecord, 'headers'>): Readonly<Record<string, string>> {
  return Object.fromEntries(headers.map(([name, content]) => [name.toString(), content.toString()]))
}
