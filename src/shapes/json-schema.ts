import { attributeValueName, jsonTypeName } from './avro-schema.ts'
import type { FieldShape, FieldType, Shape } from './shape.ts'

/** A JSON Schema, draft 7, as plain JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What Confluent's converter and tailrace keep in a schema that JSON Schema has no word for. */
export const jsonSchemaProperties = {
  /** The place of a field, from 0: properties have no order. */
  index: 'connect.index',
  /** Kafka Connect's type, where `type` says too little. */
  type: 'connect.type',
  version: 'connect.version',
  parameters: 'connect.parameters',
  /** `true` on the field that takes what no other field names. */
  rest: 'tailrace.rest',
} as const

/** Kafka Connect's name for decimals. */
export const decimalTypeName = 'org.apache.kafka.connect.data.Decimal'
/** Kafka Connect's parameter that the precision of a decimal is kept in. */
export const precisionParameter = 'connect.decimal.precision'

/**
 * The schema of a shape's JSON, with the marks by which Confluent's converter makes a Connect schema of it. Objects are
 * closed (`additionalProperties: false`): only of a closed one registries let a field be added under BACKWARD. Any name is
 * allowed. An optional field is written as null.
 */
export function jsonSchema(shape: Shape): JsonSchema {
  const definitions = hasTyped({ kind: 'struct', shape }) ? { definitions: attributeValueDefinition } : {}
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...objectSchema(shape), ...definitions }
}

function objectSchema({ name, fields, rest }: Shape): JsonSchema {
  const all = rest === undefined ? fields : [...fields, restField(rest)]
  const required = fields.filter(({ isOptional }) => !isOptional)
  return {
    title: name,
    type: 'object',
    properties: Object.fromEntries(
      all.map((field, index) => [field.name, property(field, index, field.name === rest && index === fields.length)]),
    ),
    ...(required.length === 0 ? {} : { required: required.map((field) => field.name) }),
    additionalProperties: false,
  }
}

function restField(name: string): FieldShape {
  return { name, type: { kind: 'json' }, isOptional: true }
}

function property({ type, isOptional, doc }: FieldShape, index: number, isRest: boolean): JsonSchema {
  const schema = typeSchema(type)
  const marks = {
    [jsonSchemaProperties.index]: index,
    ...(doc === undefined ? {} : { description: doc }),
    ...(isRest ? { [jsonSchemaProperties.rest]: true } : {}),
  }
  if (isOptional) return { ...marks, oneOf: [{ type: 'null' }, schema] }
  // What stands beside a reference is not read in draft 7.
  return type.kind === 'typed' ? { ...marks, allOf: [schema] } : { ...schema, ...marks }
}

function typeSchema(type: FieldType): JsonSchema {
  switch (type.kind) {
    case 'string':
    case 'boolean':
      return { type: type.kind }
    case 'int32':
    case 'int64':
      return { type: 'integer', [jsonSchemaProperties.type]: type.kind }
    case 'float':
      return { type: 'number', [jsonSchemaProperties.type]: 'float32' }
    case 'double':
      return { type: 'number', [jsonSchemaProperties.type]: 'float64' }
    case 'bytes':
      return { type: 'string', contentEncoding: 'base64', [jsonSchemaProperties.type]: 'bytes' }
    case 'json':
      return { type: 'string', title: jsonTypeName, [jsonSchemaProperties.version]: 1 }
    case 'decimal':
      return decimalSchema(type.precision, type.scale)
    case 'typed':
      return { $ref: attributeValueReference }
    case 'array':
      return { type: 'array', items: typeSchema(type.items) }
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.values), [jsonSchemaProperties.type]: 'map' }
    case 'struct':
      return objectSchema(type.shape)
  }
}

function decimalSchema(precision: number, scale: number): JsonSchema {
  return {
    type: 'number',
    title: decimalTypeName,
    [jsonSchemaProperties.type]: 'bytes',
    [jsonSchemaProperties.version]: 1,
    [jsonSchemaProperties.parameters]: { scale: String(scale), [precisionParameter]: String(precision) },
  }
}

function hasTyped(type: FieldType): boolean {
  switch (type.kind) {
    case 'typed':
      return true
    case 'array':
      return hasTyped(type.items)
    case 'map':
      return hasTyped(type.values)
    case 'struct':
      return type.shape.fields.some((field) => hasTyped(field.type))
    default:
      return false
  }
}

/** Where a schema keeps the form of values of kind `typed`. */
export const attributeValueReference = `#/definitions/${attributeValueName}`

const text = { type: 'string' }
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items })

/** DynamoDB JSON. */
const attributeValueDefinition = {
  [attributeValueName]: {
    title: attributeValueName,
    type: 'object',
    properties: {
      S: text,
      N: text,
      B: { ...text, contentEncoding: 'base64' },
      BOOL: { type: 'boolean' },
      NULL: { type: 'boolean' },
      M: { type: 'object', additionalProperties: { $ref: attributeValueReference } },
      L: list({ $ref: attributeValueReference }),
      SS: list(text),
      NS: list(text),
      BS: list({ ...text, contentEncoding: 'base64' }),
    },
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  },
}
