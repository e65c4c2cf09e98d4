import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { createJsonSerializer } from '../serialize/json-serializer.ts'
import type { SerializedRecord } from '../serialize/serializer.ts'
import { createCloudEventsEnvelope } from './cloudevents-envelope.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const keys = { pk: { S: 'a' }, sk: { N: '1' } }
const event: ChangeEvent = {
  operation: 'INSERT',
  keys,
  oldImage: undefined,
  newImage: { ...keys, total: { N: '1.50' } },
  eventId: 'e862b143',
  shardId: 'shard-1',
  sequenceNumber: '42',
  createdAtMs: 1_795_426_137_000,
  userIdentity: undefined,
  sizeBytes: 1,
  snapshot: undefined,
}
const removal: ChangeEvent = { ...event, operation: 'REMOVE', oldImage: event.newImage, newImage: undefined }
const attributes = {
  id: 'e862b143',
  source: '/debezium/dynamodb/shop',
  specversion: '1.0',
  type: 'io.debezium.connector.dynamodb.DataChangeEvent',
  subject: 'orders',
  time: '2026-11-23T09:28:57.000Z',
}

describe('CloudEvents in binary mode', () => {
  it('have their attributes in headers, and the envelope as data', () => {
    const [record] = write('binary', event)
    expect(cloudHeaders(record)).toEqual({
      ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value])),
      'content-type': 'application/json',
      ce_iodebeziumop: 'c',
      ce_iodebeziumtable: 'orders',
      ce_iodebeziumdb: table.region,
      ce_iodebeziumsnapshot: 'false',
    })
    expect(JSON.parse(String(record?.value))).toMatchObject({ op: 'c', after: { pk: 'a', total: 1.5 }, before: null })
    expect(String(record?.key)).toBe('{"pk":"a","sk":1}')
  })

  it('have no data, and no type of it, in a tombstone', () => {
    const [deleted, tombstone] = write('binary', removal)
    expect(cloudHeaders(deleted)).toMatchObject({ ce_iodebeziumop: 'd', 'content-type': 'application/json' })
    expect(tombstone?.value).toBeNull()
    expect(cloudHeaders(tombstone)).toMatchObject({ ce_id: 'e862b143', ce_specversion: '1.0' })
    expect(cloudHeaders(tombstone)).not.toHaveProperty('content-type')
  })

  it('of rows have ids of their own', () => {
    const row: ChangeEvent = { ...event, operation: 'READ', snapshot: 'true', eventId: '' }
    const ids = [row, { ...row, keys: { ...keys, sk: { N: '2' } } }, { ...row, createdAtMs: 5 }].map(
      (one) => cloudHeaders(write('binary', one)[0])['ce_id'],
    )
    expect(new Set(ids).size).toBe(3)
    expect(ids).not.toContain('')
  })
})

describe('CloudEvents in structured mode', () => {
  it('are one JSON object, whose type the header tells', () => {
    const [record] = write('structured', event)
    expect(cloudHeaders(record)).toEqual({ 'content-type': 'application/cloudevents+json; charset=UTF-8' })
    expect(JSON.parse(String(record?.value))).toMatchObject({
      ...attributes,
      datacontenttype: 'application/json',
      iodebeziumop: 'c',
      data: { op: 'c', after: { pk: 'a', total: 1.5 }, source: { table: 'orders' } },
    })
  })

  it('are no event at all in a tombstone', () => {
    const [, tombstone] = write('structured', removal)
    expect(tombstone?.value).toBeNull()
    expect(cloudHeaders(tombstone)).toEqual({})
  })
})

function write(mode: 'binary' | 'structured', change: ChangeEvent): readonly SerializedRecord[] {
  const envelope = createCloudEventsEnvelope({
    table,
    name: 'shop',
    connectorVersion: '0.1.0',
    tombstonesOnDelete: true,
    mode,
    dataContentType: 'application/json',
    contentType: 'application/cloudevents+json; charset=UTF-8',
  })
  return createJsonSerializer({ numbers: 'exact', schemasEnable: false }).serialize(envelope.wrap(change, 0))
}

function cloudHeaders(record: SerializedRecord | undefined): Readonly<Record<string, string>> {
  const all = (record?.headers ?? []).map(([name, content]) => [String(name), String(content)] as const)
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('tailrace.')))
}
