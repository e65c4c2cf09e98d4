import type { Table } from '../change/table.ts'
import type { DocumentRecord } from '../envelope/document-payload.ts'
import type { RecordShapes } from '../shapes/shape.ts'

/** Where a record comes from. */
export interface RecordOrigin {
  readonly table: Table
  /** The topic that the record has while no transform gave it another. */
  readonly topic: string
  /** The record's timestamp: when the change was made. Milliseconds. */
  readonly timestampMs: number
}

/**
 * A step on the way of a record, behind the envelope: what Kafka Connect calls a single message transform. Pure and
 * synchronous; one instance serves all tables and lanes.
 */
export interface RecordTransform {
  /** The record that takes its place; undefined: it is dropped. Throws TRANSFORM_FAILED, without a position. */
  apply(record: DocumentRecord, origin: RecordOrigin): DocumentRecord | undefined
  /** What records consist of behind it. Throws CONFIG_INVALID if this cannot be told of such records. */
  shapes(shapes: RecordShapes, origin: Pick<RecordOrigin, 'table' | 'topic'>): RecordShapes
}
