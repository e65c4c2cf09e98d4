import { jsonTypeName } from './avro-schema.ts'
import { decimalType, isDeclaredObject, optionalText, refuseMembers, restName, undeclarable } from './declared-json.ts'
import type { DeclaredObject } from './declared-json.ts'
import { attributeValueReference, decimalTypeName, jsonSchemaProperties, precisionParameter } from './json-schema.ts'
import type { FieldShape, FieldType, Shape } from './shape.ts'
import { nestedStructName } from './struct-name.ts'

/**
 * The shape of a declared JSON Schema, given as parsed JSON; what `jsonSchema` writes is read back as it was. A property is
 * optional if it is not in `required` or may be null. Fields stand in the order of `connect.index`, or else of the text. An
 * integer is `int64` and a number `double` where `connect.type` does not say otherwise. Annotations (`format`, `examples`,
 * `$comment` …) are left aside; whatever else narrows values throws SCHEMA_DECLARATION, with the place.
 */
export function readJsonSchema(declared: unknown): Shape {
  if (!isDeclaredObject(declared)) throw undeclarable('', 'the schema of a table must be an object')
  const type = new Reader(declared).type(declared, { place: '', name: undefined })
  if (type.kind !== 'struct') throw undeclarable('', 'the schema of a table must be of type object, with properties')
  return type.shape
}

/** Where the reader is, and what a struct without a title is called there. */
interface Context {
  readonly place: string
  readonly name: (() => string) | undefined
}

/** They narrow what is allowed, in ways that a shape does not know. */
const narrowing = [
  'enum',
  'const',
  'default',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'uniqueItems',
  'additionalItems',
  'contains',
  'minProperties',
  'maxProperties',
  'patternProperties',
  'propertyNames',
  'dependencies',
  'if',
  'not',
]

const numbers: ReadonlyMap<unknown, FieldType> = new Map<unknown, FieldType>([
  ['int32', { kind: 'int32' }],
  ['int64', { kind: 'int64' }],
  ['float32', { kind: 'float' }],
  ['float64', { kind: 'double' }],
])

class Reader {
  readonly #root: DeclaredObject
  readonly #names = new Set<string>()
  /** References that are being followed. */
  readonly #open = new Set<string>()

  constructor(root: DeclaredObject) {
    this.#root = root
  }

  type(declared: unknown, context: Context): FieldType {
    const { place } = context
    if (!isDeclaredObject(declared)) throw undeclarable(place, 'a schema must be an object')
    if (declared['$ref'] !== undefined) return this.#referred(declared['$ref'], context)
    refuseMembers(declared, narrowing, place)
    const { allOf } = declared
    if (Array.isArray(allOf) && allOf.length === 1) return this.type(allOf[0], context)
    refuseMembers(declared, ['allOf', 'oneOf', 'anyOf'], place)
    switch (declared['type']) {
      case 'string':
        return stringType(declared)
      case 'boolean':
        return { kind: 'boolean' }
      case 'integer':
      case 'number':
        return numberType(declared, place)
      case 'array':
        return { kind: 'array', items: this.type(declared['items'], { ...context, place: `${place}[]` }) }
      case 'object':
        return this.#object(declared, context)
      default:
        throw undeclarable(place, `the type ${JSON.stringify(declared['type'])} is none of ours`)
    }
  }

  #referred(reference: unknown, context: Context): FieldType {
    if (reference === attributeValueReference) return { kind: 'typed' }
    const name = typeof reference === 'string' ? /^#\/(definitions|\$defs)\/([^/]+)$/.exec(reference) : null
    const definitions = this.#root[name?.[1] ?? '']
    const key = name?.[2] ?? ''
    if (!isDeclaredObject(definitions) || !Object.hasOwn(definitions, key)) {
      throw undeclarable(context.place, `the reference ${JSON.stringify(reference)} leads nowhere in this schema`)
    }
    if (this.#open.has(key)) throw undeclarable(context.place, `${key} contains itself`)
    this.#open.add(key)
    const type = this.type(definitions[key], { ...context, name: () => key })
    this.#open.delete(key)
    return type
  }

  #object(declared: DeclaredObject, context: Context): FieldType {
    const { place } = context
    const { properties, additionalProperties: others } = declared
    if (isDeclaredObject(others)) {
      if (properties !== undefined)
        throw undeclarable(place, 'properties and a schema of additionalProperties exclude each other')
      return { kind: 'map', values: this.type(others, { ...context, place: `${place}{}` }) }
    }
    if (!isDeclaredObject(properties)) throw undeclarable(place, 'an object needs properties')
    const required: unknown = declared['required'] ?? []
    if (!Array.isArray(required)) throw undeclarable(place, 'required must be a list')
    const missing = required.find((name) => typeof name !== 'string' || !Object.hasOwn(properties, name))
    if (missing !== undefined)
      throw undeclarable(place, `required names ${JSON.stringify(missing)}, which is no property`)
    const name = optionalText(declared, 'title', place) ?? context.name?.()
    if (name === undefined) throw undeclarable(place, 'give the record a name, as its title')
    this.#names.add(name)
    return { kind: 'struct', shape: this.#shape(name, properties, { place, required }) }
  }

  #shape(
    name: string,
    properties: DeclaredObject,
    { place, required }: { readonly place: string; readonly required: readonly unknown[] },
  ): Shape {
    const fields: FieldShape[] = []
    let rest: string | undefined
    for (const [key, declared] of inOrder(properties, place)) {
      const where = `${place}/${key}`
      const field = this.#field(key, declared, { place: where, name: () => nestedStructName(name, key, this.#names) })
      if (!isDeclaredObject(declared) || declared[jsonSchemaProperties.rest] !== true) {
        fields.push(required.includes(key) ? field : { ...field, isOptional: true })
      } else if (rest === undefined) rest = restName({ ...field, isOptional: true }, where)
      else throw undeclarable(where, `${rest} takes the rest already`)
    }
    return { name, fields, rest }
  }

  #field(name: string, declared: unknown, context: Context): FieldShape {
    if (!isDeclaredObject(declared)) throw undeclarable(context.place, 'a schema must be an object')
    const doc = optionalText(declared, 'description', context.place)
    const [inner, isOptional] = withoutNull(declared)
    if (inner !== declared) refuseMembers(declared, narrowing, context.place)
    return { name, type: this.type(inner, context), isOptional, ...(doc === undefined ? {} : { doc }) }
  }
}

/** What remains of a schema without null, and whether that was in it. */
function withoutNull(declared: DeclaredObject): readonly [unknown, boolean] {
  const { type } = declared
  const choices: unknown = declared['oneOf'] ?? declared['anyOf']
  if (Array.isArray(choices) && choices.length === 2) {
    const others = choices.filter((choice) => !isDeclaredObject(choice) || choice['type'] !== 'null')
    if (others.length === 1) return [others[0], true]
  }
  if (Array.isArray(type) && type.length === 2 && type.includes('null')) {
    return [{ ...declared, type: type.find((each) => each !== 'null') }, true]
  }
  return [declared, false]
}

function inOrder(properties: DeclaredObject, place: string): readonly (readonly [string, unknown])[] {
  const entries = Object.entries(properties)
  const indexes = new Map(
    entries.map(([key, declared]) => [
      key,
      isDeclaredObject(declared) ? declared[jsonSchemaProperties.index] : undefined,
    ]),
  )
  const given = [...indexes.values()].filter((index) => index !== undefined)
  if (given.length === 0) return entries
  if (new Set(given).size !== entries.length || !given.every(Number.isSafeInteger)) {
    throw undeclarable(place, `${jsonSchemaProperties.index} must be a number of its own in each property, or in none`)
  }
  return entries.toSorted(([a], [b]) => Number(indexes.get(a)) - Number(indexes.get(b)))
}

function stringType(declared: DeclaredObject): FieldType {
  if (declared[jsonSchemaProperties.type] === 'bytes') return { kind: 'bytes' }
  return { kind: declared['title'] === jsonTypeName ? 'json' : 'string' }
}

function numberType(declared: DeclaredObject, place: string): FieldType {
  const { type, title, [jsonSchemaProperties.type]: connect, [jsonSchemaProperties.parameters]: parameters } = declared
  if (title === decimalTypeName) {
    const { scale, [precisionParameter]: precision } = isDeclaredObject(parameters) ? parameters : {}
    return decimalType(numberOf(precision ?? '38'), numberOf(scale), place)
  }
  if (connect === undefined) return { kind: type === 'integer' ? 'int64' : 'double' }
  const found = numbers.get(connect)
  if (found !== undefined) return found
  throw undeclarable(place, `the ${jsonSchemaProperties.type} ${JSON.stringify(connect)} is none of ours`)
}

/** Connect's parameters are texts. */
function numberOf(text: unknown): unknown {
  return typeof text === 'string' && /^\d{1,4}$/.test(text) ? Number(text) : text
}
