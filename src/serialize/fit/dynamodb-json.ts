import type { Item } from '../../change/attribute-value.ts'
import type { JsonWriter } from '../json-writer.ts'
import { mapOf, typedContent } from './typed-content.ts'

/**
 * Writes items as DynamoDB JSON (`{"total":{"N":"12.5"}}`), from which every value comes back with its type. Names and lists
 * keep their order, sets have their fixed one, numbers their one notation. Throws RECORD_UNREADABLE, without a position.
 */
export interface DynamoDbJson {
  item(item: Item): void
  value(value: unknown): void
}

export function createDynamoDbJson(writer: Pick<JsonWriter, 'text' | 'string'>): DynamoDbJson {
  const map = (item: Item, depth: number): void => {
    let separator = '{'
    for (const name in item) {
      writer.text(separator)
      separator = ','
      writer.string(name)
      writer.text(':')
      value(item[name], depth)
    }
    writer.text(separator === '{' ? '{}' : '}')
  }
  const list = <T>(elements: readonly T[], write: (element: T) => void): void => {
    let separator = '['
    for (const element of elements) {
      writer.text(separator)
      separator = ','
      write(element)
    }
    writer.text(separator === '[' ? '[]' : ']')
  }
  const value = (raw: unknown, depth: number): void => {
    const typed = typedContent(raw, depth)
    for (const type in typed) writer.text(`{"${type}":`)
    if ('M' in typed) map(typed.M, depth + 1)
    else if ('L' in typed) list(typed.L, (element) => value(element, depth + 1))
    else if ('SS' in typed) list(typed.SS, (text) => writer.string(text))
    else if ('NS' in typed) list(typed.NS, (text) => writer.string(text))
    else if ('BS' in typed) list(typed.BS, (text) => writer.string(text))
    else if ('BOOL' in typed) writer.text(String(typed.BOOL))
    else if ('NULL' in typed) writer.text('true')
    else if ('S' in typed) writer.string(typed.S)
    else writer.string('N' in typed ? typed.N : typed.B)
    writer.text('}')
  }
  return { item: (item) => map(mapOf(item, 0), 0), value: (raw) => value(raw, 0) }
}
