/**
 * What records consist of, in no format's own language: Avro, JSON Schema, Protobuf and Kafka Connect schemas are all
 * written from it, and the first three can be read into it.
 */
export interface Shape {
  /** Dotted, unadjusted: `shop.orders.Value`. A format with stricter names adjusts it. */
  readonly name: string
  /** In the order in which they are written. No two have one name. */
  readonly fields: readonly FieldShape[]
  /** The field that takes all attributes that `fields` does not name, as one JSON text; undefined: there is none. */
  readonly rest: string | undefined
}

/** One field of a shape. */
export interface FieldShape {
  /** As the document or item has it: any text. */
  readonly name: string
  readonly type: FieldType
  /** True: it may be absent or null, and is written as null. */
  readonly isOptional: boolean
  /** The number of a Protobuf field where it was declared; undefined: by position, from 1. */
  readonly number?: number | undefined
  readonly doc?: string | undefined
}

/**
 * - `string`: `semantic` is what Kafka Connect calls the name of its schema, where it has one; told in Avro alone.
 * - `json`: any value, as JSON text (`io.debezium.data.Json`).
 * - `typed`: any value, together with its DynamoDB type: a recursive record of which one member is set.
 * - `decimal`: at most `precision` digits, `scale` of them behind the point.
 * - `array`: lists, and sets in their fixed order.
 */
export type FieldType =
  | { readonly kind: 'int32' | 'int64' | 'float' | 'double' | 'boolean' | 'bytes' | 'json' | 'typed' }
  | { readonly kind: 'string'; readonly semantic?: string }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'array'; readonly items: FieldType }
  | { readonly kind: 'map'; readonly values: FieldType }
  | { readonly kind: 'struct'; readonly shape: Shape }

/** The two halves of a record. */
export interface RecordShapes {
  readonly key: Shape
  readonly value: Shape
}
