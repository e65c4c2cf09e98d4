import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange, tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { itemOf, readAvro } from '../../../test/oracle/read-avro.ts'
import { createMemoryRegistry } from '../../../test/servers/registry-memory.ts'
import type { MemoryRegistry } from '../../../test/servers/registry-memory.ts'
import type { Item } from '../../change/attribute-value.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import { canonicalItem } from '../../change/canonical-item.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import type { RowForm } from '../../envelope/envelope.ts'
import { TailraceError } from '../../errors.ts'
import type { Shape } from '../../shapes/shape.ts'
import { createAvroFormat } from '../avro/avro-format.ts'
import type { FitOptions } from '../fit/fit-document.ts'
import { createJsonSchemaFormat } from '../json-schema/json-schema-format.ts'
import { createJsonSerializer } from '../json-serializer.ts'
import type { SerializedRecord } from '../serializer.ts'
import { createPlainHalf } from './plain-half.ts'
import { createRegisteredHalf } from './record-half.ts'
import { createRegistrySerializer } from './registry-serializer.ts'
import type { SchemaIdPlace } from './schema-frame.ts'
import type { SubjectStrategy } from './subject-name.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const never = new AbortController().signal
const topic = 'shop.orders'

interface Setting {
  readonly registry?: MemoryRegistry
  readonly key?: 'avro' | 'json-schema' | 'json'
  readonly value?: 'avro' | 'json-schema' | 'json'
  readonly row?: RowForm
  readonly idPlace?: SchemaIdPlace
  readonly subjects?: SubjectStrategy
  readonly isMismatchDeadLetter?: boolean
}

const fit: FitOptions = { json: 'dynamodb', numbers: 'exact', evolution: 'strict', roundsNumbers: false }
const formats = {
  avro: createAvroFormat({ names: { fields: 'avro', schemas: 'avro' }, fit }),
  'json-schema': createJsonSchemaFormat(fit),
}

function setUp(setting: Setting = {}) {
  const { registry = createMemoryRegistry(), key = 'avro', value = 'avro', row = { kind: 'json' } } = setting
  const { idPlace = 'prefix', subjects = 'topic', isMismatchDeadLetter = false } = setting
  const half = (name: 'avro' | 'json-schema' | 'json') =>
    name === 'json'
      ? createPlainHalf({ numbers: 'exact', schemasEnable: false, name: 'shop' })
      : createRegisteredHalf({ registry, format: formats[name], subjects, idPlace })
  const envelopeFor = (one: typeof table) =>
    createDebeziumEnvelope({ table: one, name: 'shop', connectorVersion: '0.0.0', tombstonesOnDelete: true })
  const serializer = createRegistrySerializer({
    key: half(key),
    value: half(value),
    shapesOf: (one) => envelopeFor(one).shapes(row),
    isMismatchDeadLetter,
  })
  const write = (event: ChangeEvent, into = topic): readonly SerializedRecord[] =>
    serializer.serialize(envelopeFor(table).wrap(event, 1_795_426_137_000), into)
  return { registry, serializer, write }
}

function change(more: Partial<ChangeEvent> = {}): ChangeEvent {
  const keys: Item = { pk: { S: 'a' }, sk: { N: '1E1' } }
  return {
    operation: 'MODIFY',
    keys,
    oldImage: { ...keys, total: { N: '1' } },
    newImage: { ...keys, total: { N: '2' } },
    eventId: 'e1',
    shardId: 'shardId-1',
    sequenceNumber: '100',
    createdAtMs: 1_795_426_137_000,
    userIdentity: undefined,
    sizeBytes: 10,
    snapshot: undefined,
    ...more,
  }
}

const removal = change({ operation: 'REMOVE', newImage: undefined })

function decoded(registry: MemoryRegistry, subject: string, bytes: Buffer | null | undefined): Record<string, unknown> {
  const schema = registry.subjects.get(subject)?.[0]
  if (schema === undefined || bytes === null || bytes === undefined) throw new Error('there is nothing to decode')
  expect(bytes.readInt8(0)).toBe(0)
  expect(bytes.readInt32BE(1)).toBe(schema.id)
  return readAvro(schema.text, bytes.subarray(5)) as Record<string, unknown>
}

describe('records with schemas', () => {
  it('are keys and values of the subjects of their topic, each behind the id of its schema', async () => {
    const { registry, serializer, write } = setUp()
    await serializer.prepare(table, topic, never)
    expect(serializer.prepare(table, topic, never)).toBeUndefined()
    const [record, ...others] = write(change())
    expect(others).toEqual([])
    expect([...registry.subjects.keys()].toSorted()).toEqual(['shop.orders-key', 'shop.orders-value'])
    expect(decoded(registry, 'shop.orders-key', record?.key)).toEqual({ pk: 'a', sk: '10' })
    expect(decoded(registry, 'shop.orders-value', record?.value)).toMatchObject({
      after: '{"pk":{"S":"a"},"sk":{"N":"10"},"total":{"N":"2"}}',
      op: 'u',
      ts_ns: 1_795_426_137_000_000_000n,
      transaction: null,
    })
    expect(record?.headers.map(([name]) => name.toString())).toEqual([
      'tailrace.table',
      'tailrace.shard',
      'tailrace.seq',
      'tailrace.event.id',
      'tailrace.op',
    ])
  })

  it('have null for tombstones, under the same key', async () => {
    const { serializer, write } = setUp({ idPlace: 'header' })
    await serializer.prepare(table, topic, never)
    const [record, tombstone] = write(removal)
    expect(tombstone?.value).toBeNull()
    expect(tombstone?.key).toEqual(record?.key)
    const names = (one: SerializedRecord | undefined) => one?.headers.map(([name]) => name.toString()) ?? []
    expect(names(record).filter((name) => name.startsWith('__'))).toEqual(['__key_schema_id', '__value_schema_id'])
    expect(names(tombstone).filter((name) => name.startsWith('__'))).toEqual(['__key_schema_id'])
  })

  it('name their schemas in headers by GUID, and are plain JSON then', async () => {
    const { serializer, write } = setUp({ idPlace: 'header', key: 'json-schema', value: 'json-schema' })
    await serializer.prepare(table, topic, never)
    const [record] = write(change())
    expect(record?.key.toString()).toBe('{"pk":"a","sk":"10"}')
    expect(JSON.parse(record?.value?.toString() ?? '')).toMatchObject({ op: 'u' })
    const id = record?.headers.find(([name]) => name.toString() === '__value_schema_id')?.[1]
    expect(id?.toString('hex')).toBe('0100000000000000000000000000000002')
  })

  it('stop where the registry has no GUIDs for headers', async () => {
    const { serializer } = setUp({ registry: createMemoryRegistry(false), idPlace: 'header' })
    await expect(serializer.prepare(table, topic, never)).rejects.toMatchObject({ code: 'SCHEMA_GUID_MISSING' })
  })

  it.each([
    ['record', ['shop.orders.Envelope', 'shop.orders.Key']],
    ['topic-record', ['shop.orders-shop.orders.Envelope', 'shop.orders-shop.orders.Key']],
  ] as const)('go under subjects by the strategy %s', async (subjects, names) => {
    const { registry, serializer } = setUp({ subjects })
    await serializer.prepare(table, topic, never)
    expect([...registry.subjects.keys()].toSorted()).toEqual(names)
  })

  it('may have keys that are JSON, byte for byte as without a registry', async () => {
    const { registry, serializer, write } = setUp({ key: 'json' })
    await serializer.prepare(table, topic, never)
    const [record] = write(change())
    expect(record?.key.toString()).toBe('{"pk":"a","sk":10}')
    expect([...registry.subjects.keys()]).toEqual(['shop.orders-value'])
  })
})

describe('what does not fit', () => {
  const shape: Shape = {
    name: 'shop.Order',
    fields: [
      { name: 'pk', type: { kind: 'string' }, isOptional: false },
      { name: 'sk', type: { kind: 'int64' }, isOptional: false },
      { name: 'total', type: { kind: 'decimal', precision: 10, scale: 2 }, isOptional: true },
    ],
    rest: undefined,
  }
  const row: RowForm = { kind: 'declared', shape }

  it('names its place, its attribute and no value', async () => {
    const { serializer, write } = setUp({ row })
    await serializer.prepare(table, topic, never)
    expect(write(change())).toHaveLength(1)
    const misfit = change({ newImage: { ...change().keys, total: { S: 'secret' } } })
    const error = thrownBy(() => write(misfit))
    expect(error).toMatchObject({
      code: 'SCHEMA_MISMATCH',
      details: { field: 'after.total', shard: 'shardId-1', sequenceNumber: '100', table: 'orders' },
    })
    expect(error.message).toContain('sequence number 100')
    expect(error.message).not.toContain('secret')
    expect(error.details).not.toHaveProperty('deadLetter')
    const row2 = change({ operation: 'READ', oldImage: undefined, newImage: misfit.newImage, snapshot: 'true' })
    expect(thrownBy(() => write(row2)).message).toContain('A row of table orders')
  })

  it('says that it is one for the dead letters where that is wanted', async () => {
    const { serializer, write } = setUp({ row, isMismatchDeadLetter: true })
    await serializer.prepare(table, topic, never)
    const misfit = change({ newImage: { ...change().keys, total: { S: 'x' } } })
    expect(thrownBy(() => write(misfit)).details).toMatchObject({ deadLetter: true })
    const broken = change({ newImage: { ...change().keys, total: { X: 'x' } } as unknown as Item })
    expect(thrownBy(() => write(broken))).toMatchObject({
      code: 'RECORD_UNREADABLE',
      details: { sequenceNumber: '100' },
    })
  })
})

describe('a registry', () => {
  it('that refuses is asked again by the next page, and until then every record is refused alike', async () => {
    const { registry, serializer, write } = setUp()
    registry.refused.add('shop.orders-value')
    await expect(serializer.prepare(table, topic, never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
    expect(thrownBy(() => write(change())).code).toBe('SCHEMA_INCOMPATIBLE')
    registry.refused.clear()
    await serializer.prepare(table, topic, never)
    expect(write(change())).toHaveLength(1)
  })

  it('that is away holds the page up, until the signal', async () => {
    const { registry, serializer } = setUp()
    registry.isAway = true
    const stop = new AbortController()
    const waiting = serializer.prepare(table, topic, stop.signal)
    stop.abort(new Error('the lane stops'))
    await expect(waiting).rejects.toThrow('the lane stops')
    registry.isAway = false
    await serializer.prepare(table, topic, never)
    expect(serializer.prepare(table, topic, never)).toBeUndefined()
  })

  it('with another latest schema has records written by that one', async () => {
    const { registry, serializer, write } = setUp()
    const own = setUp()
    await own.serializer.prepare(table, topic, never)
    const schema = JSON.parse(own.registry.subjects.get('shop.orders-key')?.[0]?.text ?? '') as { fields: object[] }
    const other = { ...schema, fields: [{ name: 'more', type: 'string', default: 'x' }, ...schema.fields.toReversed()] }
    registry.latestOf.set('shop.orders-key', JSON.stringify(other))
    await serializer.prepare(table, topic, never)
    expect(decoded(registry, 'shop.orders-key', write(change())[0]?.key)).toEqual({ more: 'x', sk: '10', pk: 'a' })
  })
})

describe('keys', () => {
  it.each([
    ['avro', 'prefix'],
    ['avro', 'header'],
    ['json-schema', 'prefix'],
    ['json', 'prefix'],
  ] as const)('of %s with the id in the %s are read back, and nothing else is', async (key, idPlace) => {
    const { serializer, write } = setUp({ key, idPlace })
    await serializer.prepare(table, topic, never)
    const written = write(change())[0]?.key ?? Buffer.alloc(0)
    expect(serializer.readKey(written, table, 'shop')).toEqual({ pk: { S: 'a' }, sk: { N: '10' } })
    for (const cut of [0, 1, 4, written.length - 1])
      expect(serializer.readKey(written.subarray(0, cut), table, 'shop')).toBeUndefined()
    if (key !== 'json' && idPlace === 'prefix') {
      const other = Buffer.from(written)
      other.writeInt32BE(77, 1)
      expect(serializer.readKey(other, table, 'shop')).toBeUndefined()
    }
  })

  it('whose number is none are not keys', async () => {
    const { serializer } = setUp({ key: 'json-schema', idPlace: 'header' })
    await serializer.prepare(table, topic, never)
    expect(serializer.readKey(Buffer.from('{"pk":"a","sk":"10"}'), table, 'shop')).toBeDefined()
    expect(serializer.readKey(Buffer.from('{"pk":"a","sk":"ten"}'), table, 'shop')).toBeUndefined()
  })
})

describe('every change', () => {
  it('in Avro says what it says in JSON', async () => {
    const { registry, serializer, write } = setUp({ row: { kind: 'typed' } })
    await serializer.prepare(table, topic, never)
    const json = createJsonSerializer({ numbers: 'exact', schemasEnable: false })
    await fc.assert(
      fc.asyncProperty(arbitraryChange, async ({ event, table: of }) => {
        const text = JSON.stringify(event)
        fc.pre(of.viewType === 'NEW_AND_OLD_IMAGES' && !text.includes('__proto__') && !/\\ud[89a-f]/.test(text))
        const envelope = createDebeziumEnvelope({
          table,
          name: 'shop',
          connectorVersion: '0.0.0',
          tombstonesOnDelete: true,
        })
        const [plain] = json.serialize(envelope.wrap(event, 1_795_426_137_000))
        const [record] = write(event)
        const wanted = JSON.parse(plain?.value?.toString() ?? '') as Record<string, unknown>
        const found = decoded(registry, 'shop.orders-value', record?.value)
        for (const image of ['before', 'after'] as const) {
          const item = image === 'before' ? envelope.wrap(event, 0).before : envelope.wrap(event, 0).after
          if (item === null) expect(found[image]).toBeNull()
          else expect(canonicalItem(itemOf(found[image]))).toBe(canonicalItem(item))
        }
        const numbers = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)
        expect(JSON.parse(JSON.stringify({ ...found, before: 0, after: 0 }, numbers))).toEqual({
          ...wanted,
          // JSON leaves it out where nothing was read anew; a field of a schema is there.
          source: { ...(wanted['source'] as object), reselected: null },
          before: 0,
          after: 0,
        })
      }),
      { numRuns: 150 },
    )
  }, 30_000)
})

function thrownBy(run: () => unknown): TailraceError {
  try {
    run()
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
