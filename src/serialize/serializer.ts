import type { Item } from '../change/attribute-value.ts'
import type { Table } from '../change/table.ts'
import type { Payload } from '../envelope/envelope.ts'

/**
 * Turns payloads into bytes. Pure and synchronous: the same payload gives the same bytes in every worker and every run.
 * One serializer serves one lane at a time.
 */
export interface Serializer {
  /**
   * The records of one change, in the order in which they must be written: the event, then its tombstone if it has one.
   * All of them belong to one topic and carry the same key, so they go to one partition, with nothing between them.
   * Throws RECORD_UNREADABLE, which names the change's position, if an image holds anything but DynamoDB values.
   */
  serialize(payload: Payload): readonly SerializedRecord[]
  /** The key attributes that a record's key was made of; undefined for a key that this serializer does not write. */
  readKey(key: Buffer, table: Table, name: string): Item | undefined
  /** True for the value of a record that says that its item is gone. */
  isDelete(value: Buffer): boolean
}

/** One record before it has a topic and a partition. The buffers are never written to again. */
export interface SerializedRecord {
  readonly key: Buffer
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer, Buffer])[]
}
