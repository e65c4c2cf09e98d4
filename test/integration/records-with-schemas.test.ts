import { randomUUID } from 'node:crypto'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import { schemaRegistryOf } from '../../src/hosts/schema-registry-of.ts'
import type { PipelineConfig } from '../../src/config/pipeline-config.ts'
import { readAvro } from '../oracle/read-avro.ts'
import { startLocalRegistry } from '../servers/local-registry.ts'
import type { LocalRegistry } from '../servers/local-registry.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText, readConfig, readRecords, startWorker } from '../servers/pipeline-under-test.ts'
import type { TopicRecord } from '../servers/pipeline-under-test.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')
const never = new AbortController().signal

let server: LocalRegistry

beforeAll(async () => {
  server = await startLocalRegistry()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const declaredOrder = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'n', type: ['null', 'long'], default: null },
    {
      name: 'price',
      type: ['null', { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 2 }],
      default: null,
    },
    { name: 'tags', type: ['null', { type: 'array', items: 'string' }], default: null },
  ],
})

interface Setting {
  readonly table: LocalTable
  readonly config: PipelineConfig
  readonly topic: string
}

async function setUp(more: string): Promise<Setting & AsyncDisposable> {
  const table = await createLocalTable(endpoint)
  const pipeline = `schemas-${randomUUID().slice(0, 8)}`
  const text = configText({
    pipeline,
    endpoint,
    bootstrapServers,
    tables: [table.name],
    more: `schema.registry.url: ${server.url}\n${more}`,
  })
  const config = readConfig(text.replaceAll('{table}', table.name), { '/order.avsc': declaredOrder })
  return {
    table,
    config,
    topic: `${pipeline}.${table.name}`,
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  }
}

/** Each record by the schema that it names itself, as a consumer of the registry reads it. */
async function readBySchema(config: PipelineConfig, records: readonly TopicRecord[]) {
  if (config.registry === undefined) throw new Error('the pipeline has no registry')
  await using registry = schemaRegistryOf(config.registry, { clock: systemClock, rng: seededRng(3) })
  const decode = async (bytes: Buffer | null): Promise<unknown> => {
    if (bytes === null) return null
    expect(bytes.readInt8(0)).toBe(0)
    const { type, text } = await registry.byId(bytes.readInt32BE(1), undefined, never)
    const payload = bytes.subarray(5)
    if (type === 'AVRO') return readAvro(text, payload)
    return type === 'PROTOBUF' ? readProtobuf(text, payload) : JSON.parse(payload.toString())
  }
  const read: { key: unknown; value: unknown }[] = []
  for (const { key, value } of records) read.push({ key: await decode(key), value: await decode(value) })
  return read as readonly { readonly key: { id: string }; readonly value: { op: string; after: unknown } | null }[]
}

/** By another implementation; behind the id stand the indexes of the message, of which 0 alone means the first. */
function readProtobuf(text: string, payload: Buffer): unknown {
  expect(payload.readInt8(0)).toBe(0)
  const { root } = protobuf.parse(text, { keepCase: true })
  const first = (space: protobuf.NamespaceBase): protobuf.Type => {
    const [found] = space.nestedArray
    if (found instanceof protobuf.Type) return found
    if (found instanceof protobuf.Namespace) return first(found)
    throw new Error('the file has no message')
  }
  const type = first(root)
  return type.toObject(type.decode(payload.subarray(1)), { longs: String })
}

async function untilThere(topic: string, count: number): Promise<readonly TopicRecord[]> {
  for (let attempt = 0; attempt < 150; attempt++) {
    const records = await readRecords(bootstrapServers, topic).catch(() => [])
    if (records.length >= count) return records
    await systemClock.sleep(200)
  }
  throw new Error(`topic ${topic} has no ${count} records`)
}

async function fill({ table }: Setting, from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n++) await table.put({ id: { S: `i${n}` }, n: { N: String(n) } })
}

const idsOf = (read: Awaited<ReturnType<typeof readBySchema>>): readonly string[] =>
  read.map(({ key }) => key.id).toSorted()
const idsUpTo = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `i${n}`).toSorted()

/** A request to the registry's own API: what an operator would do. */
async function askRegistry(method: string, path: string, body?: unknown): Promise<number> {
  const init = { method, headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' } }
  const response = await fetch(`${server.url}${path}`, {
    ...init,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  await response.arrayBuffer()
  return response.status
}

describe('through a whole pipeline, with a registry', () => {
  const item: Item = { id: { S: 'a' }, n: { N: '9007199254740993' }, price: { N: '12.5' }, tags: { SS: ['y', 'x'] } }
  const run = async (more: string) => {
    await using setting = await setUp(more)
    const { table, config, topic } = setting
    await table.put(item)
    await table.delete('a')
    const worker = startWorker(config)
    try {
      return await readBySchema(config, await untilThere(topic, 3))
    } finally {
      await worker.stop()
    }
  }

  it('declared fields come as such in Avro, a delete with its tombstone', async () => {
    const [created, removed, tombstone] = await run(
      'format.value: avro\nformat.item: declared\nformat.schemas: ["{table}=order.avsc"]',
    )
    const order = { id: 'a', n: 9_007_199_254_740_993n, price: Buffer.of(0x04, 0xe2), tags: ['x', 'y'] }
    expect(created).toMatchObject({ key: { id: 'a' }, value: { op: 'c', before: null, after: order } })
    expect(removed).toMatchObject({ key: { id: 'a' }, value: { op: 'd', before: order, after: null } })
    expect(tombstone).toEqual({ key: { id: 'a' }, value: null })
  })

  it('declared fields come as such in Protobuf, and images as typed values', async () => {
    const [created, removed, tombstone] = await run(
      'format.value: protobuf\nformat.item: declared\nformat.schemas: ["{table}=order.avsc"]',
    )
    const order = { id: 'a', n: '9007199254740993', price: '12.50', tags: ['x', 'y'] }
    expect(created).toMatchObject({ key: { id: 'a' }, value: { op: 'c', after: order } })
    expect(created?.value).not.toHaveProperty('before')
    expect(removed).toMatchObject({ key: { id: 'a' }, value: { op: 'd', before: order } })
    expect(tombstone).toEqual({ key: { id: 'a' }, value: null })
    const [typed] = await run('format.value: protobuf\nformat.item: typed')
    expect(typed?.value?.after).toMatchObject({ id: { S: 'a' }, n: { N: '9007199254740993' }, price: { N: '12.5' } })
  })

  it('images come as JSON text in Avro, and as typed values in JSON with a schema', async () => {
    const [text] = await run('format.value: avro')
    const fields = ['"id":"a"', '"n":9007199254740993', '"price":12.5', '"tags":["x","y"]']
    for (const field of fields) expect(text?.value?.after).toContain(field)
    const [typed] = await run('format.value: json-schema\nformat.item: typed')
    expect(typed?.value?.after).toEqual({ ...item, tags: { SS: ['x', 'y'] } })
  })
})

describe('a registry', () => {
  it('that refuses a schema stops the table, which later goes on with nothing lost or repeated', async () => {
    await using setting = await setUp('format.value: avro')
    const { config, topic } = setting
    const subject = encodeURIComponent(`${topic}-value`)
    const name = config.pipeline.replaceAll('-', '_')
    const [, tableName = ''] = topic.split('.')
    const other = {
      type: 'record',
      name: 'Envelope',
      namespace: `${name}.${tableName.replaceAll('-', '_')}`,
      fields: [],
    }
    expect(await askRegistry('POST', `/subjects/${subject}/versions`, { schema: JSON.stringify(other) })).toBe(200)
    await fill(setting, 0, 20)
    const first = startWorker(config)
    expect(await first.seen('table-stopped')).toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
    await first.stop()
    expect(await readRecords(bootstrapServers, topic)).toEqual([])

    await fill(setting, 20, 10)
    expect(await askRegistry('DELETE', `/subjects/${subject}`)).toBe(200)
    const second = startWorker(config)
    await untilThere(topic, 30)
    await fill(setting, 30, 5)
    const records = await untilThere(topic, 35)
    await second.stop()
    expect(idsOf(await readBySchema(config, records))).toEqual(idsUpTo(35))
  })

  it('that is away holds its records up, and a stop does not wait for it', async () => {
    await using setting = await setUp('format.value: avro')
    const { config, topic } = setting
    await fill(setting, 0, 10)
    await server.kill()
    const first = startWorker(config)
    await first.seen('shard-opened')
    await systemClock.sleep(2_000)
    const beganMs = systemClock.monotonic()
    await first.stop()
    expect(systemClock.monotonic() - beganMs).toBeLessThan(5_000)
    expect(await readRecords(bootstrapServers, topic)).toEqual([])

    const second = startWorker(config, 2)
    await second.seen('shard-opened')
    await systemClock.sleep(1_000)
    await server.restart()
    const records = await untilThere(topic, 10)
    await second.stop()
    expect(idsOf(await readBySchema(config, records))).toEqual(idsUpTo(10))
  })
})

describe('a change that does not fit its declared schema', () => {
  const declared = 'format.value: avro\nformat.item: declared\nformat.schemas: ["{table}=order.avsc"]\n'

  it('stops the table by name, and goes on once the declaration is mended', async () => {
    await using setting = await setUp(declared)
    const { table, config, topic } = setting
    await fill(setting, 0, 3)
    await table.put({ id: { S: 'i3' }, more: { S: 'three' } })
    const first = startWorker(config)
    const { error } = await first.seen('record-refused')
    expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH', details: { field: 'after.more' } })
    expect(error.message).not.toContain('three')
    await first.seen('table-stopped')
    await first.stop()

    const [schema] = config.recordSchemas.declared
    const more = '{"name":"more","type":["null","string"],"default":null}'
    const text = declaredOrder.replace(/\]\}$/, `,${more}]}`)
    const mended = { ...config.recordSchemas, declared: schema === undefined ? [] : [{ ...schema, text }] }
    const second = startWorker({ ...config, epoch: 2, recordSchemas: mended }, 2)
    const records = await untilThere(topic, 4)
    await second.stop()
    expect(idsOf(await readBySchema(config, records))).toEqual(idsUpTo(4))
  })

  it('goes to the dead letters where the evolution says so, and all others come through', async () => {
    await using setting = await setUp(`${declared}format.schema.evolution: dead-letter`)
    const { table, config, topic } = setting
    await fill(setting, 0, 3)
    await table.put({ id: { S: 'bad' }, n: { S: 'three' } })
    await fill(setting, 3, 3)
    const worker = startWorker(config)
    const records = await untilThere(topic, 6)
    const letters = await untilThere(`tailrace.${config.pipeline}.dead-letters`, 1)
    await worker.stop()
    expect(idsOf(await readBySchema(config, records))).toEqual(idsUpTo(6))
    expect(letters).toHaveLength(1)
    expect(letters[0]?.value?.toString()).toContain('three')
  })
})
