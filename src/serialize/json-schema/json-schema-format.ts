import { TailraceError } from '../../errors.ts'
import type { SchemaText } from '../../schema-registry/schema-registry.ts'
import { jsonSchema } from '../../shapes/json-schema.ts'
import type { FieldShape, Shape } from '../../shapes/shape.ts'
import { createFitter } from '../fit/fit-document.ts'
import type { FitOptions } from '../fit/fit-document.ts'
import type { FittedStruct } from '../fit/fitted-value.ts'
import { createJsonWriter } from '../json-writer.ts'
import type { RecordEncoder, RecordFormat } from '../record-encoder.ts'
import { jsonRecordWriter } from './fitted-json.ts'

/** Records as JSON that a JSON Schema describes. */
export function createJsonSchemaFormat(fit: FitOptions): RecordFormat {
  return {
    encoder: (shape) => createEncoder(shape, { type: 'JSON', text: JSON.stringify(jsonSchema(shape)) }, fit),
  }
}

function createEncoder(shape: Shape, schema: SchemaText, fit: FitOptions): RecordEncoder {
  const fitter = createFitter(shape, fit)
  const writer = createJsonWriter()
  const write = jsonRecordWriter(shape, writer)
  return {
    schema,
    schemaName: titleOf(schema.text) ?? shape.name,
    idSuffix: noBytes,
    encode: (document) => {
      writer.reset()
      write(fitter.fit(document))
      return writer.take()
    },
    decodeKey: (payload) => readTexts(payload.toString('utf8'), shape),
    writingBy: (other) => {
      refuseHomeless(shape, other.text)
      return createEncoder(shape, other, fit)
    },
  }
}

const noBytes = Buffer.alloc(0)

/** JSON says by itself what it holds, so all that a schema can lack is a field, where it allows no others. */
function refuseHomeless(shape: Shape, text: string): void {
  const schema = parsed(text)
  const properties = memberOf(schema, 'properties')
  if (memberOf(schema, 'additionalProperties') !== false) return
  const names = [...shape.fields.map(({ name }) => name), ...(shape.rest === undefined ? [] : [shape.rest])]
  const homeless = names.find((name) => memberOf(properties, name) === undefined)
  if (homeless === undefined) return
  const field = `${shape.name}.${homeless}`
  throw new TailraceError('SCHEMA_INCOMPATIBLE', `the registry's schema has no place for ${field}`, {
    details: { field },
  })
}

function titleOf(text: string): string | undefined {
  const title = memberOf(parsed(text), 'title')
  return typeof title === 'string' ? title : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TailraceError('SCHEMA_INCOMPATIBLE', "the registry's schema is not JSON", { cause: error })
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

/** Keys are texts and bytes, field by field as they were written; of other records nothing is read. */
function readTexts(text: string, { fields }: Shape): FittedStruct | undefined {
  const values: (string | Buffer)[] = []
  let at = 0
  for (const [index, field] of fields.entries()) {
    const lead = `${index === 0 ? '{' : ','}${JSON.stringify(field.name)}:`
    if (!text.startsWith(lead, at)) return undefined
    at += lead.length
    const token = /"(?:[^"\\]|\\.)*"/y
    token.lastIndex = at
    const [found] = token.exec(text) ?? []
    const value = found === undefined ? undefined : valueOf(found, field)
    if (found === undefined || value === undefined) return undefined
    at += found.length
    values.push(value)
  }
  return text.slice(at) === '}' ? values : undefined
}

function valueOf(token: string, { type }: FieldShape): string | Buffer | undefined {
  try {
    const text = JSON.parse(token) as string
    if (type.kind === 'string') return text
    return type.kind === 'bytes' ? Buffer.from(text, 'base64') : undefined
  } catch {
    return undefined
  }
}
