import type { Item } from '../../change/attribute-value.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import type { Table } from '../../change/table.ts'
import { documentsOf } from '../../envelope/debezium-document.ts'
import type { DocumentRecord } from '../../envelope/document-payload.ts'
import type { Payload } from '../../envelope/envelope.ts'
import { unreadableRecord } from '../../envelope/unreadable-record.ts'
import { TailraceError } from '../../errors.ts'
import type { RecordShapes } from '../../shapes/shape.ts'
import { documentHeaders } from '../document-headers.ts'
import { createJsonWriter } from '../json-writer.ts'
import { createShardHeaders } from '../shard-headers.ts'
import { withSharedKeys } from '../shared-keys.ts'
import type { SerializedRecord, Serializer } from '../serializer.ts'
import { mismatchedRecord } from './mismatched-record.ts'
import type { HalfFormat, HalfWriter } from './record-half.ts'

export interface RegistrySerializerOptions {
  readonly key: HalfFormat
  readonly value: HalfFormat
  /** What the records of a table consist of in one topic, behind all transforms. Throws what stops the table. */
  readonly shapesOf: (table: Table, topic: string) => RecordShapes
  /** A change that does not fit goes to the dead letters, whatever becomes of others. */
  readonly isMismatchDeadLetter: boolean
}

/** Records whose schemas a registry keeps: of keys, values, or both. */
export function createRegistrySerializer(options: RegistrySerializerOptions): Serializer {
  return new RegistrySerializer(options)
}

interface Prepared {
  readonly key: HalfWriter
  readonly value: HalfWriter
}

/** Topics of one stream; what was prepared first is forgotten first. Far more than a page of records can go to. */
const mostTopics = 20_000

class RegistrySerializer implements Serializer {
  readonly #options: RegistrySerializerOptions
  /** By table and stream, and by topic: ready, or why not. */
  readonly #streams = new Map<string, Map<string, Prepared | TailraceError>>()
  readonly #headers = createShardHeaders(createJsonWriter())

  constructor(options: RegistrySerializerOptions) {
    this.#options = options
  }

  prepare(table: Table, topic: string, signal: AbortSignal): Promise<void> | undefined {
    const known = this.#streams.get(streamOf(table))?.get(topic)
    if (known !== undefined && !(known instanceof TailraceError)) return undefined
    return this.#prepare(table, topic, signal)
  }

  async #prepare(table: Table, topic: string, signal: AbortSignal): Promise<void> {
    try {
      const shapes = this.#options.shapesOf(table, topic)
      const [key, value] = await Promise.all([
        this.#options.key.prepare({ table, topic, half: 'key', shape: shapes.key }, signal),
        this.#options.value.prepare({ table, topic, half: 'value', shape: shapes.value }, signal),
      ])
      this.#keep(table, topic, { key, value })
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof TailraceError) this.#keep(table, topic, error)
      throw error
    }
  }

  #keep(table: Table, topic: string, found: Prepared | TailraceError): void {
    const topics = this.#streams.get(streamOf(table)) ?? new Map<string, Prepared | TailraceError>()
    const [oldest] = topics.keys()
    if (topics.size >= mostTopics && oldest !== undefined) topics.delete(oldest)
    // What another lane has found meanwhile is no less true because this one was refused.
    const isWorse = found instanceof TailraceError && !(topics.get(topic) instanceof TailraceError) && topics.has(topic)
    if (!isWorse) topics.set(topic, found)
    this.#streams.set(streamOf(table), topics)
  }

  serialize(payload: Payload, topic: string): readonly SerializedRecord[] {
    const { event, table } = payload.kind === 'document' ? payload : { ...payload, table: payload.origin.table }
    try {
      return withSharedKeys(documentsOf(payload).records.map((record) => this.#record(record, { event, table, topic })))
    } catch (error) {
      throw this.#positioned(error, event, table)
    }
  }

  #record(
    record: DocumentRecord,
    { event, table, topic }: { readonly event: ChangeEvent; readonly table: Table; readonly topic: string },
  ): SerializedRecord {
    const { key, value } = this.#preparedFor(table, record.topic ?? topic)
    const { schemaNames } = record
    const own = record.value === null ? [key.header] : [key.header, value.header]
    const headers = documentHeaders(record, event, this.#headers.of(table, event.shardId))
    return {
      key: key.write(record.key, schemaNames.key),
      value: record.value === null ? null : value.write(record.value, schemaNames.value),
      headers: [...headers, ...own.filter((header) => header !== undefined)],
      topic: record.topic,
    }
  }

  #preparedFor(table: Table, topic: string): Prepared {
    const found = this.#streams.get(streamOf(table))?.get(topic)
    if (found === undefined) throw new Error('records are written to a topic that nothing was prepared for')
    if (found instanceof TailraceError) throw found
    return found
  }

  #positioned(error: unknown, event: ChangeEvent, table: Table): unknown {
    if (!(error instanceof TailraceError)) return error
    if (error.code === 'RECORD_UNREADABLE' && error.details['table'] === undefined)
      return unreadableRecord(error.message, event, table)
    if (error.code !== 'SCHEMA_MISMATCH') return error
    return mismatchedRecord(error, event, { table, isDeadLetter: this.#options.isMismatchDeadLetter })
  }

  readKey(key: Buffer, table: Table): Item | undefined {
    for (const found of this.#streams.get(streamOf(table))?.values() ?? []) {
      const item = found instanceof TailraceError ? undefined : found.key.readKey(key)
      if (item !== undefined) return item
    }
    return undefined
  }

  /** Every record says it in a header. */
  isDelete(): boolean {
    return false
  }
}

/** A Kinesis stream can be that of many tables, and of a table that was made anew. */
function streamOf({ streamArn, arn, id }: Table): string {
  return `${streamArn} ${arn} ${id}`
}
