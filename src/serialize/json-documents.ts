import type { Document } from '../change/document.ts'
import type { DocumentPayload } from '../envelope/document-payload.ts'
import { createConnectDocument } from './connect-document.ts'
import type { ConnectDocument } from './connect-document.ts'
import { documentHeaders } from './document-headers.ts'
import { createDocumentJson } from './document-json.ts'
import type { DocumentJson } from './document-json.ts'
import { createItemJson } from './item-json.ts'
import type { BinaryMode, NumberMode } from './item-json.ts'
import type { JsonWriter } from './json-writer.ts'
import { createShardHeaders } from './shard-headers.ts'
import type { ShardHeaders } from './shard-headers.ts'
import { withSharedKeys } from './shared-keys.ts'
import type { SerializedRecord } from './serializer.ts'

export interface JsonDocumentOptions {
  readonly numbers: NumberMode
  readonly schemasEnable: boolean
  /** Default: base64. */
  readonly binaries?: BinaryMode
}

/** Writes records of fields as JSON, with Connect's schemas or without. */
export interface JsonDocuments {
  /** Throws RECORD_UNREADABLE, without a position, for what is no DynamoDB value. */
  serialize(payload: DocumentPayload): readonly SerializedRecord[]
}

/** `writer` must have nothing in it that was not taken. */
export function createJsonDocuments(writer: JsonWriter, options: JsonDocumentOptions): JsonDocuments {
  return new Documents(writer, options)
}

class Documents implements JsonDocuments {
  readonly #writer: JsonWriter
  readonly #plain: DocumentJson
  readonly #plainKey: DocumentJson
  readonly #connect: ConnectDocument | undefined
  readonly #headers: ShardHeaders

  constructor(writer: JsonWriter, { numbers, schemasEnable, binaries }: JsonDocumentOptions) {
    this.#writer = writer
    this.#headers = createShardHeaders(writer)
    this.#plain = createDocumentJson(writer, createItemJson(writer, numbers, binaries))
    // Keys are identities: nothing rounds them, and they look the same in every form.
    this.#plainKey = createDocumentJson(writer, createItemJson(writer, numbers === 'double' ? 'exact' : numbers))
    this.#connect = schemasEnable ? createConnectDocument(writer, numbers) : undefined
  }

  serialize({ records, event, table }: DocumentPayload): readonly SerializedRecord[] {
    this.#writer.reset()
    const headers = this.#headers.of(table, event.shardId)
    return withSharedKeys(
      records.map((record) => ({
        key: this.#written(record.key, record.schemaNames.key, 'key'),
        value: record.value === null ? null : this.#written(record.value, record.schemaNames.value, 'value'),
        headers: documentHeaders(record, event, headers),
        topic: record.topic,
      })),
    )
  }

  #written(document: Document, name: string, half: 'key' | 'value'): Buffer {
    if (this.#connect !== undefined) this.#connect.document(document, name, half === 'value')
    else if (half === 'key') this.#plainKey.document(document)
    else this.#plain.document(document)
    return this.#writer.take()
  }
}
