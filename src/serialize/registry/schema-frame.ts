import { TailraceError } from '../../errors.ts'
import type { RegisteredSchema } from '../../schema-registry/schema-registry.ts'
import type { RecordEncoder, RecordHalf } from '../record-encoder.ts'
import type { SchemaFrame } from './framed.ts'
import { glueFrame } from './glue-frame.ts'

/**
 * Where a record says which schema it has. `prefix`: in front of its bytes, a zero and the schema's id in four bytes; any
 * consumer of a registry reads it. `header`: in the header `__key_schema_id` or `__value_schema_id`, a one and the schema's
 * GUID; the bytes are the record alone. `glue`: in front, as AWS's serializers for Glue write it; the second one packs values.
 */
export type SchemaIdPlace = 'prefix' | 'header' | 'glue' | 'glue-zlib'

/** What the encoder says follows the id wherever it is. Throws SCHEMA_GUID_MISSING for the header of a schema that has no GUID. */
export function schemaFrame(
  place: SchemaIdPlace,
  { id, guid }: Pick<RegisteredSchema, 'id' | 'guid'>,
  { half, encoder }: { readonly half: RecordHalf; readonly encoder: Pick<RecordEncoder, 'idSuffix' | 'messageRank'> },
): SchemaFrame {
  const { idSuffix } = encoder
  if (place === 'glue' || place === 'glue-zlib') {
    return glueFrame({ id }, { half, compression: place === 'glue' ? 'none' : 'zlib', encoder })
  }
  if (place === 'header') {
    const content = Buffer.concat([Buffer.of(guidMark), guidBytes(guid), idSuffix])
    return { header: [headerNames[half], content], frame: (payload) => payload, unframe: (framed) => framed }
  }
  const idBytes = Buffer.alloc(5)
  if (typeof id !== 'number') throw new Error('a schema of Glue is framed as AWS does')
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
