import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import type { Document, DocumentValue } from '../change/document.ts'
import type { Table } from '../change/table.ts'
import type { FieldShape, FieldType, Shape } from '../shapes/shape.ts'
import { keyDocument } from './debezium-document.ts'
import { keyShape } from './debezium-shapes.ts'
import type { DocumentRecord } from './document-payload.ts'
import type { Envelope } from './envelope.ts'

export interface DynamodbJsonOptions {
  readonly table: Table
  /** The first part of schema names: the prefix of the topics. */
  readonly name: string
  readonly tombstonesOnDelete: boolean
}

/**
 * The record in the shape that AWS gives it (that of Kinesis Data Streams, with what DynamoDB Streams say besides), images in
 * DynamoDB JSON: typed and lossless, for archives and for copying a table. What the stream did not carry is absent. A row of a snapshot has the event name `READ`, a `snapshot`,
 * and neither an event id nor a sequence number.
 */
export function createDynamodbJsonEnvelope({ table, name, tombstonesOnDelete }: DynamodbJsonOptions): Envelope {
  const prefix = `${name}.${table.name}`
  const schemaNames = { key: `${prefix}.Key`, value: `${prefix}.StreamRecord` }
  return {
    wrap: (event, _nowMs, isShort = false) => {
      const key = keyDocument(event, table)
      const value = recordOf(event, table, isShort)
      const record: DocumentRecord = { key, value, headers: [], schemaNames, topic: undefined }
      const hasTombstone = event.operation === 'REMOVE' && tombstonesOnDelete
      const records = hasTombstone ? [record, { ...record, value: null }] : [record]
      return { kind: 'document', records, event, table }
    },
    shapes: () => ({ key: keyShape(table, name), value: recordShape(schemaNames.value) }),
  }
}

function recordOf(event: ChangeEvent, table: Table, isShort: boolean): Document {
  const { operation, eventId, snapshot, userIdentity } = event
  const isRow = snapshot !== undefined
  return Object.fromEntries([
    ...optional('eventID', isRow ? undefined : { S: eventId }),
    ['eventName', { S: operation }],
    ['eventVersion', { S: '1.1' }],
    ['eventSource', { S: 'aws:dynamodb' }],
    ['awsRegion', { S: table.region }],
    ['eventSourceARN', { S: table.streamArn }],
    ['tableName', { S: table.name }],
    ...optional('snapshot', isRow ? { S: snapshot } : undefined),
    ...optional(
      'userIdentity',
      userIdentity && { DOC: { type: { S: userIdentity.type }, principalId: { S: userIdentity.principalId } } },
    ),
    ['dynamodb', { DOC: changeOf(event, table, isShort) }],
  ] satisfies [string, DocumentValue][])
}

function changeOf(event: ChangeEvent, table: Table, isShort: boolean): Document {
  const { createdAtMs, createdAtMicros, keys, newImage, oldImage, snapshot, sequenceNumber, sizeBytes } = event
  const isRow = snapshot !== undefined
  return Object.fromEntries([
    ['ApproximateCreationDateTime', { INT: createdAtMicros ?? createdAtMs }],
    ['ApproximateCreationDateTimePrecision', { S: createdAtMicros === undefined ? 'MILLISECOND' : 'MICROSECOND' }],
    ['Keys', { TYPED: keys }],
    ...optional('NewImage', typed(newImage)),
    ...optional('OldImage', isShort ? undefined : typed(oldImage)),
    ...optional('SequenceNumber', isRow ? undefined : { S: sequenceNumber }),
    ...optional('SizeBytes', isRow ? undefined : { INT: sizeBytes }),
    ['StreamViewType', { S: table.viewType }],
  ] satisfies [string, DocumentValue][])
}

function typed(item: Item | undefined): DocumentValue | undefined {
  return item && { TYPED: item }
}

function optional(name: string, value: DocumentValue | undefined): [string, DocumentValue][] {
  return value === undefined ? [] : [[name, value]]
}

const text: FieldType = { kind: 'string' }
const image: FieldType = { kind: 'map', values: { kind: 'typed' } }

function recordShape(name: string): Shape {
  const identity = {
    name: 'tailrace.UserIdentity',
    fields: [field('type', text), field('principalId', text)],
    rest: undefined,
  }
  const change: Shape = {
    name: 'tailrace.StreamChange',
    fields: [
      field('ApproximateCreationDateTime', { kind: 'int64' }),
      field('ApproximateCreationDateTimePrecision', text),
      field('Keys', image),
      field('NewImage', image, true),
      field('OldImage', image, true),
      field('SequenceNumber', text, true),
      field('SizeBytes', { kind: 'int64' }, true),
      field('StreamViewType', text),
    ],
    rest: undefined,
  }
  return {
    name,
    fields: [
      field('eventID', text, true),
      field('eventName', text),
      field('eventVersion', text),
      field('eventSource', text),
      field('awsRegion', text),
      field('eventSourceARN', text),
      field('tableName', text),
      field('snapshot', text, true),
      field('userIdentity', { kind: 'struct', shape: identity }, true),
      field('dynamodb', { kind: 'struct', shape: change }),
    ],
    rest: undefined,
  }
}

function field(name: string, type: FieldType, isOptional = false): FieldShape {
  return { name, type, isOptional }
}
