import type { SchemaText } from '../../schema-registry/schema-registry.ts'
import { avroSchema } from '../../shapes/avro-schema.ts'
import { schemaName } from '../../shapes/name-adjustment.ts'
import type { NameAdjustments } from '../../shapes/name-adjustment.ts'
import type { Shape } from '../../shapes/shape.ts'
import { createFitter } from '../fit/fit-document.ts'
import type { FitOptions } from '../fit/fit-document.ts'
import type { FittedStruct } from '../fit/fitted-value.ts'
import { createJsonWriter } from '../json-writer.ts'
import type { RecordEncoder, RecordFormat } from '../record-encoder.ts'
import { createByteReader } from './avro-bytes.ts'
import { readAvroType } from './avro-type.ts'
import type { AvroType } from './avro-type.ts'
import { recordWriter } from './avro-writer.ts'

export interface AvroFormatOptions {
  readonly names: NameAdjustments
  readonly fit: FitOptions
}

/** Records in Avro's binary form. */
export function createAvroFormat(options: AvroFormatOptions): RecordFormat {
  return {
    encoder: (shape) => {
      const text = JSON.stringify(avroSchema(shape, options.names))
      return createEncoder(shape, { type: 'AVRO', text }, options)
    },
  }
}

function createEncoder(shape: Shape, schema: SchemaText, options: AvroFormatOptions): RecordEncoder {
  const type = readAvroType(schema.text)
  const fitter = createFitter(shape, options.fit)
  const write = recordWriter(shape, type, options.names.fields)
  const sink = createJsonWriter()
  return {
    schema,
    schemaName: type.kind === 'record' ? type.name : schemaName(shape.name, options.names.schemas),
    idSuffix: noBytes,
    encode: (document) => {
      sink.reset()
      write(fitter.fit(document), sink)
      return sink.take()
    },
    decodeKey: (payload) => readTexts(payload, type),
    writingBy: (other) => createEncoder(shape, other, options),
  }
}

const noBytes = Buffer.alloc(0)

/** Keys are records of texts and bytes; of other records nothing is read. */
function readTexts(payload: Buffer, type: AvroType): FittedStruct | undefined {
  if (type.kind !== 'record') return undefined
  const reader = createByteReader(payload)
  const fields: (string | Buffer)[] = []
  for (const field of type.fields) {
    if (field.type.kind !== 'string' && field.type.kind !== 'bytes') return undefined
    const bytes = reader.bytes()
    if (bytes === undefined) return undefined
    fields.push(field.type.kind === 'string' ? bytes.toString('utf8') : bytes)
  }
  return reader.isAtEnd ? fields : undefined
}
