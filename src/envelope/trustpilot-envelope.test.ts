import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange, tableOf } from '../../test/oracle/arbitrary-items.ts'
import { parseJson } from '../aws/exact-json.ts'
import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'
import { createJsonSerializer } from '../serialize/json-serializer.ts'
import { avroSchema } from '../shapes/avro-schema.ts'
import { createTrustpilotEnvelope } from './trustpilot-envelope.ts'
import { trustpilotDocument, trustpilotName } from './trustpilot-document.ts'
import { withoutTextKeys, withTextKeys } from './trustpilot-keys.ts'

const topic = 'dynamodb-reviews'
const table: Table = { ...tableOf('NEW_IMAGE'), name: 'reviews', keySchema: [{ name: 'id', type: 'N' }] }
const keys: Item = { id: { N: '5028.0' } }
const image: Item = {
  ...keys,
  'attribute-ns': { NS: ['3', '1'] },
  flag: { BOOL: true },
  texts: { SS: ['1aa', '2aa'] },
  map: { M: { 'inner-key': { S: 'x' }, list: { L: [{ NULL: true }, { B: 'AQI=' }] } } },
  none: { NULL: true },
}
const change: ChangeEvent = {
  operation: 'MODIFY',
  keys,
  oldImage: undefined,
  newImage: image,
  eventId: 'e',
  shardId: 's',
  sequenceNumber: '7',
  createdAtMs: 1_557_387_726_000,
  userIdentity: undefined,
  sizeBytes: 1,
  snapshot: undefined,
}
const row = { ...change, operation: 'READ', shardId: '', sequenceNumber: '', eventId: '' } as const

function written(event: ChangeEvent, of = table, schemasEnable = false): readonly (readonly [unknown, unknown])[] {
  const envelope = createTrustpilotEnvelope({ table: of, topic, tombstonesOnDelete: true })
  const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable })
  return serializer
    .serialize(envelope.wrap(event, 1_557_387_800_000))
    .map(({ key, value }) => [JSON.parse(String(key)), value === null ? null : JSON.parse(String(value))])
}

describe("Trustpilot's record", () => {
  it('of a change holds the item as JSON text with types in lower case, and a key of texts', () => {
    expect(written(change)).toEqual([
      [
        { id: '5028' },
        {
          version: '1.0',
          document:
            '{"id":{"n":"5028.0"},"attributens":{"ns":["3","1"]},"flag":{"bool":true},"texts":{"ss":["1aa","2aa"]},' +
            '"map":{"m":{"inner-key":{"s":"x"},"list":{"l":[{"null":true},{"b":"AQI="}]}}},"none":{"null":true}}',
          source: {
            version: '1.0',
            table_name: 'reviews',
            init_sync: false,
            init_sync_state: 'FINISHED',
            init_sync_start: 0,
            init_sync_end: null,
            init_sync_count: null,
          },
          op: 'u',
          ts_ms: 1_557_387_726_000,
        },
      ],
    ])
  })

  it('of a delete has the keys for a document, and a tombstone behind it', () => {
    const [event, tombstone, ...more] = written({ ...change, operation: 'REMOVE', newImage: undefined })
    expect(event?.[1]).toMatchObject({ op: 'd', document: '{"id":{"n":"5028.0"}}' })
    expect(tombstone).toEqual([{ id: '5028' }, null])
    expect(more).toEqual([])
  })

  it.each([
    ['first', 'RUNNING', null],
    ['true', 'RUNNING', null],
    ['incremental', 'RUNNING', null],
    ['last', 'FINISHED', 1_557_387_800_000],
  ] as const)('of a row that is %s tells a sync that is %s', (snapshot, state, end) => {
    expect(written({ ...row, snapshot })[0]?.[1]).toMatchObject({
      op: 'r',
      ts_ms: row.createdAtMs,
      source: { init_sync: true, init_sync_state: state, init_sync_start: row.createdAtMs, init_sync_end: end },
    })
  })

  it('is refused without the image that the stream promises, and names no value', () => {
    expect(() => written({ ...change, newImage: undefined })).toThrow(/no new image/)
    expect(() => written({ ...change, newImage: { ...keys, x: { N: 'secret' } } })).toThrow(/not a decimal number/)
    expect(() => written({ ...change, newImage: { ...keys, x: { N: 'secret' } } })).not.toThrow(/secret/)
  })

  it('is refused where the connector would lose one of two attributes', () => {
    expect(() => written({ ...change, newImage: { ...keys, 'a-b': { S: '' }, ab: { S: '' } } })).toThrow(/one name/)
    const both: Table = { ...table, keySchema: ['a-b', 'ab'].map((name) => ({ name, type: 'S' as const })) }
    expect(() => written({ ...change, keys: { 'a-b': { S: '' }, ab: { S: '' } } }, both)).toThrow(/one name/)
    expect(() => written({ ...change, newImage: { ...keys, ключ: { S: '' } } })).toThrow(/nothing is left/)
  })

  it('is in Avro the record of its schema', () => {
    const shapes = createTrustpilotEnvelope({ table, topic, tombstonesOnDelete: true }).shapes({ kind: 'json' })
    const names = { fields: 'avro', schemas: 'avro' } as const
    expect(avroSchema(shapes.key, names)).toMatchObject({
      name: 'Key',
      namespace: 'dynamodb_reviews',
      fields: [{ name: 'id', type: 'string' }],
    })
    const value = avroSchema(shapes.value, names) as unknown as { readonly fields: readonly unknown[] }
    expect(value).toMatchObject({ name: 'envelope', namespace: 'com.trustpilot.connector.dynamodb' })
    expect(value.fields[1]).toEqual({
      name: 'document',
      type: { type: 'string', 'connect.version': 1, 'connect.name': 'com.trustpilot.connector.dynamodb.json' },
    })
    expect(value.fields[4]).toEqual({ name: 'ts_ms', type: 'long' })
  })
})

describe('its keys', () => {
  it('give back the key attributes of the table, with and without schemas', () => {
    const of: Table = {
      ...table,
      keySchema: [
        { name: 'user-id', type: 'B' },
        { name: 'at', type: 'N' },
      ],
    }
    for (const schemasEnable of [false, true]) {
      const keySchemaName = (): string => `${topic}.Key`
      const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable, keySchemaName })
      const event = { ...change, keys: { 'user-id': { B: 'AQI=' }, at: { N: '1E2' } } }
      const envelope = createTrustpilotEnvelope({ table: of, topic, tombstonesOnDelete: true })
      const [record] = serializer.serialize(envelope.wrap(event, 0))
      const read = serializer.readKey(record?.key ?? Buffer.alloc(0), withTextKeys(of), 'x')
      expect(withoutTextKeys(read ?? {}, of)).toEqual({ 'user-id': { B: 'AQI=' }, at: { N: '100' } })
      const other = serializer.readKey(Buffer.from('{"userid":"AQI=","at":"no number"}'), withTextKeys(of), 'x')
      expect(other === undefined ? undefined : withoutTextKeys(other, of)).toBeUndefined()
    }
  })
})

describe('the document', () => {
  it('is the item but for the case of its types and the signs of its names', () => {
    fc.assert(
      fc.property(arbitraryChange, ({ event }) => {
        const item = Object.fromEntries(
          Object.entries(event.newImage ?? event.keys).map(([, value], index) => [`a${index}`, value]),
        )
        const read = parseJson(Buffer.from(trustpilotDocument(item)))
        expect(JSON.stringify(upperCase(read))).toBe(JSON.stringify(item))
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['total', 'total'],
    ['attribute-1', 'attribute1'],
    ['1-a2', 'a2'],
    ['12', '2'],
    ['_x.y', '_xy'],
    ['😀a', 'a'],
  ])('has for the attribute %s the name %s', (name, expected) => {
    expect(trustpilotName(name)).toBe(expected)
  })
})

/** Back to DynamoDB's own types. */
function upperCase(item: unknown): unknown {
  return Object.fromEntries(Object.entries(item as object).map(([name, value]) => [name, upperValue(value as object)]))
}

function upperValue(value: object): unknown {
  const type = Object.keys(value).join()
  const content: unknown = Object.values(value)[0]
  if (type === 'm') return { M: upperCase(content) }
  if (type === 'l') return { L: (content as object[]).map(upperValue) }
  return { [type.toUpperCase()]: content }
}
