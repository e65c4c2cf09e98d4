import type { Item } from '../change/attribute-value.ts'
import type { Table } from '../change/table.ts'
import type { Payload } from '../envelope/envelope.ts'

/**
 * Turns payloads into bytes. Apart from `prepare` pure and synchronous: the same payload gives the same bytes in every
 * worker and every run.
 */
export interface Serializer {
  /**
   * What must be waited for before records of a table can be written into a topic, such as a registry's answer; undefined
   * if nothing must. To be asked once per page and topic. Rejects with the error that stops the table, or when `signal`
   * aborts.
   */
  prepare(table: Table, topic: string, signal: AbortSignal): Promise<void> | undefined
  /**
   * The records of one change, in the order in which they must be written: the event, then its tombstone if it has one.
   * Those of one topic carry the same key, so they go to one partition, with nothing between them. `topic` is the table's
   * own topic. Throws RECORD_UNREADABLE, which names the change's position, if an image holds anything but DynamoDB values,
   * and SCHEMA_MISMATCH if it does not fit its schema.
   */
  serialize(payload: Payload, topic: string): readonly SerializedRecord[]
  /** The key attributes that a record's key was made of; undefined for a key that this serializer does not write. */
  readKey(key: Buffer, table: Table, name: string): Item | undefined
  /** True for the value of a record that says that its item is gone. */
  isDelete(value: Buffer): boolean
}

/** One record before it has a partition. The buffers are never written to again. */
export interface SerializedRecord {
  readonly key: Buffer
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer, Buffer])[]
  /** Undefined means the table's own. */
  readonly topic?: string | undefined
}
