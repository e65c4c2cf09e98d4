import { fieldNames, schemaName } from './name-adjustment.ts'
import type { NameAdjustments } from './name-adjustment.ts'
import type { FieldType, Shape } from './shape.ts'
import { createStructDefinitions } from './struct-definitions.ts'

/** An Avro schema as plain JSON. A name alone stands for what was defined before, in the order of the text. */
export type AvroSchema = string | AvroUnion | AvroObject
type AvroUnion = readonly AvroSchema[]

/** A schema that is written as a JSON object. */
export interface AvroObject {
  readonly type: string
  readonly [property: string]: unknown
}

/** What tailrace keeps in a schema that Avro has no word for. */
export const avroProperties = {
  /** Of a field or record whose name was adjusted: the name before. */
  originalName: 'tailrace.name',
  /** `true` on the field that takes what no other field names. */
  rest: 'tailrace.rest',
} as const

/** The semantic type under which Debezium keeps JSON text. */
export const jsonTypeName = 'io.debezium.data.Json'

/** The recursive record that a value of kind `typed` is. */
export const attributeValueName = 'tailrace.AttributeValue'

/**
 * The record that a shape is in Avro. An optional field is a union with null, which is also its default, so fields may be
 * added and taken away. Throws SCHEMA_FORM for names that Avro does not allow and `names` does not adjust, and for two
 * structs of one name that differ.
 */
export function avroSchema(shape: Shape, names: NameAdjustments): AvroObject {
  return new Printer(names).root(shape)
}

class Printer {
  readonly #names: NameAdjustments
  readonly #structs = createStructDefinitions()

  constructor(names: NameAdjustments) {
    this.#names = names
  }

  root(shape: Shape): AvroObject {
    const full = schemaName(shape.name, this.#names.schemas)
    this.#structs.isDefined(shape, full)
    return this.#definition(shape, full, '')
  }

  #record(shape: Shape, outer: string): AvroObject | string {
    const full = schemaName(shape.name, this.#names.schemas)
    return this.#structs.isDefined(shape, full) ? full : this.#definition(shape, full, outer)
  }

  /** `outer` is the namespace around it, which a name without dots would inherit. */
  #definition(shape: Shape, full: string, outer: string): AvroObject {
    const namespace = namespaceOf(full)
    return {
      type: 'record',
      name: full.slice(namespace === '' ? 0 : namespace.length + 1),
      ...(namespace === '' && outer === '' ? {} : { namespace }),
      ...(full === shape.name ? {} : { [avroProperties.originalName]: shape.name }),
      fields: this.#fields(shape, namespace),
    }
  }

  #fields(shape: Shape, namespace: string): readonly unknown[] {
    const written = fieldNames(shape, this.#names.fields)
    const fields = shape.fields.map(({ name: original, type, isOptional, doc }, index) => {
      const schema = this.#type(type, namespace)
      const name = written[index]
      return {
        name,
        type: isOptional ? ['null', schema] : schema,
        ...(isOptional ? { default: null } : {}),
        ...(doc === undefined ? {} : { doc }),
        ...(name === original ? {} : { [avroProperties.originalName]: original }),
      }
    })
    return shape.rest === undefined ? fields : [...fields, restField(shape.rest, written.at(-1))]
  }

  #type(type: FieldType, namespace: string): AvroSchema {
    switch (type.kind) {
      case 'int32':
        return 'int'
      case 'int64':
        return 'long'
      case 'string':
        return type.semantic === undefined ? 'string' : textOf(type.semantic)
      case 'json':
        return jsonText
      case 'typed':
        return this.#structs.isDefined(attributeValue, attributeValueName) ? attributeValueName : attributeValueSchema
      case 'decimal':
        return { type: 'bytes', logicalType: 'decimal', precision: type.precision, scale: type.scale }
      case 'array':
        return { type: 'array', items: this.#type(type.items, namespace) }
      case 'map':
        return { type: 'map', values: this.#type(type.values, namespace) }
      case 'struct':
        return this.#record(type.shape, namespace)
      default:
        return type.kind
    }
  }
}

function restField(original: string, name: string | undefined): unknown {
  return {
    name,
    type: ['null', jsonText],
    default: null,
    ...(name === original ? {} : { [avroProperties.originalName]: original }),
    [avroProperties.rest]: true,
  }
}

/** In the first version of its semantic type. */
function textOf(semantic: string): AvroObject {
  return { type: 'string', 'connect.version': 1, 'connect.name': semantic }
}

const jsonText = textOf(jsonTypeName)

/** Stands for the record of values of kind `typed` among the defined structs, so that no other takes its name. */
const attributeValue: Shape = { name: attributeValueName, fields: [], rest: undefined }

const attributeSchema: AvroObject = {
  type: 'record',
  name: 'Attribute',
  namespace: 'tailrace',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'value', type: attributeValueName },
  ],
}

/**
 * Exactly one member is set. Numbers are text; a binary is its bytes; sets are lists in a fixed order. A map is a list of
 * attributes, whose bytes are those of a map: Apicurio Registry fails at a record with a map of itself.
 */
export const attributeValueSchema: AvroObject = {
  type: 'record',
  name: 'AttributeValue',
  namespace: 'tailrace',
  fields: [
    member('S', 'string'),
    member('N', 'string'),
    member('B', 'bytes'),
    member('BOOL', 'boolean'),
    member('NULL', 'boolean'),
    member('M', { type: 'array', items: attributeSchema }),
    member('L', { type: 'array', items: attributeValueName }),
    member('SS', { type: 'array', items: 'string' }),
    member('NS', { type: 'array', items: 'string' }),
    member('BS', { type: 'array', items: 'bytes' }),
  ],
}

function member(name: string, type: AvroSchema): unknown {
  return { name, type: ['null', type], default: null }
}

function namespaceOf(full: string): string {
  return full.slice(0, Math.max(full.lastIndexOf('.'), 0))
}
