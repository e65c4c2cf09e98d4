import type { AttributeValue, Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import type { Document, DocumentValue } from '../change/document.ts'
import { keyAttributeText } from '../change/item-key.ts'
import type { Table } from '../change/table.ts'
import type { DebeziumPayload } from './debezium-payload.ts'
import type { DocumentPayload, DocumentRecord } from './document-payload.ts'
import type { Payload } from './envelope.ts'
import { unreadableRecord } from './unreadable-record.ts'

/**
 * The same records field by field, for transforms and for forms with a schema. Written as plain JSON, a Debezium document is
 * byte for byte what the faster way writes.
 */
export function documentsOf(payload: Payload): DocumentPayload {
  if (payload.kind === 'document') return payload
  const { event, origin, hasTombstone } = payload
  const key = keyDocument(event, origin.table)
  const prefix = `${origin.name}.${origin.table.name}`
  const schemaNames = { key: `${prefix}.Key`, value: `${prefix}.Envelope` }
  const record: DocumentRecord = { key, value: envelopeDocument(payload), headers: [], schemaNames, topic: undefined }
  const records = hasTombstone ? [record, { ...record, value: null }] : [record]
  return { kind: 'document', records, event, table: origin.table }
}

/** The key attributes, hash key first, numbers in their one notation. Throws RECORD_UNREADABLE. */
export function keyDocument(event: ChangeEvent, table: Table): Item {
  return Object.fromEntries(
    table.keySchema.map((attribute): [string, AttributeValue] => {
      const text = keyAttributeText(event.keys, attribute)
      if (text === undefined)
        throw unreadableRecord(`key attribute ${attribute.name} is not a valid ${attribute.type}`, event, table)
      return [attribute.name, { [attribute.type]: text } as AttributeValue]
    }),
  )
}

function envelopeDocument(payload: DebeziumPayload): Document {
  const { before, after, op, tsMs } = payload
  return {
    before: imageOf(before),
    after: imageOf(after),
    source: { DOC: sourceDocument(payload) },
    op: { S: op },
    ...times(tsMs),
    transaction: nothing,
  }
}

/** Where a change comes from, in the order of Debezium's connectors; ours behind. Every member is a flat scalar. */
export function sourceDocument({ event, origin }: Pick<DebeziumPayload, 'event' | 'origin'>): Document {
  const { table, shardId, name, connectorVersion } = origin
  const { snapshot, sequenceNumber, userIdentity, reselected } = event
  const isRow = snapshot !== undefined
  const place = (text: string): DocumentValue => (isRow ? nothing : { S: text })
  return {
    version: { S: connectorVersion },
    connector: { S: 'dynamodb' },
    name: { S: name },
    ...times(event.createdAtMs, event.createdAtMicros),
    snapshot: { S: snapshot ?? 'false' },
    db: { S: table.region },
    table: { S: table.name },
    sequence: place(JSON.stringify([shardId, sequenceNumber])),
    account: { S: table.account },
    event_id: place(event.eventId),
    shard_id: place(shardId),
    sequence_number: place(sequenceNumber),
    stream_view_type: { S: table.viewType },
    user_identity: userIdentity === undefined ? nothing : { S: `${userIdentity.type}/${userIdentity.principalId}` },
    ...(reselected === undefined ? {} : { reselected: { BOOL: reselected === 'found' } }),
  }
}

/** Nanoseconds of today do not fit into a double. */
function times(ms: number, micros = ms * 1000): Document {
  return { ts_ms: { INT: ms }, ts_us: { INT: micros }, ts_ns: { INT: BigInt(micros) * 1000n } }
}

const nothing: DocumentValue = { NULL: true }

function imageOf(item: Item | null): DocumentValue {
  return item === null ? nothing : { ITEM: item }
}
