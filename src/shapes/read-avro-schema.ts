import { attributeValueName, attributeValueSchema, avroProperties, jsonTypeName } from './avro-schema.ts'
import {
  decimalType,
  isDeclaredObject,
  optionalText,
  refuseMembers,
  restName,
  textMember,
  undeclarable,
} from './declared-json.ts'
import type { DeclaredObject } from './declared-json.ts'
import type { FieldShape, FieldType, Shape } from './shape.ts'

/**
 * The shape of a declared Avro record, given as parsed JSON; what `avroSchema` writes is read back as it was. A union must
 * be null and one other type. Throws SCHEMA_DECLARATION, with the place, for all that a shape cannot hold: defaults other
 * than null, enums, fixed, aliases, records within themselves, logical types besides decimal.
 */
export function readAvroSchema(declared: unknown): Shape {
  const type = new Reader().type(declared, { place: '', namespace: '' })
  if (type.kind !== 'struct') throw undeclarable('', 'the schema of a table must be a record')
  return type.shape
}

/** Where the reader is: for errors, and for names without dots. */
interface Context {
  readonly place: string
  readonly namespace: string
}

const primitives: ReadonlyMap<string, FieldType> = new Map<string, FieldType>([
  ['string', { kind: 'string' }],
  ['bytes', { kind: 'bytes' }],
  ['int', { kind: 'int32' }],
  ['long', { kind: 'int64' }],
  ['float', { kind: 'float' }],
  ['double', { kind: 'double' }],
  ['boolean', { kind: 'boolean' }],
])

class Reader {
  /** By full name as it is written. Undefined while the record is being read. */
  readonly #records = new Map<string, FieldType | undefined>()

  type(declared: unknown, context: Context): FieldType {
    if (typeof declared === 'string') return this.#named(declared, context)
    if (Array.isArray(declared)) throw undeclarable(context.place, 'a union is allowed only for an optional field')
    if (!isDeclaredObject(declared)) throw undeclarable(context.place, 'a type must be a name or an object')
    return this.#object(declared, context)
  }

  #named(name: string, context: Context): FieldType {
    const primitive = primitives.get(name)
    if (primitive !== undefined) return primitive
    const full = fullName(name, context.namespace)
    const known = this.#records.get(full)
    if (known !== undefined) return known
    const isInside = this.#records.has(full)
    throw undeclarable(context.place, isInside ? `${full} contains itself` : `there is no type ${JSON.stringify(name)}`)
  }

  #object(declared: DeclaredObject, context: Context): FieldType {
    const { place } = context
    const { type, logicalType } = declared
    if (isDeclaredObject(type)) return this.#object(type, context)
    if (logicalType !== undefined && (logicalType !== 'decimal' || type !== 'bytes')) {
      throw undeclarable(
        place,
        `the logical type ${JSON.stringify(logicalType)} of ${JSON.stringify(type)} is none of ours`,
      )
    }
    switch (type) {
      case 'record':
        return this.#record(declared, context)
      case 'array':
        return { kind: 'array', items: this.type(declared['items'], { ...context, place: `${place}[]` }) }
      case 'map':
        return { kind: 'map', values: this.type(declared['values'], { ...context, place: `${place}{}` }) }
      case 'string':
        return { kind: declared['connect.name'] === jsonTypeName ? 'json' : 'string' }
      case 'bytes':
        if (logicalType === undefined) return { kind: 'bytes' }
        return decimalType(declared['precision'], declared['scale'] ?? 0, place)
      default:
        if (typeof type === 'string' && type !== 'enum' && type !== 'fixed') return this.#named(type, context)
        throw undeclarable(place, `the type ${JSON.stringify(type)} is none of ours`)
    }
  }

  #record(declared: DeclaredObject, context: Context): FieldType {
    const { place } = context
    refuseMembers(declared, ['aliases'], place)
    const written = textMember(declared, 'name', place)
    const full = fullName(written, optionalText(declared, 'namespace', place) ?? context.namespace)
    if (this.#records.has(full)) throw undeclarable(place, `${full} is defined twice`)
    if (full === attributeValueName) return this.#attributeValue(declared, place)
    this.#records.set(full, undefined)
    const { fields } = declared
    if (!Array.isArray(fields)) throw undeclarable(place, 'fields must be a list')
    const namespace = full.slice(0, Math.max(full.lastIndexOf('.'), 0))
    const shape = this.#shape(optionalText(declared, avroProperties.originalName, place) ?? full, fields, {
      place,
      namespace,
    })
    const type: FieldType = { kind: 'struct', shape }
    this.#records.set(full, type)
    return type
  }

  #attributeValue(declared: DeclaredObject, place: string): FieldType {
    if (JSON.stringify(declared) !== JSON.stringify(attributeValueSchema)) {
      throw undeclarable(place, `${attributeValueName} differs from what tailrace writes`)
    }
    const type: FieldType = { kind: 'typed' }
    this.#records.set(attributeValueName, type)
    return type
  }

  #shape(name: string, declared: readonly unknown[], context: Context): Shape {
    const fields: FieldShape[] = []
    let rest: string | undefined
    const names = new Set<string>()
    for (const [index, field] of declared.entries()) {
      if (!isDeclaredObject(field)) throw undeclarable(`${context.place}/${index}`, 'a field must be an object')
      const read = this.#field(field, { ...context, place: `${context.place}/${index}` })
      if (names.has(read.name)) throw undeclarable(`${context.place}/${read.name}`, 'the name is there twice')
      names.add(read.name)
      if (field[avroProperties.rest] !== true) fields.push(read)
      else if (rest === undefined) rest = restName(read, `${context.place}/${read.name}`)
      else throw undeclarable(`${context.place}/${read.name}`, `${rest} takes the rest already`)
    }
    return { name, fields, rest }
  }

  #field(declared: DeclaredObject, context: Context): FieldShape {
    const written = textMember(declared, 'name', context.place)
    const place = context.place.replace(/[^/]*$/, () => written)
    refuseMembers(declared, ['aliases', 'order'], place)
    const name = optionalText(declared, avroProperties.originalName, place) ?? written
    const doc = optionalText(declared, 'doc', place)
    const { type } = declared
    const isOptional = Array.isArray(type)
    if (isOptional && (type.length !== 2 || type[0] !== 'null')) {
      throw undeclarable(place, 'a union must be ["null", and one other type]')
    }
    if (Object.hasOwn(declared, 'default') && !(isOptional && declared['default'] === null)) {
      throw undeclarable(place, 'tailrace writes no default but the null of an optional field; leave it out')
    }
    const read = this.type(isOptional ? type[1] : type, { ...context, place })
    return { name, type: read, isOptional, ...(doc === undefined ? {} : { doc }) }
  }
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}
