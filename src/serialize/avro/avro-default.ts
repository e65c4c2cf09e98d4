import { writeBytes, writeDouble, writeFloat, writeLong, writeString } from './avro-bytes.ts'
import type { ByteSink } from './avro-bytes.ts'
import type { AvroField, AvroType } from './avro-type.ts'

/** Writes a field's default; undefined if it has none, or one that is more than a scalar or empty. */
export function defaultWriter({ type, defaultValue }: AvroField): ((sink: ByteSink) => void) | undefined {
  if (defaultValue === undefined) return undefined
  if (type.kind !== 'union') return valueWriter(type, defaultValue)
  // The default of a union is of its first type in older schemas, and of any of them in newer ones.
  for (const [index, branch] of type.branches.entries()) {
    const write = valueWriter(branch, defaultValue)
    if (write === undefined) continue
    return (sink) => {
      writeLong(sink, index)
      write(sink)
    }
  }
  return undefined
}

function valueWriter(type: AvroType, value: unknown): ((sink: ByteSink) => void) | undefined {
  switch (type.kind) {
    case 'null':
      return value === null ? () => undefined : undefined
    case 'boolean':
      return typeof value === 'boolean' ? (sink) => sink.byte(value ? 1 : 0) : undefined
    case 'int':
    case 'long':
      return typeof value === 'number' && Number.isSafeInteger(value) ? (sink) => writeLong(sink, value) : undefined
    case 'float':
    case 'double':
      if (typeof value !== 'number') return undefined
      return (sink) => (type.kind === 'float' ? writeFloat : writeDouble)(sink, value)
    case 'string':
      return typeof value === 'string' && value.isWellFormed() ? (sink) => writeString(sink, value) : undefined
    case 'bytes':
      // A character for each byte.
      return typeof value === 'string' ? (sink) => writeBytes(sink, Buffer.from(value, 'latin1')) : undefined
    case 'array':
      return Array.isArray(value) && value.length === 0 ? (sink) => sink.byte(0) : undefined
    case 'map':
      return isEmptyObject(value) ? (sink) => sink.byte(0) : undefined
    default:
      return undefined
  }
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}
