import type { DocumentRecord } from '../../envelope/document-payload.ts'
import type { RecordShapes } from '../../shapes/shape.ts'
import type { RecordOrigin } from '../record-transform.ts'

/** One single message transform, set up. Pure; one instance serves all tables and lanes. */
export interface Step {
  /** The record that takes its place; undefined: it is dropped. Throws TRANSFORM_FAILED, without a position. */
  apply(record: DocumentRecord, origin: RecordOrigin): DocumentRecord | undefined
  /** What records with a value consist of behind it. Throws CONFIG_INVALID if this cannot be told of such records. */
  shapes(shapes: RecordShapes): RecordShapes
  /** Where records of a topic go; undefined: that depends on the record. A step without it leaves topics alone. */
  topicFor?(topic: string): string | undefined
}

/** Which half of a record a step works on: Connect's `$Key` and `$Value`. */
export type Side = 'key' | 'value'

/** Says of a record whether a step applies to it. */
export interface Predicate {
  isTrue(record: DocumentRecord, origin: RecordOrigin): boolean
  /** What it says of all records with a value that go to a topic; undefined: that depends on the record, or the topic. */
  isTrueOfValues(topic: string | undefined): boolean | undefined
}
