import type { Item } from '../change/attribute-value.ts'
import type { Document, DocumentValue } from '../change/document.ts'
import { createConnectItem } from './connect-item.ts'
import type { ConnectItem } from './connect-item.ts'
import { connectField } from './connect-schema.ts'
import { unreadableValue } from './item-json.ts'
import type { NumberMode } from './item-json.ts'
import type { JsonWriter } from './json-writer.ts'
import { createTypedItemJson } from './typed-item-json.ts'
import type { TypedItemJson } from './typed-item-json.ts'

/** Writes documents in the `schema`/`payload` wrapper. Every document describes itself: items have no fixed schema. */
export interface ConnectDocument {
  /** A key's fields are never null; a value's may be. `name` is the schema's. */
  document(document: Document, name: string, isOptional: boolean): void
}

export function createConnectDocument(writer: JsonWriter, numbers: NumberMode): ConnectDocument {
  return new ConnectDocumentWriter(writer, numbers)
}

class ConnectDocumentWriter implements ConnectDocument {
  readonly #writer: JsonWriter
  readonly #items: ConnectItem
  readonly #typed: TypedItemJson

  constructor(writer: JsonWriter, numbers: NumberMode) {
    this.#writer = writer
    this.#items = createConnectItem(writer, numbers)
    this.#typed = createTypedItemJson(writer)
  }

  document(document: Document, name: string, isOptional: boolean): void {
    this.#writer.text(`{"schema":{"type":"struct","optional":false,"name":${JSON.stringify(name)},"fields":[`)
    this.#fields(document, isOptional)
    this.#writer.text(']},"payload":')
    this.#payload(document)
    this.#writer.text('}')
  }

  #fields(document: Document, isOptional: boolean): void {
    let separator = ''
    for (const name in document) {
      this.#writer.text(separator)
      separator = ','
      this.#field(name, document, isOptional)
    }
  }

  #field(name: string, document: Document, isOptional: boolean): void {
    const value = document[name]
    const item = itemBehind(name, document)
    if (item !== undefined) return this.#struct(name, () => this.#items.fields(item))
    if (value !== undefined && 'DOC' in value) return this.#struct(name, () => this.#fields(value.DOC, true))
    this.#writer.text(leafSchema(name, value, isOptional))
  }

  #struct(name: string, fields: () => void): void {
    this.#writer.text('{"type":"struct","optional":true,"fields":[')
    fields()
    this.#writer.text(`],"field":${JSON.stringify(name)}}`)
  }

  #payload(document: Document): void {
    let separator = '{'
    for (const name in document) {
      this.#writer.text(separator)
      separator = ','
      this.#writer.string(name)
      this.#writer.text(':')
      this.#value(document[name])
    }
    this.#writer.text(separator === '{' ? '{}' : '}')
  }

  #value(value: DocumentValue | undefined): void {
    if (value === undefined) this.#items.value(value)
    else if ('INT' in value) this.#writer.text(String(value.INT))
    else if ('DOC' in value) this.#payload(value.DOC)
    else if ('ITEM' in value) this.#items.item(value.ITEM)
    else if ('TYPED' in value) this.#writer.nested(() => this.#typed.item(value.TYPED))
    else this.#items.value(value)
  }
}

function leafSchema(name: string, value: DocumentValue | undefined, isOptional: boolean): string {
  const rest = `"optional":${isOptional},"field":${JSON.stringify(name)}}`
  if (value !== undefined && 'INT' in value) return `{"type":"int64",${rest}`
  if (value !== undefined && 'TYPED' in value)
    return `{"type":"string","name":"io.debezium.data.Json","version":1,${rest}`
  const known = connectField(name, typeOf(value), isOptional)
  if (known === undefined) throw unreadableValue('an attribute value has an unknown type')
  return known
}

/** An image that is null takes the other one's fields: both are rows of one table. */
function itemBehind(name: string, document: Document): Item | undefined {
  const value = document[name]
  if (value === undefined || 'ITEM' in value) return value?.ITEM
  const other = name === 'before' ? document['after'] : name === 'after' ? document['before'] : undefined
  return other !== undefined && 'ITEM' in other && 'NULL' in value ? other.ITEM : undefined
}

/** The name of the value's first member; that it is the only one is checked where the value is written. */
function typeOf(value: DocumentValue | undefined): string {
  for (const type in value) return type
  return ''
}
