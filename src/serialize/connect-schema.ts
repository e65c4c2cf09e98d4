/**
 * Kafka Connect's schemas for the `schema`/`payload` wrapper (JsonConverter with `schemas.enable`).
 *
 * An image is a struct with one field per top-level attribute. Debezium's ExtractNewRecordState refuses anything else,
 * and Flink reads columns from nothing else; a string of JSON for the whole image satisfies neither. Items have no
 * fixed schema, so each record describes its own images.
 *
 * - `N` is a string with the schema name `tailrace.Number`. Connect has no number type that holds 38 digits with a
 *   changing scale: `double` loses digits, `Decimal` has its scale in the schema, which would then change from record
 *   to record. Readers that know a column's type (Flink, JDBC) take the number from its text.
 * - `M` and `L` are JSON text (`io.debezium.data.Json`, as Debezium does for json columns): the elements of a list
 *   may differ in type, which a Connect array cannot say.
 * - `B` is `bytes`, whose JSON form is the base64 text that DynamoDB gives.
 */
const types: ReadonlyMap<string, string> = new Map([
  ['S', '"type":"string"'],
  ['N', '"type":"string","name":"tailrace.Number"'],
  ['B', '"type":"bytes"'],
  ['BOOL', '"type":"boolean"'],
  ['NULL', '"type":"string"'],
  ['M', '"type":"string","name":"io.debezium.data.Json","version":1'],
  ['L', '"type":"string","name":"io.debezium.data.Json","version":1'],
  ['SS', '"type":"array","items":{"type":"string","optional":false}'],
  ['NS', '"type":"array","items":{"type":"string","optional":false,"name":"tailrace.Number"}'],
  ['BS', '"type":"array","items":{"type":"bytes","optional":false}'],
])

/** The Connect schema of a field that holds an attribute of this DynamoDB type; undefined if there is no such type. */
export function connectField(name: string, type: string, isOptional: boolean): string | undefined {
  const schema = types.get(type)
  return schema === undefined ? undefined : `{${schema},"optional":${isOptional},"field":${JSON.stringify(name)}}`
}

/** The text of an envelope's schema around what each record fills in: the fields of its images. */
export interface EnvelopeSchemaText {
  /** Up to the fields of `before`. */
  readonly head: string
  /** From there to the fields of `after`. */
  readonly middle: string
  readonly tail: string
}

/** `name` is `<topic prefix>.<table>`. The suffix `.Envelope` is how Debezium's transforms know an envelope. */
export function envelopeSchemaText(name: string): EnvelopeSchemaText {
  const value = `{"type":"struct","optional":true,"name":${JSON.stringify(`${name}.Value`)}`
  return {
    head:
      `{"type":"struct","optional":false,"name":${JSON.stringify(`${name}.Envelope`)},"version":1,"fields":[` +
      `${value},"field":"before","fields":[`,
    middle: `]},${value},"field":"after","fields":[`,
    tail: `]},${sourceSchema},${transactionSchema},${[
      field('string', 'op', false),
      field('int64', 'ts_ms', true),
      field('int64', 'ts_us', true),
      field('int64', 'ts_ns', true),
    ].join(',')}]}`,
  }
}

const sourceSchema = struct('source', 'tailrace.connector.dynamodb.Source', false, [
  field('string', 'version', false),
  field('string', 'connector', false),
  field('string', 'name', false),
  field('int64', 'ts_ms', false),
  field('int64', 'ts_us', true),
  field('int64', 'ts_ns', true),
  field('string', 'snapshot', true),
  field('string', 'db', false),
  field('string', 'table', false),
  field('string', 'sequence', true),
  field('string', 'account', false),
  field('string', 'event_id', true),
  field('string', 'shard_id', true),
  field('string', 'sequence_number', true),
  field('string', 'stream_view_type', false),
  field('string', 'user_identity', true),
  field('boolean', 'reselected', true),
])

const transactionSchema = struct('transaction', 'event.block', true, [
  field('string', 'id', false),
  field('int64', 'total_order', false),
  field('int64', 'data_collection_order', false),
])

function struct(fieldName: string, name: string, isOptional: boolean, fields: readonly string[]): string {
  return `{"type":"struct","optional":${isOptional},"name":"${name}","version":1,"field":"${fieldName}","fields":[${fields.join(',')}]}`
}

function field(type: 'string' | 'int64' | 'boolean', name: string, isOptional: boolean): string {
  return `{"type":"${type}","optional":${isOptional},"field":"${name}"}`
}
