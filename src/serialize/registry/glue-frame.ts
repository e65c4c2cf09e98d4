import { deflateSync } from 'node:zlib'
import type { RegisteredSchema } from '../../schema-registry/schema-registry.ts'
import type { RecordEncoder, RecordHalf } from '../record-encoder.ts'
import type { SchemaFrame } from './framed.ts'

/** How payloads of values are packed. Of keys never: zlib does not promise the same bytes for ever, and partitions follow them. */
export type GlueCompression = 'none' | 'zlib'

/** Of which records, and how. */
export interface GlueFraming {
  readonly half: RecordHalf
  readonly compression: GlueCompression
  readonly encoder: Pick<RecordEncoder, 'messageRank'>
}

/**
 * The frame of AWS's serializers for Glue: a three, the compression, the schema version's UUID, and the payload, which of
 * Protobuf begins with the message's place in its file.
 */
export function glueFrame(
  { id }: Pick<RegisteredSchema, 'id'>,
  { half, compression, encoder }: GlueFraming,
): SchemaFrame {
  const isCompressed = compression === 'zlib' && half === 'value'
  const uuid = Buffer.from(String(id).replaceAll('-', ''), 'hex')
  if (uuid.length !== 16) throw new Error('a schema of Glue is named by a UUID')
  const { messageRank } = encoder
  const rank = messageRank === undefined ? Buffer.alloc(0) : varint(messageRank)
  const mark = Buffer.concat([Buffer.of(headerVersion, isCompressed ? compressed : plain), uuid])
  if (isCompressed) {
    return {
      header: undefined,
      frame: (payload) => Buffer.concat([mark, deflateSync(Buffer.concat([rank, payload]))]),
      // Only keys are read back.
      unframe: () => undefined,
    }
  }
  const prefix = Buffer.concat([mark, rank])
  return {
    header: undefined,
    frame: (payload) => Buffer.concat([prefix, payload]),
    unframe: (framed) =>
      framed.subarray(0, prefix.length).equals(prefix) ? framed.subarray(prefix.length) : undefined,
  }
}

const headerVersion = 3
const plain = 0
const compressed = 5

/** As Protobuf writes an unsigned number. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.of(...bytes, rest)
}
