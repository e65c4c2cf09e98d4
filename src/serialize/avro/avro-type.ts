import { TailraceError } from '../../errors.ts'

/** An Avro schema whose names are resolved. A record that contains itself is one object. */
export type AvroType =
  | { readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' }
  | { readonly kind: 'bytes'; readonly decimal: AvroDecimal | undefined }
  | { readonly kind: 'fixed'; readonly size: number; readonly decimal: AvroDecimal | undefined }
  | { readonly kind: 'enum' }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | AvroRecord

/** A record, with its fields in the order in which they are written. */
export interface AvroRecord {
  readonly kind: 'record'
  /** With its namespace. */
  readonly name: string
  readonly fields: readonly AvroField[]
}

/** One field of a record. */
export interface AvroField {
  readonly name: string
  readonly type: AvroType
  /** As JSON; undefined: it has none. */
  readonly defaultValue: unknown
}

/** A number whose digits are whole and whose point is known. */
export interface AvroDecimal {
  readonly precision: number
  readonly scale: number
}

/** Reads a schema's text. Throws SCHEMA_INCOMPATIBLE for what is no Avro schema. */
export function readAvroType(text: string): AvroType {
  try {
    return new Reader().type(JSON.parse(text), '')
  } catch (error) {
    if (error instanceof TailraceError) throw error
    throw notAvro('it is not JSON', error)
  }
}

class Reader {
  readonly #named = new Map<string, AvroType>()

  type(schema: unknown, namespace: string): AvroType {
    if (typeof schema === 'string') return this.#byName(schema, namespace)
    if (Array.isArray(schema)) return { kind: 'union', branches: schema.map((one) => this.type(one, namespace)) }
    if (!isObject(schema)) throw notAvro('a type is neither a name nor an object')
    const { type } = schema
    if (typeof type !== 'string') return this.type(type, namespace)
    switch (type) {
      case 'array':
        return { kind: 'array', items: this.type(schema['items'], namespace) }
      case 'map':
        return { kind: 'map', values: this.type(schema['values'], namespace) }
      case 'record':
      case 'error':
        return this.#record(schema, namespace)
      case 'enum':
        return this.#define(schema, namespace, { kind: 'enum' })
      case 'fixed':
        return this.#define(schema, namespace, {
          kind: 'fixed',
          size: wholeOf(schema['size']),
          decimal: decimalOf(schema),
        })
      case 'bytes':
        return { kind: 'bytes', decimal: decimalOf(schema) }
      default:
        return this.#byName(type, namespace)
    }
  }

  #byName(name: string, namespace: string): AvroType {
    const primitive = primitives.get(name)
    if (primitive !== undefined) return primitive
    const known = this.#named.get(fullName(name, namespace))
    if (known === undefined) throw notAvro(`there is no type ${JSON.stringify(name)}`)
    return known
  }

  #record(schema: JsonObject, namespace: string): AvroType {
    const name = nameOf(schema, namespace)
    const fields: AvroField[] = []
    // Known before its fields are: they may be of it.
    const record = this.#define(schema, namespace, { kind: 'record', name, fields })
    if (!Array.isArray(schema['fields'])) throw notAvro(`${name} has no fields`)
    for (const field of schema['fields'] as readonly unknown[]) {
      if (!isObject(field) || typeof field['name'] !== 'string') throw notAvro(`a field of ${name} has no name`)
      const type = this.type(field['type'], namespaceOf(name))
      fields.push({ name: field['name'], type, defaultValue: field['default'] })
    }
    return record
  }

  #define(schema: JsonObject, namespace: string, type: AvroType): AvroType {
    this.#named.set(nameOf(schema, namespace), type)
    return type
  }
}

type JsonObject = Readonly<Record<string, unknown>>

const primitives: ReadonlyMap<string, AvroType> = new Map<string, AvroType>([
  ...(['null', 'boolean', 'int', 'long', 'float', 'double', 'string'] as const).map((kind): [string, AvroType] => [
    kind,
    { kind },
  ]),
  ['bytes', { kind: 'bytes', decimal: undefined }],
])

function nameOf(schema: JsonObject, namespace: string): string {
  const { name, namespace: own } = schema
  if (typeof name !== 'string') throw notAvro('a named type has no name')
  return fullName(name, typeof own === 'string' ? own : namespace)
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function namespaceOf(full: string): string {
  return full.slice(0, Math.max(full.lastIndexOf('.'), 0))
}

/** As Avro has it: a logical type that is not complete is none. */
function decimalOf(schema: JsonObject): AvroDecimal | undefined {
  const { logicalType, precision, scale = 0 } = schema
  if (logicalType !== 'decimal' || typeof precision !== 'number' || typeof scale !== 'number') return undefined
  return { precision, scale }
}

function wholeOf(size: unknown): number {
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw notAvro('a fixed has no size')
  return size
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function notAvro(reason: string, cause?: unknown): TailraceError {
  const options = cause === undefined ? undefined : { cause }
  return new TailraceError('SCHEMA_INCOMPATIBLE', `a schema of the registry is no Avro schema: ${reason}`, options)
}
