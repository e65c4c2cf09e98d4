import type { ChangeEvent } from '../change/change-event.ts'
import type { Document, DocumentValue } from '../change/document.ts'
import { itemKeyIdentity } from '../change/item-key.ts'
import { operationLetters } from '../change/operation-letters.ts'
import type { FieldShape, RecordShapes } from '../shapes/shape.ts'
import { documentsOf } from './debezium-document.ts'
import { createDebeziumEnvelope } from './debezium-envelope.ts'
import type { DebeziumEnvelopeOptions } from './debezium-envelope.ts'
import type { DocumentPayload, DocumentRecord, RecordHeader } from './document-payload.ts'
import type { Envelope } from './envelope.ts'

export interface CloudEventsOptions extends DebeziumEnvelopeOptions {
  /** `binary`: the attributes are headers, the value is the data. `structured`: the value is the whole event. */
  readonly mode: 'binary' | 'structured'
  /** The media type of the data: what the serializer makes. */
  readonly dataContentType: string
  /** The media type of a structured event. */
  readonly contentType: string
}

/**
 * CloudEvents 1.0 over Kafka. The data is Debezium's envelope; type, source and extensions are those that Debezium's own
 * converter gives, so that its readers know them. A tombstone stays a record without a value, which in binary mode is an
 * event without data and in structured mode no event at all.
 */
export function createCloudEventsEnvelope(options: CloudEventsOptions): Envelope {
  const debezium = createDebeziumEnvelope(options)
  return {
    wrap: (event, nowMs, isShort) => {
      const inner = documentsOf(debezium.wrap(event, nowMs, isShort))
      const attributes = attributesOf(event, options)
      const wrap = options.mode === 'binary' ? binary : structured
      return {
        ...inner,
        records: inner.records.map((record) => wrap(record, attributes, options)),
      } satisfies DocumentPayload
    },
    shapes: (row) => shapesOf(debezium.shapes(row), options),
  }
}

const specVersion = '1.0'

/** In the order in which they are written. */
function attributesOf(
  event: ChangeEvent,
  { table, name, dataContentType }: CloudEventsOptions,
): readonly RecordHeader[] {
  const isRow = event.snapshot !== undefined
  return [
    ['id', isRow ? rowId(event, { table }) : event.eventId],
    ['source', `/debezium/dynamodb/${name}`],
    ['specversion', specVersion],
    ['type', 'io.debezium.connector.dynamodb.DataChangeEvent'],
    ['subject', table.name],
    ['time', new Date(event.createdAtMs).toISOString()],
    ['datacontenttype', dataContentType],
    ['iodebeziumop', operationLetters[event.operation]],
    ['iodebeziumtable', table.name],
    ['iodebeziumdb', table.region],
    ['iodebeziumsnapshot', event.snapshot ?? 'false'],
  ]
}

/** One item has one row in a snapshot's page; a later snapshot reads it at another time. */
function rowId(event: ChangeEvent, { table }: Pick<CloudEventsOptions, 'table'>): string {
  return `${table.name}/${event.createdAtMs}/${itemKeyIdentity(event.keys, table.keySchema) ?? ''}`
}

/** In Kafka's binding the type of the data is the header `content-type`; a record without a value has no data. */
function binary(record: DocumentRecord, attributes: readonly RecordHeader[]): DocumentRecord {
  const headers = attributes.flatMap(([name, content]): readonly RecordHeader[] => {
    if (name === 'datacontenttype') return record.value === null ? [] : [['content-type', content]]
    return [[`ce_${name}`, content]]
  })
  return { ...record, headers: [...record.headers, ...headers] }
}

function structured(
  record: DocumentRecord,
  attributes: readonly RecordHeader[],
  { contentType }: CloudEventsOptions,
): DocumentRecord {
  if (record.value === null) return record
  const fields = attributes.map(([name, content]): [string, DocumentValue] => [name, { S: content.toString() }])
  const value: Document = { ...Object.fromEntries(fields), data: { DOC: record.value } }
  const schemaNames = { ...record.schemaNames, value: cloudEventName(record.schemaNames.value) }
  return { ...record, value, schemaNames, headers: [...record.headers, ['content-type', contentType]] }
}

function shapesOf(inner: RecordShapes, { mode }: CloudEventsOptions): RecordShapes {
  if (mode === 'binary') return inner
  const names = [
    'id',
    'source',
    'specversion',
    'type',
    'subject',
    'time',
    'datacontenttype',
    'iodebeziumop',
    'iodebeziumtable',
    'iodebeziumdb',
    'iodebeziumsnapshot',
  ]
  const attributes = names.map((name): FieldShape => ({ name, type: { kind: 'string' }, isOptional: false }))
  const data: FieldShape = { name: 'data', type: { kind: 'struct', shape: inner.value }, isOptional: true }
  return { ...inner, value: { name: cloudEventName(inner.value.name), fields: [...attributes, data], rest: undefined } }
}

/** Of `shop.orders.Envelope`: the event around it must not be taken for an envelope. */
function cloudEventName(name: string): string {
  return name.replace(/\.Envelope$/, '.CloudEvent')
}
