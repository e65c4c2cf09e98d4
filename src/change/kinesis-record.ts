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
  /** Its bytes, decoded once. */
  readonly data: Buffer
  /**
   * What `data` says, as `JSON.parse` should give it, untrusted, where the pipeline reads changes of tables and it is an
   * object of JSON. Undefined otherwise.
   */
  readonly change: Readonly<Record<string, unknown>> | undefined
  /** True for a change that arrived so late that its place in the order of its item is gone. */
  readonly isLate: boolean
}
