import { WireType } from '@bufbuild/protobuf/wire'
import type { BinaryWriter } from '@bufbuild/protobuf/wire'
import { TailraceError } from '../../errors.ts'
import { attributeValueMessage } from '../../shapes/proto/proto-message.ts'
import type { ProtoField, ProtoFile, ProtoMessage } from '../../shapes/proto/proto-message.ts'
import type { FieldType, Shape } from '../../shapes/shape.ts'
import type { FittedArray, FittedMap, FittedStruct, FittedValue } from '../fit/fitted-value.ts'
import { decimalText } from '../fit/decimal-text.ts'
import { writeTyped } from './typed-message.ts'

/** Writes fitted records of a shape, without a length in front. */
export type WriteMessage = (fields: FittedStruct, writer: BinaryWriter) => void

/** Writes one value, with its number in front. */
type WriteField = (value: FittedValue, writer: BinaryWriter) => void

/**
 * How records of a shape are written by the first message of a file, which may be another one than the shape itself makes
 * (`own`): fields are found by name. Throws SCHEMA_INCOMPATIBLE where the file has no place for a field. As encoders of
 * Protobuf do, what cannot be absent is left out where it is zero or empty, and numbers of lists are packed.
 */
export function messageWriter(shape: Shape, own: ProtoFile, file: ProtoFile): WriteMessage {
  const [from, to] = [own.messages[0], file.messages[0]]
  if (from === undefined || to === undefined) throw noPlace(shape.name, 'there is no message')
  return new Compiler(own, file).message(shape, from, to)
}

class Compiler {
  readonly #own: ProtoFile
  readonly #file: ProtoFile

  constructor(own: ProtoFile, file: ProtoFile) {
    this.#own = own
    this.#file = file
  }

  message(shape: Shape, own: ProtoMessage, message: ProtoMessage): WriteMessage {
    const types = shape.fields.map(({ type }) => type)
    const fields = own.fields.map((field, index) => {
      // The rest stands behind the fields, and is a JSON text.
      return this.#field(types[index] ?? { kind: 'json' }, field, message)
    })
    return (values, writer) => {
      for (const [index, write] of fields.entries()) {
        const value = values[index] ?? null
        if (value !== null) write(value, writer)
      }
    }
  }

  #field(type: FieldType, own: ProtoField, message: ProtoMessage): WriteField {
    const place = `${message.name}.${own.name}`
    const field = message.fields.find(({ name }) => name === own.name)
    if (field === undefined) throw noPlace(place, 'there is no such field')
    const isWider = own.label === 'implicit' && field.label === 'optional'
    if (field.label !== own.label && !isWider) throw noPlace(place, `it is ${field.label}, and not ${own.label}`)
    const { number } = field
    switch (type.kind) {
      case 'array':
        return this.#list(type.items, own, field)
      case 'map': {
        const write = this.#value(type.values, own, { ...field, number: 2 })
        return (value, writer) => {
          for (const [name, entry] of value as FittedMap) {
            writer.tag(number, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(name)
            write(entry, writer)
            writer.join()
          }
        }
      }
      default: {
        const write = this.#value(type, own, field)
        if (field.label === 'optional' || type.kind === 'struct' || type.kind === 'typed') return write
        return (value, writer) => {
          if (!isZero(value)) write(value, writer)
        }
      }
    }
  }

  #list(items: FieldType, own: ProtoField, field: ProtoField): WriteField {
    const packed = packedWriters[items.kind]
    if (packed === undefined) {
      const write = this.#value(items, own, field)
      return (value, writer) => {
        for (const element of value as FittedArray) write(element, writer)
      }
    }
    if (field.type !== own.type) throw noPlace(field.name, `it is ${field.type}, and not ${own.type}`)
    return (value, writer) => {
      const elements = value as FittedArray
      if (elements.length === 0) return
      writer.tag(field.number, WireType.LengthDelimited).fork()
      for (const element of elements) packed.write(element, writer)
      writer.join()
    }
  }

  /** One value of a list, of a map, or alone. */
  #value(type: FieldType, own: ProtoField, { number, type: written, name }: ProtoField): WriteField {
    if (type.kind === 'struct' || type.kind === 'typed') {
      const write = this.#inner(type, own.type, written)
      return (value, writer) => {
        writer.tag(number, WireType.LengthDelimited).fork()
        write(value, writer)
        writer.join()
      }
    }
    if (written !== own.type) throw noPlace(name, `it is ${written}, and not ${own.type}`)
    const scalar = packedWriters[type.kind] ?? textWriter(type)
    return (value, writer) => {
      writer.tag(number, scalar.wire)
      scalar.write(value, writer)
    }
  }

  #inner(type: FieldType, own: string, written: string): WriteField {
    const from = messageNamed(this.#own, own)
    const to = messageNamed(this.#file, written)
    if (from === undefined || to === undefined) throw noPlace(own, `there is no message ${written}`)
    if (type.kind !== 'struct') {
      if (layoutOf(to) !== typedLayout) throw noPlace(own, `it is no ${from.name} as tailrace writes it`)
      return (value, writer) => writeTyped(value, writer, 0)
    }
    const write = this.message(type.shape, from, to)
    return (value, writer) => write(value as FittedStruct, writer)
  }
}

interface ScalarWriter {
  readonly wire: WireType
  readonly write: WriteField
}

/** Numbers and booleans, whose values need no length. */
const packedWriters: Readonly<Partial<Record<FieldType['kind'], ScalarWriter>>> = {
  int32: { wire: WireType.Varint, write: (value, writer) => writer.int32(value as number) },
  int64: { wire: WireType.Varint, write: (value, writer) => writer.int64(value as number | bigint) },
  boolean: { wire: WireType.Varint, write: (value, writer) => writer.bool(value as boolean) },
  float: { wire: WireType.Bit32, write: (value, writer) => writer.float(value as number) },
  double: { wire: WireType.Bit64, write: (value, writer) => writer.double(value as number) },
}

function textWriter(type: FieldType): ScalarWriter {
  const wire = WireType.LengthDelimited
  if (type.kind === 'bytes') return { wire, write: (value, writer) => writer.bytes(value as Buffer) }
  if (type.kind !== 'decimal') return { wire, write: (value, writer) => writer.string(value as string) }
  return { wire, write: (value, writer) => writer.string(decimalText(value as bigint, type.scale)) }
}

/** What Protobuf cannot tell from absent. A decimal is a text, which is never empty; minus zero is no zero. */
function isZero(value: FittedValue): boolean {
  if (typeof value === 'number') return Object.is(value, 0)
  return value === false || value === '' || (Buffer.isBuffer(value) && value.length === 0)
}

/** By its last name: messages stand in the first one, or beside it. */
function messageNamed({ messages }: ProtoFile, type: string): ProtoMessage | undefined {
  const simple = type.slice(type.lastIndexOf('.') + 1)
  return [...(messages[0]?.nested ?? []), ...messages].find(({ name }) => name === simple)
}

/** Names, numbers and types, without marks and comments, which registries may leave out. */
function layoutOf({ nested, fields }: ProtoMessage): string {
  const inner = nested.map((message) => `${message.name}<${layoutOf(message)}>`).toSorted()
  const own = fields.map(({ name, number, label, type }) => {
    return `${number}:${label} ${type.slice(type.lastIndexOf('.') + 1)} ${name}`
  })
  return [...inner, ...own].join(';')
}

const typedLayout = layoutOf(attributeValueMessage)

function noPlace(field: string, reason: string): TailraceError {
  return new TailraceError('SCHEMA_INCOMPATIBLE', `the registry's schema has no place for ${field}: ${reason}`, {
    details: { field, reason },
  })
}
