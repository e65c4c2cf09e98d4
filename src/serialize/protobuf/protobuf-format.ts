import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'
import { TailraceError } from '../../errors.ts'
import type { SchemaText } from '../../schema-registry/schema-registry.ts'
import type { NameAdjustments } from '../../shapes/name-adjustment.ts'
import { printProto } from '../../shapes/proto/proto-file.ts'
import { protoLayout } from '../../shapes/proto/proto-layout.ts'
import type { ProtoFile } from '../../shapes/proto/proto-message.ts'
import { parseProto } from '../../shapes/proto/proto-parser.ts'
import type { Shape } from '../../shapes/shape.ts'
import { createFitter } from '../fit/fit-document.ts'
import type { FitOptions } from '../fit/fit-document.ts'
import type { FittedStruct } from '../fit/fitted-value.ts'
import type { RecordEncoder, RecordFormat } from '../record-encoder.ts'
import { messageRank } from './message-rank.ts'
import { messageWriter } from './message-writer.ts'

export interface ProtobufFormatOptions {
  readonly names: NameAdjustments
  readonly fit: FitOptions
}

/** Records in Protobuf's binary form, each the first message of its file. */
export function createProtobufFormat(options: ProtobufFormatOptions): RecordFormat {
  return {
    encoder: (shape) => {
      const layout = protoLayout(shape, options.names)
      return createEncoder(
        { shape, own: layout, file: layout, options },
        { type: 'PROTOBUF', text: printProto(layout) },
      )
    },
  }
}

interface EncoderParts {
  readonly shape: Shape
  /** What the shape makes. */
  readonly own: ProtoFile
  /** What is written by: the same, or the registry's. */
  readonly file: ProtoFile
  readonly options: ProtobufFormatOptions
}

function createEncoder(parts: EncoderParts, schema: SchemaText): RecordEncoder {
  const { shape, own, file, options } = parts
  const fitter = createFitter(shape, options.fit)
  const write = messageWriter(shape, own, file)
  const root = file.messages[0]?.name ?? ''
  const encoded = (fields: FittedStruct): Buffer => {
    const writer = new BinaryWriter()
    write(fields, writer)
    const { buffer, byteOffset, byteLength } = writer.finish()
    return Buffer.from(buffer, byteOffset, byteLength)
  }
  return {
    schema,
    schemaName: file.package === '' ? root : `${file.package}.${root}`,
    idSuffix: firstMessage,
    messageRank: messageRank(file),
    encode: (document) => encoded(fitter.fit(document)),
    decodeKey: (payload) => {
      const fields = readTexts(payload, parts)
      return fields !== undefined && encoded(fields).equals(payload) ? fields : undefined
    },
    writingBy: (other) => createEncoder({ ...parts, file: registered(other.text) }, other),
  }
}

/** The path to the message in its file, `[0]`, has a form of its own: a zero. */
const firstMessage = Buffer.of(0)

function registered(text: string): ProtoFile {
  try {
    return parseProto(text)
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    const message = `the registry's schema is not one that tailrace writes by: ${error.message}`
    throw new TailraceError('SCHEMA_INCOMPATIBLE', message, { cause: error })
  }
}

/** Keys are records of texts and bytes, which are left out where they are empty; of other records nothing is read. */
function readTexts(payload: Buffer, { shape: { fields }, own, file }: EncoderParts): FittedStruct | undefined {
  if (fields.some(({ type }) => type.kind !== 'string' && type.kind !== 'bytes')) return undefined
  const names = own.messages[0]?.fields.map(({ name }) => name) ?? []
  const values: (string | Buffer)[] = fields.map(({ type }) => (type.kind === 'bytes' ? noBytes : ''))
  const reader = new BinaryReader(payload)
  try {
    while (reader.pos < reader.len) {
      const [number] = reader.tag()
      const index = names.indexOf(file.messages[0]?.fields.find((field) => field.number === number)?.name ?? '')
      const type = fields[index]?.type.kind
      if (type === undefined) return undefined
      values[index] = type === 'bytes' ? Buffer.from(reader.bytes()) : reader.string()
    }
    return values
  } catch {
    return undefined
  }
}

const noBytes = Buffer.alloc(0)
