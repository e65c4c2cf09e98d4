import { TailraceError } from '../../errors.ts'
import type { RegisteredSchema } from '../../schema-registry/schema-registry.ts'
import type { RecordHalf } from '../record-encoder.ts'

/**
 * Where a record says which schema it has. `prefix`: in front of its bytes, a zero and the schema's id in four bytes; any
 * consumer of a registry reads it. `header`: in the header `__key_schema_id` or `__value_schema_id`, a one and the schema's
 * GUID; the bytes are the record alone.
 */
export type SchemaIdPlace = 'prefix' | 'header'

/** How bytes of one schema are framed. */
export interface SchemaFrame {
  /** Sent with every record; undefined where the bytes say it. */
  readonly header: readonly [Buffer, Buffer] | undefined
  frame(payload: Buffer): Buffer
  /** The bytes inside; undefined if they are not framed so: another schema's are not. */
  unframe(framed: Buffer): Buffer | undefined
}

/** `idSuffix` follows the id wherever it is. Throws SCHEMA_GUID_MISSING for the header of a schema that has no GUID. */
export function schemaFrame(
  place: SchemaIdPlace,
  { id, guid }: Pick<RegisteredSchema, 'id' | 'guid'>,
  { half, idSuffix }: { readonly half: RecordHalf; readonly idSuffix: Buffer },
): SchemaFrame {
  if (place === 'header') {
    const content = Buffer.concat([Buffer.of(guidMark), guidBytes(guid), idSuffix])
    return { header: [headerNames[half], content], frame: (payload) => payload, unframe: (framed) => framed }
  }
  const idBytes = Buffer.alloc(5)
  idBytes.writeInt32BE(id, 1)
  const prefix = Buffer.concat([idBytes, idSuffix])
  return {
    header: undefined,
    frame: (payload) => Buffer.concat([prefix, payload]),
    unframe: (framed) =>
      framed.subarray(0, prefix.length).equals(prefix) ? framed.subarray(prefix.length) : undefined,
  }
}

const guidMark = 1
const headerNames = { key: Buffer.from('__key_schema_id'), value: Buffer.from('__value_schema_id') } as const

function guidBytes(guid: string | undefined): Buffer {
  const bytes = Buffer.from((guid ?? '').replaceAll('-', ''), 'hex')
  if (bytes.length === 16) return bytes
  const text = 'the schema registry gives its schemas no GUIDs, which format.schema.id.in: header needs'
  throw new TailraceError('SCHEMA_GUID_MISSING', text)
}
