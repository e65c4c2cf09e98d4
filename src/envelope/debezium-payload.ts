import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'

/**
 * One change in Debezium's words. Images stay unconverted and `source` stays in its parts, so that a serializer writes
 * each of them once and can keep the text of what does not change.
 */
export interface DebeziumPayload {
  readonly kind: 'debezium'
  readonly op: 'c' | 'u' | 'd' | 'r'
  readonly before: Item | null
  readonly after: Item | null
  readonly origin: DebeziumOrigin
  /** The change itself: its keys, and the members of `source` that differ from change to change. */
  readonly event: ChangeEvent
  /** `ts_ms` beside `op`: when tailrace processed the change. Whole milliseconds since the epoch. */
  readonly tsMs: number
  /** True if a record with the same key and a null value must follow at once, in the same transaction. */
  readonly hasTombstone: boolean
}

/**
 * The members of `source` that all changes of one shard have in common. The envelope gives successive changes of a
 * shard the same object, so a serializer may keep by identity what it made of it.
 */
export interface DebeziumOrigin {
  readonly connectorVersion: string
  /** `source.name`: the prefix of the topics. */
  readonly name: string
  readonly table: Table
  readonly shardId: string
}
