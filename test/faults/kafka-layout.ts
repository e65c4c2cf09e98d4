import { Reader, Writer } from '@platformatic/kafka'
import type { KafkaFields, KafkaValue } from './toxic.ts'

/** How a value lies on the wire. Texts and bytes may be null. */
export type Primitive = 'bool' | 'int8' | 'int16' | 'int32' | 'int64' | 'uuid' | 'string' | 'bytes'

/** One field of a message, with the versions that have it. */
export interface LayoutField {
  readonly name: string
  readonly type: Primitive | { readonly listOf: Primitive } | { readonly structs: readonly LayoutField[] }
  readonly from: number
  readonly to: number
}

/** A message of one version of one API. Compact lengths and tagged fields come with `isFlexible`. */
export interface Layout {
  readonly fields: readonly LayoutField[]
  readonly version: number
  readonly isFlexible: boolean
}

interface Versions {
  readonly from?: number
  readonly to?: number
}

/** A field of a primitive type. */
export function value(name: string, type: Primitive, versions: Versions = {}): LayoutField {
  return { name, type, from: versions.from ?? 0, to: versions.to ?? Number.POSITIVE_INFINITY }
}

/** A list of primitives. */
export function listOf(name: string, type: Primitive, versions: Versions = {}): LayoutField {
  return { ...value(name, type, versions), type: { listOf: type } }
}

/** A list of structures. */
export function structs(name: string, fields: readonly LayoutField[], versions: Versions = {}): LayoutField {
  return { ...value(name, 'bytes', versions), type: { structs: fields } }
}

/** Fields that are not given are written as false, 0, the empty text or the empty list. */
export function encodeFields(layout: Layout, fields: KafkaFields): Buffer {
  const writer = Writer.create()
  writeStruct(writer, layout, layout.fields, fields)
  return writer.buffer
}

/** Tagged fields are passed over. Throws when the bytes do not fit the layout. */
export function decodeFields(layout: Layout, bytes: Buffer): KafkaFields {
  return readStruct(Reader.from(bytes), layout, layout.fields)
}

function fieldsOf(layout: Layout, fields: readonly LayoutField[]): readonly LayoutField[] {
  return fields.filter(({ from, to }) => layout.version >= from && layout.version <= to)
}

function writeStruct(writer: Writer, layout: Layout, fields: readonly LayoutField[], values: KafkaFields): void {
  for (const field of fieldsOf(layout, fields)) writeField(writer, layout, field, values[field.name])
  if (layout.isFlexible) writer.appendTaggedFields()
}

function writeField(writer: Writer, layout: Layout, field: LayoutField, given: KafkaValue | undefined): void {
  const { type } = field
  if (typeof type === 'string') {
    writePrimitive(writer, layout.isFlexible, type, given)
    return
  }
  const entries = Array.isArray(given) ? [...(given as readonly KafkaValue[])] : []
  writer.appendArray(
    entries,
    (_, entry) => {
      if ('listOf' in type) writePrimitive(writer, layout.isFlexible, type.listOf, entry)
      else writeStruct(writer, layout, type.structs, entry as KafkaFields)
    },
    layout.isFlexible,
    false,
  )
}

function writePrimitive(writer: Writer, isCompact: boolean, type: Primitive, given: KafkaValue | undefined): void {
  switch (type) {
    case 'bool': {
      writer.appendBoolean(given === true)
      break
    }
    case 'int8': {
      writer.appendInt8(Number(given ?? 0))
      break
    }
    case 'int16': {
      writer.appendInt16(Number(given ?? 0))
      break
    }
    case 'int32': {
      writer.appendInt32(Number(given ?? 0))
      break
    }
    case 'int64': {
      writer.appendInt64((given ?? 0n) as bigint)
      break
    }
    case 'uuid': {
      writer.appendUUID((given ?? null) as string | null)
      break
    }
    case 'string': {
      writer.appendString(given === undefined ? '' : (given as string | null), isCompact)
      break
    }
    case 'bytes': {
      writer.appendBytes(given === undefined ? Buffer.alloc(0) : (given as Buffer | null), isCompact)
      break
    }
  }
}

function readStruct(reader: Reader, layout: Layout, fields: readonly LayoutField[]): KafkaFields {
  const values: Record<string, KafkaValue> = {}
  for (const field of fieldsOf(layout, fields)) values[field.name] = readField(reader, layout, field)
  if (layout.isFlexible) reader.readTaggedFields()
  return values
}

function readField(reader: Reader, layout: Layout, { type }: LayoutField): KafkaValue {
  if (typeof type === 'string') return readPrimitive(reader, layout.isFlexible, type)
  const read = (): KafkaValue =>
    'listOf' in type ? readPrimitive(reader, layout.isFlexible, type.listOf) : readStruct(reader, layout, type.structs)
  return reader.readNullableArray<KafkaValue>(read, layout.isFlexible, false)
}

function readPrimitive(reader: Reader, isCompact: boolean, type: Primitive): KafkaValue {
  switch (type) {
    case 'bool': {
      return reader.readBoolean()
    }
    case 'int8': {
      return reader.readInt8()
    }
    case 'int16': {
      return reader.readInt16()
    }
    case 'int32': {
      return reader.readInt32()
    }
    case 'int64': {
      return reader.readInt64()
    }
    case 'uuid': {
      return reader.readUUID()
    }
    case 'string': {
      return reader.readNullableString(isCompact)
    }
    case 'bytes': {
      return reader.readNullableBytes(isCompact)
    }
  }
}
