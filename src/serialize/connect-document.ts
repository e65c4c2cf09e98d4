import type { Document, DocumentValue } from '../change/document.ts'
import type { Item } from '../change/attribute-value.ts'
import { createConnectItem } from './connect-item.ts'
import { connectField } from './connect-schema.ts'
import { unreadableValue } from './item-json.ts'
import type { NumberMode } from './item-json.ts'
import type { JsonWriter } from './json-writer.ts'

/** Writes documents in the `schema`/`payload` wrapper. Every document describes itself: items have no fixed schema. */
export interface ConnectDocument {
  /** A key's fields are never null; a value's may be. `name` is the schema's. */
  document(document: Document, name: string, isOptional: boolean): void
}

export function createConnectDocument(writer: JsonWriter, numbers: NumberMode): ConnectDocument {
  const items = createConnectItem(writer, numbers)
  const schema = (document: Document, isOptional: boolean): void => {
    let separator = ''
    for (const name in document) {
      writer.text(separator)
      separator = ','
      fieldSchema(name, document, isOptional)
    }
  }
  const fieldSchema = (name: string, document: Document, isOptional: boolean): void => {
    const value = document[name]
    const item = itemBehind(name, document)
    if (item !== undefined) {
      writer.text('{"type":"struct","optional":true,"fields":[')
      items.fields(item)
      writer.text(`],"field":${JSON.stringify(name)}}`)
    } else if (value !== undefined && 'DOC' in value) {
      writer.text('{"type":"struct","optional":true,"fields":[')
      schema(value.DOC, true)
      writer.text(`],"field":${JSON.stringify(name)}}`)
    } else if (value !== undefined && 'INT' in value) {
      writer.text(`{"type":"int64","optional":${isOptional},"field":${JSON.stringify(name)}}`)
    } else {
      const known = connectField(name, typeOf(value), isOptional)
      if (known === undefined) throw unreadableValue('an attribute value has an unknown type')
      writer.text(known)
    }
  }
  const payload = (document: Document): void => {
    let separator = '{'
    for (const name in document) {
      writer.text(separator)
      separator = ','
      writer.string(name)
      writer.text(':')
      fieldPayload(document[name])
    }
    writer.text(separator === '{' ? '{}' : '}')
  }
  const fieldPayload = (value: DocumentValue | undefined): void => {
    if (value !== undefined && 'INT' in value) writer.text(String(value.INT))
    else if (value !== undefined && 'DOC' in value) payload(value.DOC)
    else if (value !== undefined && 'ITEM' in value) items.item(value.ITEM)
    else items.value(value)
  }
  return {
    document: (document, name, isOptional) => {
      writer.text(`{"schema":{"type":"struct","optional":false,"name":${JSON.stringify(name)},"fields":[`)
      schema(document, isOptional)
      writer.text(']},"payload":')
      payload(document)
      writer.text('}')
    },
  }
}

/** An image that is null takes the other one's fields: both are rows of one table. */
function itemBehind(name: string, document: Document): Item | undefined {
  const value = document[name]
  if (value !== undefined && 'ITEM' in value) return value.ITEM
  const other = name === 'before' ? document['after'] : name === 'after' ? document['before'] : undefined
  return other !== undefined && 'ITEM' in other && value !== undefined && 'NULL' in value ? other.ITEM : undefined
}

/** The name of the value's first member; that it is the only one is checked where the value is written. */
function typeOf(value: DocumentValue | undefined): string {
  for (const type in value) return type
  return ''
}
