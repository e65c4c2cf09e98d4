import type { Document, DocumentValue } from '../../change/document.ts'
import { createDocumentJson } from '../document-json.ts'
import { createItemJson } from '../item-json.ts'
import type { BinaryMode, NumberMode } from '../item-json.ts'
import { createJsonWriter } from '../json-writer.ts'
import { createDynamoDbJson } from './dynamodb-json.ts'

/** How values are written where a field holds JSON text: plainly, or with their types. */
export interface JsonTextOptions {
  readonly json: 'plain' | 'dynamodb'
  /** Of plain JSON, both; binaries are base64 by default. */
  readonly numbers: NumberMode
  readonly binaries?: BinaryMode
}

/** JSON as text, for fields that hold it. Throws RECORD_UNREADABLE, without a position. */
export interface JsonText {
  of(value: DocumentValue): string
  ofFields(fields: Document): string
}

export function createJsonText({ json, numbers, binaries }: JsonTextOptions): JsonText {
  const writer = createJsonWriter()
  const plain = createItemJson(writer, numbers, binaries)
  const items = json === 'plain' ? plain : createDynamoDbJson(writer)
  const documents = createDocumentJson(writer, items)
  const written = (write: () => void): string => {
    writer.reset()
    write()
    return writer.take().toString('utf8')
  }
  return {
    of: (value) => written(() => documents.value(value)),
    ofFields: (fields) => written(() => documents.document(fields)),
  }
}
