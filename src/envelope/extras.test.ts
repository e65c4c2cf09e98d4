import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { createJsonSerializer } from '../serialize/json-serializer.ts'
import type { SerializedRecord } from '../serialize/serializer.ts'
import { createDebeziumEnvelope } from './debezium-envelope.ts'
import type { Envelope } from './envelope.ts'
import { extras, withExtras } from './extras.ts'
import { withTraceContext } from './trace-context.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const keys: Item = { pk: { S: 'a' }, sk: { N: '1' } }
const before: Item = { ...keys, n: { N: '2E3' }, tags: { SS: ['y', 'x'] }, gone: { S: '1' }, ['__proto__']: { S: '1' } }
const after: Item = {
  ...keys,
  n: { N: '2000' },
  tags: { SS: ['x', 'y'] },
  added: { S: '1' },
  ['__proto__']: { S: '2' },
}
const event: ChangeEvent = {
  operation: 'MODIFY',
  keys,
  oldImage: before,
  newImage: after,
  eventId: 'e862b143a1b2c3d4e862b143a1b2c3d5',
  shardId: 'shard-1',
  sequenceNumber: '42',
  createdAtMs: 1_795_426_137_000,
  userIdentity: undefined,
  sizeBytes: 77,
  snapshot: undefined,
}
const inner = createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0.1.0', tombstonesOnDelete: true })
const all = new Set(extras)

describe('what else is said of a change', () => {
  it('stands at the end of the source, each as one scalar', () => {
    expect(sourceOf(event)).toMatchObject({
      changed_fields: '["__proto__","added","gone"]',
      ttl_delete: false,
      replicated: null,
      size_bytes: 77,
      ingested_ms: 1_795_426_138_000,
    })
    const [record] = write(withExtras(inner, { wanted: new Set(['size_bytes']), place: 'source' }), event)
    expect(String(record?.value)).toContain('"user_identity":null,"size_bytes":77},"op":"u"')
  })

  it('stands in headers if it is to, of tombstones too; what cannot be told has none', () => {
    const removal: ChangeEvent = {
      ...event,
      operation: 'REMOVE',
      newImage: undefined,
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
    }
    const records = write(withExtras(inner, { wanted: all, place: 'headers' }), removal)
    expect(records).toHaveLength(2)
    for (const record of records)
      expect(headersOf(record)).toMatchObject({
        'tailrace.ttl_delete': 'true',
        'tailrace.size_bytes': '77',
        'tailrace.changed_fields': '["__proto__","gone","n","pk","sk","tags"]',
      })
    for (const record of records) expect(headersOf(record)).not.toHaveProperty('tailrace.replicated')
  })

  it('tells writes of other replicas where the item says where it was written', () => {
    const written = (region: string): ChangeEvent => ({
      ...event,
      newImage: { ...after, 'aws:rep:updateregion': { S: region } },
    })
    expect(sourceOf(written(table.region))).toMatchObject({ replicated: false })
    expect(sourceOf(written('ap-south-1'))).toMatchObject({ replicated: true })
  })

  it('compares only what is there', () => {
    expect(sourceOf({ ...event, operation: 'READ', snapshot: 'true', oldImage: undefined })).toMatchObject({
      changed_fields: null,
      size_bytes: null,
    })
    expect(sourceOf({ ...event, operation: 'INSERT', oldImage: undefined })).toMatchObject({
      changed_fields: '["__proto__","added","n","pk","sk","tags"]',
    })
  })

  it('is in the shapes of the records, too', () => {
    const { value } = withExtras(inner, { wanted: all, place: 'source' }).shapes({ kind: 'json' })
    const source = value.fields.find(({ name }) => name === 'source')?.type
    const names = source?.kind === 'struct' ? source.shape.fields.map(({ name }) => name) : []
    expect(names.slice(-6)).toEqual(['reselected', ...extras])
  })
})

describe('the header traceparent', () => {
  const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const traced = withTraceContext(inner, 'trace')

  it('is what the item holds, with its state', () => {
    const image = { ...after, trace: { S: given }, tracestate: { S: 'a=1' } }
    const [record] = write(traced, { ...event, newImage: image })
    expect(headersOf(record)).toMatchObject({ traceparent: given, tracestate: 'a=1' })
  })

  it('is made of the id of the change where the item holds none, or none that is valid', () => {
    const own = '00-e862b143a1b2c3d4e862b143a1b2c3d5-e862b143a1b2c3d5-00'
    for (const trace of [
      undefined,
      'x',
      `${given}\n`,
      given.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    ]) {
      const image = trace === undefined ? after : { ...after, trace: { S: trace } }
      expect(headersOf(write(traced, { ...event, newImage: image })[0])).toMatchObject({ traceparent: own })
    }
  })

  it('is left out where there is no id either', () => {
    expect(headersOf(write(traced, { ...event, eventId: '' })[0])).not.toHaveProperty('traceparent')
  })
})

function sourceOf(change: ChangeEvent): unknown {
  const [record] = write(withExtras(inner, { wanted: all, place: 'source' }), change)
  return (JSON.parse(String(record?.value)) as { readonly source: unknown }).source
}

function write(envelope: Envelope, change: ChangeEvent): readonly SerializedRecord[] {
  const payload = envelope.wrap(change, 1_795_426_138_000.7)
  return createJsonSerializer({ numbers: 'exact', schemasEnable: false }).serialize(payload)
}

function headersOf(record: SerializedRecord | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((record?.headers ?? []).map(([name, content]) => [String(name), String(content)]))
}
