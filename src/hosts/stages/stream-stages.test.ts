import { describe, expect, it } from 'vitest'
import {
  change,
  convertPage,
  entry,
  headersOf,
  page,
  shardId,
  stagesWith,
  summary,
} from '../../../test/oracle/stream-pages.ts'
import type { Setup } from '../../../test/oracle/stream-pages.ts'
import type { Item } from '../../change/attribute-value.ts'
import type { KeyAttribute } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { StreamStagesOptions } from './stream-stages.ts'

const never = new AbortController().signal

describe('changes of several tables in one stream', () => {
  it('go to the topics of their tables, in order within each', async () => {
    const records = page(
      change('orders', { id: { S: 'a' } }),
      change('customers', { nr: { N: '1' } }),
      change('orders', { id: { S: 'b' } }),
      change('customers', { nr: { N: '1.0' } }),
      change('orders', { id: { S: 'a' } }, { operation: 'REMOVE', newImage: undefined, oldImage: { id: { S: 'a' } } }),
    )
    const output = await convertPage({}, records)
    expect(summary(output)).toEqual([
      'shop.orders 1 {"id":"a"}',
      'shop.orders 3 {"id":"b"}',
      'shop.orders 5 {"id":"a"}',
      'shop.orders 5 {"id":"a"}',
      'shop.customers 2 {"nr":1}',
      'shop.customers 4 {"nr":1}',
    ])
    expect(output.records[3]?.value).toBeNull()
    expect(output).toMatchObject({
      changes: 5,
      read: 5,
      last: { sequenceNumber: '5' },
      failure: undefined,
      left: { dropped: 0, rejected: [] },
    })
    const value = JSON.parse(String(output.records[0]?.value)) as { readonly source: object }
    expect(value.source).toMatchObject({
      table: 'orders',
      db: 'eu-west-1',
      account: '123456789012',
      shard_id: shardId,
      sequence_number: '1',
      stream_view_type: 'NEW_AND_OLD_IMAGES',
    })
    expect(headersOf(output.records[0] as ProducerRecord)).toMatchObject({ 'tailrace.table': 'orders' })
  })

  it('are left out where nobody wants the table, and counted, also where they cannot be read', async () => {
    const broken = { ...change('unwanted', { id: { S: 'a' } }), eventName: 'UPSERT' }
    const records = page(change('unwanted', { id: { S: 'a' } }), change('orders', { id: { S: 'a' } }), broken)
    const output = await convertPage({}, records)
    expect(summary(output)).toEqual(['shop.orders 2 {"id":"a"}'])
    expect(output).toMatchObject({ changes: 1, read: 3, last: { sequenceNumber: '3' }, left: { dropped: 2 } })
    expect(await convertPage({}, [])).toMatchObject({ records: [], read: 0, last: undefined, failure: undefined })
  })

  it('fail together, with the first record that cannot pass, whichever table it is of', async () => {
    const odd = { odd: { NOVEL: 'x' } } as unknown as Item
    const records = page(
      change('orders', { id: { S: 'a' } }),
      change('customers', { nr: { N: '1' } }),
      change('customers', { nr: { N: '2' } }, { newImage: odd }),
      change('orders', { id: { S: 'b' } }, { newImage: odd }),
    )
    const failed = await convertPage({}, records)
    expect(failed).toMatchObject({ records: [], read: 0, changes: 0, last: undefined, attachments: [] })
    expect(failed.failure).toMatchObject({
      code: 'RECORD_UNREADABLE',
      details: { table: 'customers', sequenceNumber: '3' },
    })
    const letters = await convertPage({ tolerance: 'all' }, records)
    expect(letters.records.map(({ topic }) => topic)).toEqual(['shop.orders', 'letters', 'shop.customers', 'letters'])
    expect(letters).toMatchObject({
      changes: 2,
      read: 4,
      failure: undefined,
      left: { dropped: 0, rejected: [{ code: 'RECORD_UNREADABLE', stage: 'VALUE_CONVERTER', count: 2 }] },
    })
  })

  it('take back what is outside Kafka if a later part of the page fails', async () => {
    const told: string[] = []
    const oversize: StreamStagesOptions['oversize'] = {
      toDeadLetters: false,
      shrink: async ({ records, position }) => ({
        records: records.map((record) => ({ ...record, value: Buffer.from('small') })),
        attachments: [{ settle: (outcome) => void told.push(`${position?.sequenceNumber} ${outcome}`) }],
      }),
    }
    const large = change('orders', { id: { S: 'a' } }, { newImage: { id: { S: 'x'.repeat(2_000) } } })
    const setup = (more: Partial<StreamStagesOptions>): Setup => ({
      options: { oversize, ...more },
      limits: { maxRecordBytes: async () => 2_000, maxRecordBytesNow: async () => 2_000 },
    })
    const good = await convertPage(setup({}), page(large, change('customers', { nr: { N: '1' } })))
    expect(good).toMatchObject({ failure: undefined, hasOversized: true })
    expect(good.attachments).toHaveLength(1)
    expect(await convertPage(setup({}), page(large, Buffer.from('foreign')))).toMatchObject({
      failure: { code: 'RECORD_FOREIGN' },
      attachments: [],
    })
    expect(told).toEqual(['1 aborted'])
    const error = new KafkaError(3, 'UNKNOWN_TOPIC_OR_PARTITION', 'not yet')
    const provide = async (topic: string): Promise<{ id: string; partitions: number; maxRecordBytes: number }> => {
      if (topic === 'shop.customers') throw error
      return { id: 'y', partitions: 1, maxRecordBytes: 2_000 }
    }
    const page2 = page(large, change('customers', { nr: { N: '1' } }))
    await expect(convertPage(setup({ otherTopics: { provide } }), page2)).rejects.toBe(error)
    expect(told).toEqual(['1 aborted', '1 aborted'])
  })

  it('are too large only if their topic still says so', async () => {
    const asked: string[] = []
    const large = page(change('orders', { id: { S: 'x'.repeat(2_000) } }))
    const output = await convertPage(
      {
        limits: {
          maxRecordBytes: async () => 1_000,
          maxRecordBytesNow: async (topic) => {
            asked.push(topic)
            return 10_000
          },
        },
      },
      large,
    )
    expect(output).toMatchObject({ failure: undefined, changes: 1 })
    expect(asked).toEqual(['shop.orders'])
  })

  it('stop the stream where their table can have no topic', async () => {
    const provide = (topic: string): Promise<never> =>
      Promise.reject(new TailraceError('ROUTE_REFUSED', `there is no ${topic}`))
    const one = page(change('orders', { id: { S: 'a' } }))
    expect(await convertPage({ options: { otherTopics: { provide } } }, one)).toMatchObject({
      failure: { code: 'ROUTE_REFUSED' },
      read: 0,
    })
    const illegal = await convertPage({}, page(change('a/../b', { id: { S: 'a' } })))
    expect(illegal.failure).toMatchObject({ code: 'ROUTE_REFUSED', details: { table: 'a/../b' } })
    const shared = page(change('orders', { id: { S: 'a' } }), change('customers', { id: { S: 'a' } }))
    const topicOf = (): string => 'all'
    expect(await convertPage({ options: { topicOf } }, shared)).toMatchObject({ failure: { code: 'ROUTE_REFUSED' } })
    const provideAll: StreamStagesOptions['otherTopics'] = {
      mayShare: true,
      provide: async () => ({ id: 'y', partitions: 1, maxRecordBytes: 100_000 }),
    }
    expect(await convertPage({ options: { topicOf, otherTopics: provideAll } }, shared)).toMatchObject({ changes: 2 })
  })
})

describe('topics of tables in a stream', () => {
  it('that are not as they were stop the stream, and nothing of the page is delivered', async () => {
    const records = page(change('orders', { id: { S: 'a' } }), change('customers', { nr: { N: '1' } }))
    const pinned = (partitions: number) => ({
      pins: { of: () => ({ partitions, topicId: 'y' }), meet: () => {} },
    })
    expect(await convertPage({}, records, pinned(3))).toMatchObject({ failure: undefined, changes: 2 })
    expect(await convertPage({}, records, pinned(4))).toMatchObject({
      records: [],
      read: 0,
      failure: { code: 'OUTPUT_TOPIC_CHANGED', details: { topic: 'shop.orders' } },
    })
  })
})

describe('keys of two attributes', () => {
  const keys = { order: { N: '1' }, customer: { S: 'c' } }
  const described = async (): Promise<readonly KeyAttribute[]> => [
    { name: 'order', type: 'N' },
    { name: 'customer', type: 'S' },
  ]

  it('have the order that the table has, which is asked for once', async () => {
    const asked: string[] = []
    const stages = stagesWith({
      describe: (table) => {
        asked.push(table)
        return described()
      },
    })
    const input = { table: entry, shardId, notBeforeMs: undefined, maxRecordBytes: 1e9, nowMs: 1 }
    for (let round = 0; round < 3; round++) {
      const output = await stages.process({ ...input, records: page(change('lines', keys)) }, never)
      expect(String(output.records[0]?.key)).toBe('{"order":1,"customer":"c"}')
    }
    expect(asked).toEqual(['lines'])
  })

  it('are taken from the configuration without asking', async () => {
    const output = await convertPage({ configured: { lines: ['customer', 'order'] } }, page(change('lines', keys)))
    expect(summary(output)).toEqual(['shop.lines 1 {"customer":"c","order":1}'])
  })

  it('are asked for again when the table was made anew with others', async () => {
    const generations = [described, async () => [{ name: 'b', type: 'S' } as const, { name: 'a', type: 'S' } as const]]
    const setup: Setup = { describe: () => generations.shift()?.() ?? Promise.reject(new Error('asked too often')) }
    const newer = { a: { S: '1' }, b: { S: '2' } }
    const output = await convertPage(setup, page(change('lines', keys), change('lines', newer), change('lines', newer)))
    expect(summary(output)).toEqual([
      'shop.lines 1 {"order":1,"customer":"c"}',
      'shop.lines 2 {"b":"2","a":"1"}',
      'shop.lines 3 {"b":"2","a":"1"}',
    ])
  })

  it('stop the stream where nobody knows their order', async () => {
    const refused = new TailraceError('AWS_ACCESS_DENIED', 'not allowed')
    const setups: readonly Setup[] = [
      { describe: () => Promise.reject(refused) },
      { describe: async () => [{ name: 'x', type: 'S' }] },
      { configured: { lines: ['customer', 'total'] } },
      { configured: { lines: ['customer', 'customer'] } },
    ]
    for (const setup of setups) {
      const output = await convertPage(setup, page(change('orders', { id: { S: 'a' } }), change('lines', keys)))
      expect(output).toMatchObject({
        records: [],
        failure: { code: 'TABLE_KEYS_UNKNOWN', details: { table: 'lines' } },
      })
    }
  })

  it('of which there are none, or three, are no keys', async () => {
    for (const odd of [{}, { a: { S: '' }, b: { S: '' }, c: { S: '' } }, { a: { BOOL: true } }]) {
      expect(await convertPage({}, page(change('orders', odd as Item)))).toMatchObject({
        failure: { code: 'RECORD_UNREADABLE' },
      })
    }
  })
})
