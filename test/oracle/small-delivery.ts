import type { ChangePosition, DeliveredRecord, WrittenChange } from '../../src/oracle/oracle.ts'

/** Item `a`: inserted, updated, deleted, inserted again. Item `b`: inserted, updated. Shard `c` follows shard `p`. */
export const written: readonly WrittenChange[] = [
  write('a', 1, 'INSERT', 'p@10'),
  write('b', 1, 'INSERT', 'p@11'),
  write('a', 2, 'MODIFY', 'p@12'),
  write('a', 3, 'REMOVE', 'c@13'),
  write('b', 2, 'MODIFY', 'c@14'),
  write('a', 4, 'INSERT', 'c@15'),
]

/** A change of the table `orders`; its images and its amount follow from key and version. */
export function write(
  key: string,
  version: number,
  operation: WrittenChange['operation'],
  position: string | undefined,
): WrittenChange {
  const image = (at: number): string => `${key}${at}`
  return {
    table: 'orders',
    key,
    version,
    operation,
    before: operation === 'INSERT' ? null : image(version - 1),
    after: operation === 'REMOVE' ? null : image(version),
    amount: operation === 'REMOVE' ? 0 : version * 10,
    position: position === undefined ? undefined : positionOf(position),
    writtenAtMs: 0,
  }
}

/** `shard@number` as a position. */
export function positionOf(text: string): ChangePosition {
  const [shardId = '', sequenceNumber = ''] = text.split('@')
  return { shardId, sequenceNumber }
}

/** The record that a change should have; `log` gives it its place. */
export function recordOf(change: WrittenChange, other: Partial<DeliveredRecord> = {}): DeliveredRecord {
  const { table, key, version, operation, before, after, amount, position } = change
  const place = { topic: 'shop.orders', partition: 0, offset: 0 }
  return { ...place, table, key, version, operation, before, after, amount, position, ...other }
}

/** Partitions 0, 1 … with these records in this order; every second offset is a marker's. */
export function log(...partitions: readonly (readonly DeliveredRecord[])[]): readonly DeliveredRecord[] {
  return partitions.flatMap((records, partition) =>
    records.map((record, offset) => ({ ...record, partition, offset: offset * 2 })),
  )
}

/** The row that a snapshot would find behind that change. */
export function row(change: WrittenChange | undefined): DeliveredRecord {
  return recordOf(present(change), { operation: 'SNAPSHOT', before: null, position: undefined })
}

/** Rejects a hole in a test's own values. */
export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the test has a hole')
  return value
}
