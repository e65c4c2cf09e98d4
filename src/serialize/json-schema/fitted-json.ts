import type { FieldType, Shape } from '../../shapes/shape.ts'
import { decimalText } from '../fit/decimal-text.ts'
import { createDynamoDbJson } from '../fit/dynamodb-json.ts'
import { shortestFloat, wellFormed } from '../fit/fit-scalar.ts'
import type { FittedMap, FittedStruct, FittedValue } from '../fit/fitted-value.ts'
import type { JsonWriter } from '../json-writer.ts'

/** Writes a value that fits its type. */
type Write = (value: FittedValue) => void

/**
 * How fitted records of a shape are written as JSON: exact number literals, base64 for bytes, DynamoDB JSON for `typed`, null
 * for what is absent. Throws RECORD_UNREADABLE and SCHEMA_MISMATCH for what is wrong inside typed values.
 */
export function jsonRecordWriter(shape: Shape, writer: JsonWriter): (fields: FittedStruct) => void {
  return new Compiler(writer).struct(shape)
}

class Compiler {
  readonly #writer: JsonWriter

  constructor(writer: JsonWriter) {
    this.#writer = writer
  }

  struct({ fields, rest }: Shape): (values: FittedStruct) => void {
    const writer = this.#writer
    const all = rest === undefined ? fields : [...fields, { name: rest, type: { kind: 'json' } as const }]
    const writers = all.map(({ name, type }, index) => ({
      lead: Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
      write: this.#nullable(this.#type(type)),
    }))
    return (values) => {
      for (const [index, { lead, write }] of writers.entries()) {
        writer.bytes(lead)
        write(values[index] ?? null)
      }
      writer.text(writers.length === 0 ? '{}' : '}')
    }
  }

  #nullable(write: Write): Write {
    return (value) => (value === null ? this.#writer.text('null') : write(value))
  }

  #type(type: FieldType): Write {
    const writer = this.#writer
    switch (type.kind) {
      case 'string':
      case 'json':
        return (value) => writer.string(value as string)
      case 'int32':
      case 'int64':
      case 'double':
      case 'boolean':
        return (value) => writer.text((value as number | bigint | boolean).toString())
      case 'float':
        return (value) => writer.text(String(Number(shortestFloat(value as number))))
      case 'decimal':
        return (value) => writer.text(decimalText(value as bigint, type.scale))
      case 'bytes':
        return (value) => writer.string((value as Buffer).toString('base64'))
      case 'typed':
        return this.#typed()
      case 'array':
        return this.#array(this.#type(type.items))
      case 'map':
        return this.#map(this.#type(type.values))
      case 'struct': {
        const write = this.struct(type.shape)
        return (value) => write(value as FittedStruct)
      }
    }
  }

  /** JSON could hold a lone surrogate, but hardly any reader of records with a schema. */
  #typed(): Write {
    const writer = this.#writer
    const typed = createDynamoDbJson({
      text: (text) => writer.text(text),
      string: (text) => writer.string(wellFormed(text, [])),
    })
    return (value) => typed.value(value)
  }

  #array(items: Write): Write {
    const writer = this.#writer
    return (value) => {
      let separator = '['
      for (const element of value as readonly FittedValue[]) {
        writer.text(separator)
        separator = ','
        items(element)
      }
      writer.text(separator === '[' ? '[]' : ']')
    }
  }

  #map(values: Write): Write {
    const writer = this.#writer
    return (value) => {
      let separator = '{'
      for (const [name, entry] of value as FittedMap) {
        writer.text(separator)
        separator = ','
        writer.string(name)
        writer.text(':')
        values(entry)
      }
      writer.text(separator === '{' ? '{}' : '}')
    }
  }
}
