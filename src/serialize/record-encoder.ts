import type { Document } from '../change/document.ts'
import type { SchemaText } from '../schema-registry/schema-registry.ts'
import type { Shape } from '../shapes/shape.ts'
import type { FittedStruct } from './fit/fitted-value.ts'

/** Key or value. */
export type RecordHalf = 'key' | 'value'

/** A format whose records have a schema: Avro, JSON Schema, Protobuf. */
export interface RecordFormat {
  /**
   * The encoder of one half of the records of one table and topic. Throws SCHEMA_FORM if the format cannot express the
   * shape (two fields whose adjusted names are one).
   */
  encoder(shape: Shape, half: RecordHalf): RecordEncoder
}

/** Writes one half of records of one shape. Pure; the buffers that it gives are never written to again. */
export interface RecordEncoder {
  /** What is registered: one object for the life of the encoder. */
  readonly schema: SchemaText
  /** The name of the schema, as the format writes it, for subjects that are named by it. */
  readonly schemaName: string
  /** What follows the schema's id wherever it is written: Protobuf's message indexes. Empty for other formats. */
  readonly idSuffix: Buffer
  /** The same for Glue: the place of Protobuf's message among all of its file; undefined for other formats. */
  readonly messageRank?: number
  /** The bytes behind the id. Throws SCHEMA_MISMATCH or RECORD_UNREADABLE, without a position. */
  encode(document: Document): Buffer
  /** The fields of a key that was written with `encode`; undefined for bytes that it cannot have written. */
  decodeKey(payload: Buffer): FittedStruct | undefined
  /**
   * An encoder that writes by another text for the same records: the registry's. Throws SCHEMA_INCOMPATIBLE where that one
   * has no place for a field.
   */
  writingBy(schema: SchemaText): RecordEncoder
}
