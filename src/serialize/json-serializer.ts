import type { Item } from '../change/attribute-value.ts'
import type { Table } from '../change/table.ts'
import type { DebeziumOrigin, DebeziumPayload } from '../envelope/debezium-payload.ts'
import type { Payload } from '../envelope/envelope.ts'
import { unreadableRecord } from '../envelope/unreadable-record.ts'
import { TailraceError } from '../errors.ts'
import { createConnectItem } from './connect-item.ts'
import type { ConnectItem } from './connect-item.ts'
import { envelopeSchemaText } from './connect-schema.ts'
import { createDebeziumSource } from './debezium-source.ts'
import type { DebeziumSource } from './debezium-source.ts'
import { createItemJson } from './item-json.ts'
import type { BinaryMode, ItemJson, NumberMode } from './item-json.ts'
import { createJsonDocuments } from './json-documents.ts'
import type { JsonDocuments } from './json-documents.ts'
import { createJsonKey } from './json-key.ts'
import type { JsonKey } from './json-key.ts'
import { createJsonWriter } from './json-writer.ts'
import type { JsonWriter } from './json-writer.ts'
import { createRecordHeaders } from './record-headers.ts'
import type { RecordHeaders } from './record-headers.ts'
import type { SerializedRecord, Serializer } from './serializer.ts'

export interface JsonSerializerOptions {
  readonly numbers: NumberMode
  /** Connect's `schemas.enable`: wraps key and value into `{"schema":…,"payload":…}`. */
  readonly schemasEnable: boolean
  /** Of images without schemas; with them, binaries are Connect's `bytes`. Default: base64. */
  readonly binaries?: BinaryMode
  /** The name of the schema of keys. Default: `<prefix>.<table>.Key`. */
  readonly keySchemaName?: (table: Table) => string
}

/** A serializer that needs neither a registry nor the name of a topic. */
export interface JsonSerializer extends Serializer {
  serialize(payload: Payload): readonly SerializedRecord[]
}

/** Debezium envelopes as JSON, read as they are by Flink, RisingWave and others, or with schemas by Kafka Connect. */
export function createJsonSerializer(options: JsonSerializerOptions): JsonSerializer {
  return new EnvelopeSerializer(options)
}

/** What all records of one shard share. */
interface ShardText {
  readonly origin: DebeziumOrigin
  readonly key: JsonKey
  readonly source: DebeziumSource
  readonly headers: RecordHeaders
  readonly schemaHead: Buffer
  readonly schemaMiddle: Buffer
  readonly schemaTail: Buffer
}

class EnvelopeSerializer implements JsonSerializer {
  readonly #options: JsonSerializerOptions
  readonly #writer: JsonWriter = createJsonWriter()
  readonly #plainItem: ItemJson
  readonly #connectItem: ConnectItem
  readonly #documents: JsonDocuments
  /** Pages are of one shard, and the envelope gives all of a page's payloads one origin. */
  #shard: ShardText | undefined

  constructor(options: JsonSerializerOptions) {
    this.#options = options
    this.#plainItem = createItemJson(this.#writer, options.numbers, options.binaries)
    this.#connectItem = createConnectItem(this.#writer, options.numbers)
    this.#documents = createJsonDocuments(this.#writer, options)
  }

  prepare(): undefined {
    return undefined
  }

  serialize(payload: Payload): readonly SerializedRecord[] {
    try {
      return payload.kind === 'debezium' ? this.#debezium(payload) : this.#documents.serialize(payload)
    } catch (error) {
      if (error instanceof TailraceError) throw unreadableRecord(error.message, payload.event, tableOf(payload))
      throw error
    }
  }

  #debezium(payload: DebeziumPayload): readonly SerializedRecord[] {
    const { event, origin } = payload
    const shard = this.#shard?.origin === origin ? this.#shard : this.#enter(origin)
    this.#writer.reset()
    shard.key.write(event.keys)
    const key = this.#writer.take()
    this.#value(payload, shard)
    const value = this.#writer.take()
    const headers = shard.headers.of(event)
    const record: SerializedRecord = { key, value, headers }
    return payload.hasTombstone ? [record, { key, value: null, headers }] : [record]
  }

  readKey(key: Buffer, table: Table, name: string): Item | undefined {
    return this.#keyOf(table, name).read(key)
  }

  isDelete(value: Buffer): boolean {
    // Few values hold the text, and fewer still mean it.
    if (!value.includes('"op":"d"')) return false
    try {
      const parsed: unknown = JSON.parse(value.toString())
      const payload = this.#options.schemasEnable ? memberOf(parsed, 'payload') : parsed
      return memberOf(payload, 'op') === 'd'
    } catch {
      return false
    }
  }

  #keyOf(table: Table, name: string): JsonKey {
    const { numbers, schemasEnable, keySchemaName } = this.#options
    const schemaName = schemasEnable ? (keySchemaName?.(table) ?? `${name}.${table.name}.Key`) : undefined
    return createJsonKey(this.#writer, { table, numbers, schemaName })
  }

  #value(payload: DebeziumPayload, shard: ShardText): void {
    if (!this.#options.schemasEnable) {
      this.#envelope(payload, shard, this.#plainItem)
      return
    }
    const { before, after } = payload
    const writer = this.#writer
    writer.bytes(shard.schemaHead)
    // An image that is null takes the other one's fields: both are rows of one table.
    this.#connectItem.fields(before ?? after ?? noItem)
    writer.bytes(shard.schemaMiddle)
    this.#connectItem.fields(after ?? before ?? noItem)
    writer.bytes(shard.schemaTail)
    this.#envelope(payload, shard, this.#connectItem)
    writer.byte(rightBrace)
  }

  #envelope(payload: DebeziumPayload, shard: ShardText, images: ImageWriter): void {
    const { before, after } = payload
    const writer = this.#writer
    writer.text('{"before":')
    if (before === null) writer.text('null')
    else images.item(before)
    writer.text(',"after":')
    if (after === null) writer.text('null')
    else images.item(after)
    shard.source.write(payload)
  }

  #enter(origin: DebeziumOrigin): ShardText {
    const writer = this.#writer
    const { table, shardId } = origin
    const schema = envelopeSchemaText(`${origin.name}.${table.name}`)
    this.#shard = {
      origin,
      key: this.#keyOf(table, origin.name),
      source: createDebeziumSource(writer, origin),
      headers: createRecordHeaders(writer, table.name, shardId),
      schemaHead: Buffer.from(`{"schema":${schema.head}`),
      schemaMiddle: Buffer.from(schema.middle),
      schemaTail: Buffer.from(`${schema.tail},"payload":`),
    }
    return this.#shard
  }
}

function tableOf(payload: Payload): Table {
  return payload.kind === 'debezium' ? payload.origin.table : payload.table
}

/** Writes an image in one of the two forms. */
type ImageWriter = Pick<ItemJson, 'item'>

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

const noItem: Item = {}
const rightBrace = 125
