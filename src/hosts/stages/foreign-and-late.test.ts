import { describe, expect, it } from 'vitest'
import { kinesisRecordOf } from '../../../test/oracle/kinesis-wire.ts'
import { change, convertPage, headersOf, late, page, shardId, stream } from '../../../test/oracle/stream-pages.ts'
import type { Setup } from '../../../test/oracle/stream-pages.ts'
import type { KinesisRecord } from '../../change/kinesis-record.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { StreamStagesOptions } from './stream-stages.ts'

describe('records that are foreign', () => {
  const bytes = Buffer.from([0xff, 0x00, 0x41])
  const foreign = { ...kinesisRecordOf(bytes), partitionKey: 'ключ' }
  const records = (): readonly KinesisRecord[] =>
    page(change('orders', { id: { S: 'a' } }), foreign, change('orders', { id: { S: 'b' } }), { hello: 'world' })

  it('stop the stream', async () => {
    expect(await convertPage({ tolerance: 'none' }, records())).toMatchObject({
      records: [],
      failure: { code: 'RECORD_FOREIGN', details: { stream: 'changes', shard: shardId, sequenceNumber: '2' } },
    })
  })

  it('become dead letters of their bytes', async () => {
    for (const setup of [{ options: { foreign: { policy: 'dead-letter' } } }, { tolerance: 'all' }] as const) {
      const output = await convertPage(setup, records())
      expect(output.records.map(({ topic }) => topic)).toEqual(['shop.orders', 'shop.orders', 'letters', 'letters'])
      expect(output.records[2]?.value?.equals(bytes)).toBe(true)
      expect(headersOf(output.records[2] as ProducerRecord)).toMatchObject({
        'tailrace.table': 'changes',
        'tailrace.code': 'RECORD_FOREIGN',
        'tailrace.stage': 'SOURCE',
        'tailrace.partition.key': 'ключ',
        'tailrace.seq': '2',
      })
      expect(JSON.parse(String(output.records[2]?.key))).toEqual({
        deadLetter: 'change',
        table: stream.arn,
        stream: stream.streamArn,
        shard: shardId,
        seq: '2',
      })
      expect(output).toMatchObject({
        changes: 2,
        read: 4,
        left: { dropped: 0, rejected: [{ code: 'RECORD_FOREIGN', stage: 'SOURCE', count: 2 }] },
      })
    }
  })

  it('pass into a topic of their own as they are', async () => {
    const output = await convertPage({ options: { foreign: { policy: 'pass', topic: 'others' } } }, records())
    expect(output.records.map(({ topic }) => topic)).toEqual(['shop.orders', 'shop.orders', 'others', 'others'])
    expect(output.records[2]).toMatchObject({ key: Buffer.from('ключ'), value: bytes, timestamp: foreign.arrivedAtMs })
    expect(headersOf(output.records[2] as ProducerRecord)).toEqual({ 'tailrace.shard': shardId, 'tailrace.seq': '2' })
    expect(output).toMatchObject({ changes: 4, read: 4, failure: undefined, left: { dropped: 0, rejected: [] } })
    const collides = await convertPage({ options: { foreign: { policy: 'pass', topic: 'shop.orders' } } }, records())
    expect(collides).toMatchObject({ failure: { code: 'ROUTE_REFUSED' } })
  })

  it('are not foreign if they only cannot be read', async () => {
    const broken = { ...change('orders', { id: { S: 'a' } }), eventName: 'UPSERT' }
    const output = await convertPage({ options: { foreign: { policy: 'pass', topic: 'others' } } }, page(broken))
    expect(output.failure).toMatchObject({ code: 'RECORD_UNREADABLE', details: { sequenceNumber: '1' } })
    const letters = await convertPage({ tolerance: 'all' }, page(broken))
    expect(JSON.parse(String(letters.records[0]?.value))).toEqual(broken)
  })
})

describe('late changes', () => {
  const removed = (): object =>
    change('orders', { id: { S: 'a' } }, { operation: 'REMOVE', newImage: undefined, oldImage: { id: { S: 'a' } } })
  const records = (): readonly KinesisRecord[] => page(change('orders', { id: { S: 'b' } }), late(removed()))

  it('say so in a header of all their records', async () => {
    const output = await convertPage({}, records())
    expect(output.records.map((record) => headersOf(record)['tailrace.late'])).toEqual([undefined, 'true', 'true'])
    expect(output.records[2]?.value).toBeNull()
    expect(output).toMatchObject({ changes: 2, read: 2, left: { dropped: 0, rejected: [] } })
  })

  it('become dead letters where that is wanted, whatever is tolerated otherwise', async () => {
    const output = await convertPage({ options: { late: 'dead-letter' } }, records())
    expect(output.records.map(({ topic }) => topic)).toEqual(['shop.orders', 'letters'])
    expect(headersOf(output.records[1] as ProducerRecord)).toMatchObject({
      'tailrace.table': 'orders',
      'tailrace.code': 'CHANGE_LATE',
    })
    expect(output).toMatchObject({
      changes: 1,
      read: 2,
      left: { dropped: 0, rejected: [{ code: 'CHANGE_LATE', stage: 'SOURCE', count: 1 }] },
    })
  })

  it('are dropped where that is wanted, and counted', async () => {
    const output = await convertPage({ options: { late: 'drop' } }, records())
    expect(output.records).toHaveLength(1)
    expect(output).toMatchObject({ changes: 1, read: 2, left: { dropped: 1, rejected: [] } })
  })
})

describe('a stream that is delivered as it is', () => {
  const raw = firstEntry(stream, { topic: 'shop.changes', partitions: 3, id: 'x' }, undefined)
  const setup: Setup = { options: { records: 'raw' } }

  it('has its partition keys as keys and its bytes as values, whatever they are', async () => {
    const records = page(
      { ...kinesisRecordOf(Buffer.from([1, 2, 0xff])), partitionKey: 'a' },
      { ...kinesisRecordOf(Buffer.alloc(0)), partitionKey: '' },
      change('orders', { id: { S: 'a' } }),
    )
    const output = await convertPage(setup, records, { table: raw, maxRecordBytes: 100_000 })
    expect(output.records.map(({ topic, key, value }) => [topic, key, value])).toEqual(
      records.map(({ partitionKey, data }) => ['shop.changes', Buffer.from(partitionKey), data]),
    )
    expect(output.records.map(({ timestamp }) => timestamp)).toEqual(records.map(({ arrivedAtMs }) => arrivedAtMs))
    expect(headersOf(output.records[1] as ProducerRecord)).toEqual({ 'tailrace.shard': shardId, 'tailrace.seq': '2' })
    expect(output).toMatchObject({ changes: 3, read: 3, last: { sequenceNumber: '3' }, failure: undefined })
  })

  it('is too large, is made smaller, or becomes a dead letter like every other record', async () => {
    const records = page(Buffer.from('small'), Buffer.alloc(5_000, 1), Buffer.from('small'))
    const limited = { table: raw, maxRecordBytes: 1_000 }
    expect(await convertPage(setup, records, limited)).toMatchObject({
      read: 1,
      changes: 1,
      failure: { code: 'RECORD_TOO_LARGE', details: { sequenceNumber: '2' } },
    })
    const letters = await convertPage({ ...setup, tolerance: 'all' }, records, limited)
    expect(letters.records.map(({ topic }) => topic)).toEqual(['shop.changes', 'letters', 'shop.changes'])
    expect(letters.records[1]?.value?.equals(Buffer.alloc(5_000, 1))).toBe(true)
    const asked: unknown[] = []
    const oversize: StreamStagesOptions['oversize'] = {
      toDeadLetters: false,
      shrink: async ({ records: own, operation, withoutBefore }) => {
        asked.push(operation, withoutBefore().length)
        return { records: own.map((record) => ({ ...record, value: Buffer.from('less') })), attachments: [] }
      },
    }
    const shrunk = await convertPage({ options: { records: 'raw', oversize } }, records, limited)
    expect(shrunk.records.map(({ value }) => String(value))).toEqual(['small', 'less', 'small'])
    expect(asked).toEqual([undefined, 1])
  })
})
