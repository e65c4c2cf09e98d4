import type { Table } from '../change/table.ts'
import type { FieldShape, FieldType, RecordShapes, Shape } from '../shapes/shape.ts'
import type { RowForm } from './envelope.ts'

/** Of which table, under which prefix, and how its images are written. */
export interface ShapeContext {
  readonly table: Table
  /** The first part of schema names: the prefix of the topics. */
  readonly name: string
  readonly row: RowForm
}

/** What `documentsOf` makes of Debezium's payloads. The suffix `.Envelope` is how Debezium's transforms know an envelope. */
export function debeziumShapes(context: ShapeContext): RecordShapes {
  const { table, name } = context
  const image = imageType(context.row)
  const fields = [
    field('before', image, true),
    field('after', image, true),
    field('source', { kind: 'struct', shape: sourceShape }, false),
    field('op', text, false),
    ...times,
    field('transaction', { kind: 'struct', shape: transactionShape }, true),
  ]
  return { key: keyShape(table, name), value: { name: `${name}.${table.name}.Envelope`, fields, rest: undefined } }
}

/** The key attributes; a number is its text, which no format's numbers could hold. */
export function keyShape(table: Table, name: string): Shape {
  const fields = table.keySchema.map((attribute) =>
    field(attribute.name, attribute.type === 'B' ? { kind: 'bytes' } : text, false),
  )
  return { name: `${name}.${table.name}.Key`, fields, rest: undefined }
}

/** The type of a field that holds an image. */
export function imageType(row: RowForm): FieldType {
  switch (row.kind) {
    case 'declared':
      return { kind: 'struct', shape: row.shape }
    case 'json':
      return { kind: 'json' }
    case 'typed':
      return { kind: 'map', values: { kind: 'typed' } }
  }
}

const text: FieldType = { kind: 'string' }
const whole: FieldType = { kind: 'int64' }
const times = [field('ts_ms', whole, true), field('ts_us', whole, true), field('ts_ns', whole, true)]

/** What `sourceDocument` makes. */
export const sourceShape: Shape = {
  name: 'tailrace.connector.dynamodb.Source',
  fields: [
    field('version', text, false),
    field('connector', text, false),
    field('name', text, false),
    field('ts_ms', whole, false),
    field('ts_us', whole, true),
    field('ts_ns', whole, true),
    field('snapshot', text, true),
    field('db', text, false),
    field('table', text, false),
    field('sequence', text, true),
    field('account', text, false),
    field('event_id', text, true),
    field('shard_id', text, true),
    field('sequence_number', text, true),
    field('stream_view_type', text, false),
    field('user_identity', text, true),
    field('reselected', { kind: 'boolean' }, true),
  ],
  rest: undefined,
}

const transactionShape: Shape = {
  name: 'event.block',
  fields: [field('id', text, false), field('total_order', whole, false), field('data_collection_order', whole, false)],
  rest: undefined,
}

function field(name: string, type: FieldType, isOptional: boolean): FieldShape {
  return { name, type, isOptional }
}
