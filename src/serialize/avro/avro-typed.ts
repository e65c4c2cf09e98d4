import { attributeValueSchema } from '../../shapes/avro-schema.ts'
import { bytesOf, wellFormed } from '../fit/fit-scalar.ts'
import type { FieldPath } from '../fit/schema-mismatch.ts'
import { typedContent } from '../fit/typed-content.ts'
import { writeBytes, writeLong, writeString } from './avro-bytes.ts'
import type { ByteSink } from './avro-bytes.ts'
import { readAvroType } from './avro-type.ts'
import type { AvroType } from './avro-type.ts'

const members = ['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'] as const

/** True for the record that `writeTyped` writes by. */
export function isTypedRecord(schema: AvroType): boolean {
  return schema.kind === 'record' && layoutOf(schema) === typedLayout
}

/** The names and kinds of a record's members; what is inside the record again is only named. */
function layoutOf(schema: AvroType, seen: readonly AvroType[] = []): string {
  const inside = (type: AvroType): string => layoutOf(type, [...seen, schema])
  if (seen.includes(schema)) return `#${seen.indexOf(schema)}`
  if (schema.kind === 'array') return `[${inside(schema.items)}]`
  if (schema.kind === 'map') return `{${inside(schema.values)}}`
  if (schema.kind === 'union') return `(${schema.branches.map(inside).join('|')})`
  if (schema.kind !== 'record') return schema.kind
  return `<${schema.fields.map(({ name, type }) => `${name}:${inside(type)}`).join(',')}>`
}

const typedLayout = layoutOf(readAvroType(JSON.stringify(attributeValueSchema)))

/**
 * A value of DynamoDB as the record of which exactly one member is set: nothing of it is lost. Throws RECORD_UNREADABLE for
 * what is no such value, SCHEMA_MISMATCH for text that UTF-8 cannot hold; without a position, both.
 */
export function writeTyped(value: unknown, sink: ByteSink): void {
  writeValue(value, sink, 0)
}

function writeValue(value: unknown, sink: ByteSink, depth: number): void {
  const typed = typedContent(value, depth)
  for (const member of members) {
    if (!(member in typed)) {
      sink.byte(absent)
      continue
    }
    sink.byte(present)
    if ('S' in typed) writeString(sink, wellFormed(typed.S, noPath))
    else if ('N' in typed) writeString(sink, typed.N)
    else if ('B' in typed) writeBytes(sink, bytesOf(typed.B))
    else if ('BOOL' in typed) sink.byte(typed.BOOL ? 1 : 0)
    else if ('NULL' in typed) sink.byte(1)
    else if ('M' in typed) writeMap(typed.M, sink, depth + 1)
    else if ('L' in typed) writeBlock(typed.L, sink, (element) => writeValue(element, sink, depth + 1))
    else if ('SS' in typed) writeBlock(typed.SS, sink, (text) => writeString(sink, wellFormed(text, noPath)))
    else if ('NS' in typed) writeBlock(typed.NS, sink, (text) => writeString(sink, text))
    else writeBlock(typed.BS, sink, (text) => writeBytes(sink, bytesOf(text)))
  }
}

/** The places of null and of the type in a union, zig-zag. */
const absent = 0
const present = 2
const noPath: FieldPath = []

function writeMap(item: Readonly<Record<string, unknown>>, sink: ByteSink, depth: number): void {
  writeBlock(Object.keys(item), sink, (name) => {
    writeString(sink, wellFormed(name, noPath))
    writeValue(item[name], sink, depth)
  })
}

function writeBlock<T>(elements: readonly T[], sink: ByteSink, write: (element: T) => void): void {
  if (elements.length > 0) {
    writeLong(sink, elements.length)
    for (const element of elements) write(element)
  }
  sink.byte(0)
}
