import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { configText, readConfig, readRecords, startWorker } from '../servers/pipeline-under-test.ts'
import type { TopicRecord } from '../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const { bootstrapServers } = inject('kafka')

/** An item that is made, changed and deleted, through a whole pipeline. */
async function deliver(more: string, count = 4): Promise<readonly TopicRecord[]> {
  await using simulator = await startStreamSimulator()
  const table = simulator.createTable({
    name: 'orders',
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
    openShards: 1,
  })
  const pipeline = `forms-${randomUUID().slice(0, 8)}`
  const tables = ['orders']
  const config = readConfig(configText({ pipeline, endpoint: simulator.endpoint, bootstrapServers, tables, more }))
  table.put({ id: { S: 'a' }, n: { N: '1.50' }, photo: { B: '+/8=' } })
  table.put({ id: { S: 'a' }, n: { N: '12345678901234567890.123456789' }, photo: { B: '+/8=' } })
  table.delete({ id: { S: 'a' } })
  const worker = startWorker(config)
  try {
    return await untilThere(`${pipeline}.orders`, count)
  } finally {
    await worker.stop()
  }
}

async function untilThere(topic: string, count: number): Promise<readonly TopicRecord[]> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const records = await readRecords(bootstrapServers, topic).catch(() => [])
    if (records.length >= count) return records
    await systemClock.sleep(200)
  }
  throw new Error(`topic ${topic} has no ${count} records`)
}

const textsOf = (records: readonly TopicRecord[]): readonly (string | undefined)[] =>
  records.map(({ value }) => value?.toString())

describe('through a whole pipeline', () => {
  it('flat records are the item, and nothing where it is gone', async () => {
    const records = await deliver(
      `
format.envelope: flat
format.add.fields: op,source.table:of
format.add.headers: op`,
      3,
    )
    expect(records.map(({ key }) => String(key))).toEqual(Array.from({ length: 3 }, () => '{"id":"a"}'))
    expect(textsOf(records)).toEqual([
      '{"id":"a","n":1.50,"photo":"+/8=","__op":"c","__of":"orders"}',
      '{"id":"a","n":12345678901234567890.123456789,"photo":"+/8=","__op":"u","__of":"orders"}',
      undefined,
    ])
    expect(records.map(({ headers }) => headers['__op'])).toEqual(['c', 'u', 'd'])
  })

  it('CloudEvents come with their attributes in headers', async () => {
    const records = await deliver('format.envelope: cloudevents')
    expect(
      records.map(({ headers }) => [headers['ce_iodebeziumop'], headers['content-type'], headers['tailrace.op']]),
    ).toEqual([
      ['c', 'application/json', 'c'],
      ['u', 'application/json', 'u'],
      ['d', 'application/json', 'd'],
      ['d', undefined, 'd'],
    ])
    expect(new Set(records.map(({ headers }) => headers['ce_id'])).size).toBe(3)
    expect(records[3]?.value).toBeNull()
  })

  it('CloudEvents come in one piece', async () => {
    const [first] = await deliver('format.envelope: cloudevents-structured')
    expect(first?.headers['content-type']).toBe('application/cloudevents+json; charset=UTF-8')
    expect(JSON.parse(String(first?.value))).toMatchObject({
      specversion: '1.0',
      data: { op: 'c', after: { id: 'a' } },
    })
  })

  it('DynamoDB JSON comes as it was', async () => {
    const records = await deliver('format.envelope: dynamodb-json')
    const [, second] = textsOf(records)
    expect(second).toContain(
      '"NewImage":{"id":{"S":"a"},"n":{"N":"12345678901234567890.123456789"},"photo":{"B":"+/8="}}',
    )
    expect(second).toContain('"OldImage":{"id":{"S":"a"},"n":{"N":"1.50"},"photo":{"B":"+/8="}}')
    expect(records.map(({ key }) => String(key))).toEqual(Array.from({ length: 4 }, () => '{"id":"a"}'))
  })

  it('numbers and binaries come as they are asked for, and more is said of each change', async () => {
    const [, second, third] = textsOf(
      await deliver(`
format.number.mode: double
format.binary.mode: hex
format.extras: [changed_fields, ttl_delete]
format.trace.attribute: trace`),
    )
    expect(second).toContain('"after":{"id":"a","n":12345678901234567000,"photo":"fbff"}')
    expect(second).toContain(String.raw`"changed_fields":"[\"n\"]","ttl_delete":false}`)
    expect(third).toContain('"op":"d"')
  })
})

describe('heartbeats', () => {
  it('say of a quiet table that it is alive, and up to when its changes are delivered', async () => {
    await using simulator = await startStreamSimulator()
    const keySchema = [{ name: 'id', type: 'S' }] as const
    const table = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES', openShards: 1 })
    const pipeline = `beats-${randomUUID().slice(0, 8)}`
    const more = 'heartbeat.interval.ms: 1000'
    const config = readConfig(
      configText({ pipeline, endpoint: simulator.endpoint, bootstrapServers, tables: ['orders'], more }),
    )
    const worker = startWorker(config)
    const topic = `__debezium-heartbeat.${pipeline}`
    const startedAtMs = systemClock.now()
    table.put({ id: { S: 'a' } })
    const records = await untilThere(topic, 4)
    await worker.stop()
    const beats = records.map(({ key, value }) => ({
      ...(JSON.parse(String(key)) as { readonly serverName: string; readonly table: string }),
      ...(JSON.parse(String(value)) as { readonly ts_ms: number; readonly watermark_ms: number | null }),
    }))
    expect(beats.at(-1)).toMatchObject({
      serverName: pipeline,
      table: 'orders',
      status: 'streaming',
      shards: 1,
      lanes: 3,
    })
    const marks = beats.map(({ watermark_ms: mark }) => mark ?? 0)
    expect(marks).toEqual(marks.toSorted((a, b) => a - b))
    expect(marks.at(-1)).toBeGreaterThan(startedAtMs)
    expect(marks.at(-1)).toBeLessThanOrEqual(beats.at(-1)?.ts_ms ?? 0)
    const intervals = beats.slice(1).map((beat, at) => beat.ts_ms - (beats[at]?.ts_ms ?? 0))
    expect(Math.min(...intervals)).toBeGreaterThan(500)
  })
})
