import type { Item } from './attribute-value.ts'
import type { Operation } from './change-event.ts'

/**
 * A record of a Kinesis data stream, as its reader hands it on: the wire record of that source. One that a producer has
 * packed together with others (KPL) has been taken out of its package.
 */
export interface KinesisRecord {
  readonly sequenceNumber: string
  /** Its place in a package, from 0; undefined for a record that came by itself. */
  readonly subSequence: number | undefined
  readonly partitionKey: string
  /** When Kinesis took it in. Milliseconds; may run backwards within a shard. */
  readonly arrivedAtMs: number
  /** Its bytes, decoded once. They may share their memory with those of a whole page: whoever keeps them for long copies them. */
  readonly data: Buffer
  /**
   * What `data` says, as `JSON.parse` should give it, untrusted, where the pipeline reads changes of tables and it is an
   * object of JSON. Undefined otherwise.
   */
  readonly change: Readonly<Record<string, unknown>> | undefined
  /** What `change` says of a change of a table, if the reader has looked; see `kinesisChangeOf`. */
  readonly glance?: KinesisChange | undefined
  /** True for a change that arrived so late that its place in the order of its item is gone. */
  readonly isLate: boolean
}

/**
 * What a record of a Kinesis stream says of a change of a table, at a glance: enough to know its table, its item and its
 * place in time. Nothing is converted; binaries are encoded twice, as DynamoDB writes them there.
 */
export interface KinesisChange {
  /** Repeats of one change have the same one. */
  readonly eventId: string
  readonly tableName: string
  /** DynamoDB's approximate creation time. Microseconds; whole milliseconds where the record tells no more. */
  readonly createdAtMicros: number
  readonly operation: Exclude<Operation, 'READ'>
  readonly keys: Item
  /** Undefined if it is absent, and also if it is no object: then the change is not readable, which decoding tells. */
  readonly oldImage: Item | undefined
  readonly newImage: Item | undefined
}
