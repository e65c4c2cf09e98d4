import { TailraceError } from '../../errors.ts'
import { attributeValueName } from '../../shapes/avro-schema.ts'
import { fieldNames } from '../../shapes/name-adjustment.ts'
import type { NameAdjustment } from '../../shapes/name-adjustment.ts'
import type { FieldType, Shape } from '../../shapes/shape.ts'
import type { FittedMap, FittedStruct, FittedValue } from '../fit/fitted-value.ts'
import { schemaMismatch } from '../fit/schema-mismatch.ts'
import { wholeBytes, writeBytes, writeDouble, writeFloat, writeLong, writeString } from './avro-bytes.ts'
import type { ByteSink } from './avro-bytes.ts'
import { defaultWriter } from './avro-default.ts'
import type { AvroField, AvroRecord, AvroType } from './avro-type.ts'
import { isTypedRecord, writeTyped } from './avro-typed.ts'

/** Writes a value that fits its type in a shape. */
type Write = (value: FittedValue, sink: ByteSink) => void

/** Writes fitted records of a shape by one Avro schema. */
export type WriteRecord = (fields: FittedStruct, sink: ByteSink) => void

/**
 * How records of a shape are written by a schema, which may be another one than the shape itself makes: fields are found by
 * name, and what only the schema has gets its default. Throws SCHEMA_INCOMPATIBLE where the schema has no place for a
 * field, or not one for all of its values. What is written throws SCHEMA_MISMATCH for a null that the schema does not allow.
 */
export function recordWriter(shape: Shape, schema: AvroType, adjustment: NameAdjustment): WriteRecord {
  if (schema.kind !== 'record') throw noPlace(shape.name, 'it is no record')
  return structWriter(shape, schema, adjustment)
}

function structWriter(shape: Shape, schema: AvroRecord, adjustment: NameAdjustment): WriteRecord {
  const names = fieldNames(shape, adjustment)
  const known = new Set(schema.fields.map(({ name }) => name))
  const homeless = names.find((name) => !known.has(name))
  if (homeless !== undefined) throw noPlace(`${shape.name}.${homeless}`, 'there is no such field')
  const writers = schema.fields.map((field) => fieldWriter(field, names.indexOf(field.name), { shape, adjustment }))
  return (fields, sink) => {
    for (const { index, write } of writers) write(fields[index] ?? null, sink)
  }
}

interface FieldWriter {
  readonly index: number
  readonly write: Write
}

function fieldWriter(
  field: AvroField,
  index: number,
  { shape, adjustment }: { readonly shape: Shape; readonly adjustment: NameAdjustment },
): FieldWriter {
  const place = `${shape.name}.${field.name}`
  if (index === -1) {
    const write = defaultWriter(field)
    if (write === undefined) throw noPlace(place, 'tailrace has no such field, and it has no default')
    return { index, write: (_, sink) => write(sink) }
  }
  // The rest stands behind the fields, and is a JSON text.
  const type: FieldType = shape.fields[index]?.type ?? { kind: 'json' }
  return { index, write: unionWriter(type, field.type, { place, adjustment }) }
}

interface Place {
  readonly place: string
  readonly adjustment: NameAdjustment
}

/** Null and the one branch that takes the type; without a union, the type alone. */
function unionWriter(type: FieldType, schema: AvroType, at: Place): Write {
  if (schema.kind !== 'union') {
    const write = typeWriter(type, schema, at)
    return (value, sink) => (value === null ? refuseNull(at) : write(value, sink))
  }
  const nothing = schema.branches.findIndex(({ kind }) => kind === 'null')
  for (const [index, branch] of schema.branches.entries()) {
    if (branch.kind === 'null' || !isTaken(type, branch)) continue
    const write = typeWriter(type, branch, at)
    return (value, sink) => {
      if (value === null && nothing === -1) refuseNull(at)
      writeLong(sink, value === null ? nothing : index)
      if (value !== null) write(value, sink)
    }
  }
  throw noPlace(at.place, `none of its types takes ${type.kind}`)
}

function refuseNull({ place }: Place): never {
  throw schemaMismatch([place], 'it is absent or null, and the schema of the registry does not let it be')
}

/** True if the branch is of a kind that may take the type; whether all that is inside fits shows when it is compiled. */
function isTaken(type: FieldType, branch: AvroType): boolean {
  return (kindsFor[type.kind] as readonly string[]).includes(branch.kind)
}

const kindsFor = {
  string: ['string'],
  json: ['string'],
  int32: ['int', 'long'],
  int64: ['long'],
  float: ['float', 'double'],
  double: ['double'],
  boolean: ['boolean'],
  bytes: ['bytes'],
  decimal: ['bytes', 'fixed'],
  typed: ['record'],
  array: ['array'],
  map: ['map'],
  struct: ['record'],
} as const satisfies Readonly<Record<FieldType['kind'], readonly AvroType['kind'][]>>

function typeWriter(type: FieldType, schema: AvroType, at: Place): Write {
  if (!isTaken(type, schema)) throw noPlace(at.place, `it is ${schema.kind}, and not ${type.kind}`)
  switch (type.kind) {
    case 'string':
    case 'json':
      return (value, sink) => writeString(sink, value as string)
    case 'int32':
    case 'int64':
      return (value, sink) => writeLong(sink, value as number | bigint)
    case 'float':
    case 'double':
      return (value, sink) => (schema.kind === 'float' ? writeFloat : writeDouble)(sink, value as number)
    case 'boolean':
      return (value, sink) => sink.byte(value === true ? 1 : 0)
    case 'bytes':
      return (value, sink) => writeBytes(sink, value as Buffer)
    case 'decimal':
      return decimalWriter(type, schema, at)
    case 'typed':
      if (!isTypedRecord(schema)) throw noPlace(at.place, `it is no ${attributeValueName} as tailrace writes it`)
      return (value, sink) => writeTyped(value, sink)
    case 'array':
      return schema.kind === 'array' ? arrayWriter(unionWriter(type.items, schema.items, at)) : neverTaken()
    case 'map':
      return schema.kind === 'map' ? mapWriter(unionWriter(type.values, schema.values, at)) : neverTaken()
    case 'struct': {
      if (schema.kind !== 'record') return neverTaken()
      const write = structWriter(type.shape, schema, at.adjustment)
      return (value, sink) => write(value as FittedStruct, sink)
    }
  }
}

function neverTaken(): never {
  throw new Error('a type was taken by a schema of another kind')
}

function decimalWriter(type: FieldType & { readonly kind: 'decimal' }, schema: AvroType, at: Place): Write {
  if (schema.kind !== 'bytes' && schema.kind !== 'fixed') return neverTaken()
  const { decimal } = schema
  const wanted = `decimal(${type.precision}, ${type.scale})`
  if (decimal === undefined || decimal.scale !== type.scale || decimal.precision < type.precision)
    throw noPlace(at.place, `it does not take every ${wanted}`)
  if (schema.kind === 'bytes') return (value, sink) => writeBytes(sink, wholeBytes(value as bigint))
  const { size } = schema
  if (wholeBytes(10n ** BigInt(type.precision) - 1n).length > size)
    throw noPlace(at.place, `it is too short for ${wanted}`)
  return (value, sink) => sink.bytes(wholeBytes(value as bigint, size))
}

function arrayWriter(items: Write): Write {
  return (value, sink) => {
    const elements = value as readonly FittedValue[]
    if (elements.length > 0) {
      writeLong(sink, elements.length)
      for (const element of elements) items(element, sink)
    }
    sink.byte(0)
  }
}

function mapWriter(values: Write): Write {
  return (value, sink) => {
    const entries = value as FittedMap
    if (entries.size > 0) {
      writeLong(sink, entries.size)
      for (const [name, entry] of entries) {
        writeString(sink, name)
        values(entry, sink)
      }
    }
    sink.byte(0)
  }
}

function noPlace(field: string, reason: string): TailraceError {
  return new TailraceError('SCHEMA_INCOMPATIBLE', `the registry's schema has no place for ${field}: ${reason}`, {
    details: { field, reason },
  })
}
