import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import type { Document, DocumentValue } from '../change/document.ts'
import { keyAttributeText } from '../change/item-key.ts'
import type { Table } from '../change/table.ts'
import type { FieldShape, FieldType, RecordShapes, Shape } from '../shapes/shape.ts'
import { createDebeziumEnvelope } from './debezium-envelope.ts'
import type { DebeziumPayload } from './debezium-payload.ts'
import type { DocumentRecord } from './document-payload.ts'
import type { Envelope } from './envelope.ts'
import { NoDocument, trustpilotDocument } from './trustpilot-document.ts'
import { withTextKeys } from './trustpilot-keys.ts'
import { unreadableRecord } from './unreadable-record.ts'

export interface TrustpilotOptions {
  readonly table: Table
  /** The table's own topic, after which the connector names the schema of keys. */
  readonly topic: string
  readonly tombstonesOnDelete: boolean
}

/**
 * The record of Trustpilot's kafka-connect-dynamodb, as its code writes it (its documentation shows an older one): the item as
 * JSON text in `document`, keys that are texts, a delete whose document is the keys. `ts_ms` is when the change was made. What
 * the connector tells of its initial sync is known here only as far as a row tells it; see docs/records.md.
 */
export function createTrustpilotEnvelope(options: TrustpilotOptions): Envelope {
  const { table, topic, tombstonesOnDelete } = options
  const inner = createDebeziumEnvelope({ table, name: topic, connectorVersion: version, tombstonesOnDelete })
  const schemaNames = { key: trustpilotKeyName(topic), value: `${schemaPrefix}.envelope` }
  let keyTable: Table | undefined
  return {
    wrap: (event, nowMs) => {
      keyTable ??= withTextKeys(table)
      // Without the image before the change, of which the record has no member.
      const change = inner.wrap(event, nowMs, true)
      const record: DocumentRecord = {
        key: keyOf(event, table, keyTable),
        value: valueOf(change),
        headers: [],
        schemaNames,
        topic: undefined,
      }
      const records = change.hasTombstone ? [record, { ...record, value: null }] : [record]
      return { kind: 'document', records, event, table }
    },
    shapes: (): RecordShapes => {
      const { keySchema } = withTextKeys(table)
      const fields = keySchema.map(({ name }) => field(name, text))
      return { key: { name: schemaNames.key, fields, rest: undefined }, value: valueShape(schemaNames.value) }
    },
  }
}

/** The name of the schema of a topic's keys. */
export function trustpilotKeyName(topic: string): string {
  return `${topic}.Key`
}

/** That of the record, not of the connector. */
const version = '1.0'
const schemaPrefix = 'com.trustpilot.connector.dynamodb'

function keyOf(event: ChangeEvent, table: Table, keyTable: Table): Item {
  return Object.fromEntries(
    table.keySchema.map((attribute, index) => {
      const content = keyAttributeText(event.keys, attribute)
      if (content === undefined)
        throw unreadableRecord(`key attribute ${attribute.name} is not a valid ${attribute.type}`, event, table)
      return [keyTable.keySchema[index]?.name ?? attribute.name, { S: content }]
    }),
  )
}

function valueOf({ event, op, after, origin, tsMs }: DebeziumPayload): Document {
  return {
    version: { S: version },
    document: { S: documentOf(after ?? event.keys, event, origin.table) },
    source: { DOC: sourceOf(event, origin.table, tsMs) },
    op: { S: op },
    ts_ms: { INT: event.createdAtMs },
  }
}

function documentOf(item: Item, event: ChangeEvent, table: Table): string {
  try {
    return trustpilotDocument(item)
  } catch (error) {
    if (error instanceof NoDocument) throw unreadableRecord(error.message, event, table)
    throw error
  }
}

/**
 * Of a row: that the sync is running, or finished where it is the last one, and when the row was read. Of a change: that a
 * sync is over, and nothing else.
 */
function sourceOf({ snapshot, createdAtMs }: ChangeEvent, table: Table, nowMs: number): Document {
  const isRow = snapshot !== undefined
  return {
    version: { S: version },
    table_name: { S: table.name },
    init_sync: { BOOL: isRow },
    init_sync_state: { S: isRow && snapshot !== 'last' ? 'RUNNING' : 'FINISHED' },
    init_sync_start: { INT: isRow ? createdAtMs : 0 },
    init_sync_end: snapshot === 'last' ? { INT: nowMs } : nothing,
    init_sync_count: nothing,
  }
}

const nothing: DocumentValue = { NULL: true }
const text: FieldType = { kind: 'string' }
const whole: FieldType = { kind: 'int64' }

function valueShape(name: string): Shape {
  const source: Shape = {
    name: `${schemaPrefix}.source`,
    fields: [
      field('version', text),
      field('table_name', text),
      field('init_sync', { kind: 'boolean' }),
      field('init_sync_state', text),
      field('init_sync_start', whole),
      field('init_sync_end', whole, true),
      field('init_sync_count', whole, true),
    ],
    rest: undefined,
  }
  const fields = [
    field('version', text),
    field('document', { kind: 'string', semantic: `${schemaPrefix}.json` }),
    field('source', { kind: 'struct', shape: source }),
    field('op', text),
    field('ts_ms', whole),
  ]
  return { name, fields, rest: undefined }
}

function field(name: string, type: FieldType, isOptional = false): FieldShape {
  return { name, type, isOptional }
}
