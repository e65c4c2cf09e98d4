import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { readAvro } from '../../../test/oracle/read-avro.ts'
import { createMemoryRegistry } from '../../../test/servers/registry-memory.ts'
import type { Item } from '../../change/attribute-value.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import { envelopeOf } from './envelope-of.ts'
import { serializerOf } from './serializer-of.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const never = new AbortController().signal
const declaredOrder = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'pk', type: 'string' },
    { name: 'sk', type: 'int' },
    { name: 'total', type: 'double' },
    {
      name: 'rest',
      type: ['null', { type: 'string', 'connect.name': 'io.debezium.data.Json' }],
      default: null,
      'tailrace.rest': true,
    },
  ],
})

function configOf(more: string, file = declaredOrder): PipelineConfig {
  return loadConfig({
    text: `pipeline: shop
source: {region: eu-west-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
schema.registry.url: https://sr.example
${more}`,
    path: '/pipeline.yaml',
    env: {},
    readFile: () => Buffer.from(file),
    realPath: (path) => path,
  })
}

const declared = 'format.value: avro\nformat.item: declared\nformat.schemas: [orders=order.avsc]\n'

function setUp(config: PipelineConfig) {
  const registry = createMemoryRegistry()
  const envelopeFor = () => envelopeOf(table, config, '0.0.0')
  const serializer = serializerOf(config, { envelopeFor, recordTransforms: [], registry })
  const write = (image: Item) => {
    const keys: Item = { pk: { S: 'a' }, sk: { N: '1' } }
    const event: ChangeEvent = {
      operation: 'INSERT',
      keys,
      oldImage: undefined,
      newImage: { ...keys, ...image },
      eventId: 'e',
      shardId: 's',
      sequenceNumber: '1',
      createdAtMs: 0,
      userIdentity: undefined,
      sizeBytes: 1,
      snapshot: undefined,
    }
    return serializer.serialize(envelopeFor().wrap(event, 0), 'shop.orders')[0]
  }
  const afterOf = (image: Item): unknown => {
    const [schema] = registry.subjects.get('shop.orders-value') ?? []
    const value = write(image)?.value ?? Buffer.alloc(0)
    return (readAvro(schema?.text ?? '', value.subarray(5)) as { after: unknown }).after
  }
  return { serializer, write, afterOf, registry }
}

describe('the serializer of a configuration', () => {
  it('is that of JSON where nothing has a schema, and asks no registry', () => {
    const { serializer, write, registry } = setUp(configOf(''))
    expect(serializer.prepare(table, 'shop.orders', never)).toBeUndefined()
    expect(write({})?.key.toString()).toBe('{"pk":"a","sk":1}')
    expect(registry.subjects.size).toBe(0)
  })

  it('fits declared fields, and gives the rest what they do not name or, leniently, do not fit', async () => {
    const strict = setUp(configOf(declared))
    await strict.serializer.prepare(table, 'shop.orders', never)
    expect(strict.afterOf({ total: { N: '1.5' }, more: { N: '7' } })).toEqual({
      pk: 'a',
      sk: 1,
      total: 1.5,
      rest: '{"more":7}',
    })
    expect(strict.afterOf({})).toEqual({ pk: 'a', sk: 1, total: null, rest: null })
    expect(() => strict.write({ total: { S: 'x' } })).toThrow('after.total')
    expect(() => strict.write({ total: { N: '0.12345678901234567891' } })).toThrow('after.total')

    const lenient = setUp(
      configOf(`${declared}format.schema.evolution: lenient\nformat.json.item: dynamodb\nformat.number.mode: double`),
    )
    await lenient.serializer.prepare(table, 'shop.orders', never)
    expect(lenient.afterOf({ total: { S: 'x' } })).toEqual({
      pk: 'a',
      sk: 1,
      total: null,
      rest: '{"total":{"S":"x"}}',
    })
    expect(lenient.afterOf({ total: { N: '0.12345678901234567891' } })).toMatchObject({
      total: 0.123_456_789_012_345_68,
    })
  })

  it('stops a table that nothing declares, and refuses to begin with what cannot be read', async () => {
    const { serializer } = setUp(configOf(declared))
    const other = { ...table, name: 'customers', streamArn: 'other' }
    await expect(serializer.prepare(other, 'shop.customers', never)).rejects.toMatchObject({ code: 'SCHEMA_FORM' })
    for (const file of ['{', '"string"', '{"type":"record","name":"X"}']) {
      expect(() => setUp(configOf(declared, file))).toThrow(TailraceError)
      expect(() => setUp(configOf(declared, file))).toThrow('order.avsc')
    }
  })
})
