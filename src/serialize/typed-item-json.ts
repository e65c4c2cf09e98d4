import { canonicalNumber } from '../change/attribute-number.ts'
import type { Item } from '../change/attribute-value.ts'
import { unreadableValue } from './item-json.ts'
import type { JsonWriter } from './json-writer.ts'

/**
 * Writes items as DynamoDB JSON, `{"total":{"N":"1.50"}}`: nothing is converted, so nothing is lost; sets keep the order in
 * which they come. Throws RECORD_UNREADABLE, without a position, for anything that is no DynamoDB value.
 */
export interface TypedItemJson {
  item(item: Item): void
}

export function createTypedItemJson(writer: JsonWriter): TypedItemJson {
  return new TypedItemWriter(writer)
}

/** As in plain JSON: DynamoDB allows 32. */
const maxDepth = 100

class TypedItemWriter implements TypedItemJson {
  readonly #writer: JsonWriter

  constructor(writer: JsonWriter) {
    this.#writer = writer
  }

  item(item: Item): void {
    this.#map(item, 0)
  }

  #map(content: unknown, depth: number): void {
    if (!isObject(content)) throw unreadableValue('a map is not an object')
    let separator = '{'
    for (const name in content) {
      this.#writer.text(separator)
      separator = ','
      this.#writer.string(name)
      this.#writer.text(':')
      this.#value(content[name], depth)
    }
    this.#writer.text(separator === '{' ? '{}' : '}')
  }

  #value(value: unknown, depth: number): void {
    if (!isObject(value)) throw unreadableValue('an attribute value is not an object')
    const [type, ...more] = Object.keys(value)
    if (type === undefined) throw unreadableValue('an attribute value has no type')
    if (more.length > 0) throw unreadableValue('an attribute value has more than one type')
    if (depth > maxDepth) throw unreadableValue(`attribute values are nested more than ${maxDepth} deep`)
    this.#writer.text(`{${JSON.stringify(type)}:`)
    this.#content(type, value[type], depth)
    this.#writer.text('}')
  }

  #content(type: string, content: unknown, depth: number): void {
    switch (type) {
      case 'S':
      case 'B':
        return this.#text(content)
      case 'N':
        return this.#number(content)
      case 'BOOL':
        if (typeof content !== 'boolean') throw unreadableValue('a BOOL is not a boolean')
        return this.#writer.text(String(content))
      case 'NULL':
        if (content !== true) throw unreadableValue('a NULL is not true')
        return this.#writer.text('true')
      case 'M':
        return this.#map(content, depth + 1)
      case 'L':
        return this.#list(content, (element) => this.#value(element, depth + 1))
      case 'SS':
      case 'BS':
        return this.#list(content, (element) => this.#text(element))
      case 'NS':
        return this.#list(content, (element) => this.#number(element))
      default:
        throw unreadableValue('an attribute value has an unknown type')
    }
  }

  #text(content: unknown): void {
    if (typeof content !== 'string') throw unreadableValue('an attribute value is not the text that its type asks for')
    this.#writer.string(content)
  }

  #number(content: unknown): void {
    if (typeof content !== 'string' || canonicalNumber(content) === undefined)
      throw unreadableValue('an N is not a decimal number')
    this.#writer.string(content)
  }

  #list(content: unknown, write: (element: unknown) => void): void {
    if (!Array.isArray(content)) throw unreadableValue('a list or set is not an array')
    let separator = '['
    for (const element of content) {
      this.#writer.text(separator)
      separator = ','
      write(element)
    }
    this.#writer.text(separator === '[' ? '[]' : ']')
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
