import type { Document, DocumentValue } from '../change/document.ts'
import type { ItemJson } from './item-json.ts'
import type { JsonWriter } from './json-writer.ts'
import { createTypedItemJson } from './typed-item-json.ts'

/** Writes documents as plain JSON: items in them as `ItemJson` writes them, our own whole numbers as literals. */
export interface DocumentJson {
  /** Throws RECORD_UNREADABLE, without a position, for what is no DynamoDB value. */
  document(document: Document): void
  value(value: DocumentValue | undefined): void
}

export function createDocumentJson(writer: JsonWriter, items: Pick<ItemJson, 'item' | 'value'>): DocumentJson {
  const typed = createTypedItemJson(writer)
  const value = (one: DocumentValue | undefined): void => {
    if (one === undefined) items.value(one)
    else if ('INT' in one) writer.text(String(one.INT))
    else if ('DOC' in one) document(one.DOC)
    else if ('ITEM' in one) items.item(one.ITEM)
    else if ('TYPED' in one) typed.item(one.TYPED)
    else items.value(one)
  }
  const document = (fields: Document): void => {
    let separator = '{'
    for (const name in fields) {
      writer.text(separator)
      separator = ','
      writer.string(name)
      writer.text(':')
      value(fields[name])
    }
    writer.text(separator === '{' ? '{}' : '}')
  }
  return { document, value }
}
