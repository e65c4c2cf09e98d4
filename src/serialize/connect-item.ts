import type { AttributeValue, Item } from '../change/attribute-value.ts'
import { connectField } from './connect-schema.ts'
import { createItemJson, unreadableValue } from './item-json.ts'
import type { ItemJson, NumberMode } from './item-json.ts'
import type { JsonWriter } from './json-writer.ts'

/** Writes an image as Kafka Connect wants it: the fields of its struct, and the struct. See connect-schema.ts. */
export interface ConnectItem {
  /** The schemas of the fields, separated by commas, in the order of the attributes. */
  fields(item: Item): void
  /** The struct's content. */
  item(item: Item): void
  /** The content of one field. */
  value(value: AttributeValue | undefined): void
}

export function createConnectItem(writer: JsonWriter, numbers: NumberMode): ConnectItem {
  return new ConnectItemWriter(writer, numbers)
}

class ConnectItemWriter implements ConnectItem {
  readonly #writer: JsonWriter
  readonly #flat: ItemJson
  readonly #nested: ItemJson

  constructor(writer: JsonWriter, numbers: NumberMode) {
    this.#writer = writer
    this.#flat = createItemJson(writer, 'string')
    this.#nested = createItemJson(writer, numbers)
  }

  fields(item: Item): void {
    let separator = ''
    for (const name in item) {
      const schema = connectField(name, typeOf(item[name]), true)
      if (schema === undefined) throw unreadableValue('an attribute value has an unknown type')
      this.#writer.text(separator)
      this.#writer.text(schema)
      separator = ','
    }
  }

  item(item: Item): void {
    let separator = '{'
    for (const name in item) {
      this.#writer.text(separator)
      separator = ','
      this.#writer.string(name)
      this.#writer.text(':')
      this.value(item[name])
    }
    this.#writer.text(separator === '{' ? '{}' : '}')
  }

  value(value: AttributeValue | undefined): void {
    const type = typeOf(value)
    if (type === 'M' || type === 'L') this.#writer.nested(() => this.#nested.value(value))
    else this.#flat.value(value)
  }
}

/** The name of the value's first member; that it is the only one is checked where the value is written. */
function typeOf(value: AttributeValue | undefined): string {
  for (const type in value) return type
  return ''
}
