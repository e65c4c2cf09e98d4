import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { startBridgeUnderTest } from '../servers/kinesis-bridge.ts'
import {
  createKinesisStream,
  listKinesisShards,
  readKinesisShard,
  splitKinesisShard,
} from '../servers/kinesis-commands.ts'
import { startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { member } from '../servers/stream-simulator/simulator-client.ts'

let kinesis: KinesisUnderTest

beforeAll(async () => {
  kinesis = await startKinesisUnderTest()
})

afterAll(() => kinesis[Symbol.asyncDispose]())

/** Writes so many changes, each of another number. */
async function write(table: LocalTable, from: number, count: number): Promise<void> {
  const rng = seededRng(from + 1)
  for (let n = from; n < from + count; n++)
    await table.put({ id: { S: `item-${Math.floor(rng.next() * 10)}` }, n: { N: String(n) } })
}

interface Seen {
  readonly table: string
  readonly n: number
  readonly item: string
  readonly eventId: string
  readonly createdAt: number
  readonly micros: boolean
}

async function readAll(stream: string): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  for (const { shardId } of await listKinesisShards(kinesis.api, stream)) {
    for (const record of await readKinesisShard(kinesis.api, stream, shardId)) {
      const change: unknown = JSON.parse(Buffer.from(String(record['Data']), 'base64').toString())
      const body = member(change, 'dynamodb')
      seen.push({
        table: String(member(change, 'tableName')),
        n: Number(member(member(member(body, 'NewImage'), 'n'), 'N')),
        item: String(member(member(member(body, 'Keys'), 'id'), 'S')),
        eventId: String(member(change, 'eventID')),
        createdAt: Number(member(body, 'ApproximateCreationDateTime')),
        micros: member(body, 'ApproximateCreationDateTimePrecision') === 'MICROSECOND',
      })
    }
  }
  return seen
}

const numbers = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => from + i)
const ascending = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b)

test('every change of two tables comes once and in the order of its item, through a split', async () => {
  const { endpoint: dynamodbEndpoint } = inject('dynamodb')
  await using orders = await createLocalTable(dynamodbEndpoint)
  await using stock = await createLocalTable(dynamodbEndpoint)
  await createKinesisStream(kinesis.api, 'faultless', 2)
  await write(orders, 0, 200)
  const bridge = startBridgeUnderTest({
    dynamodbEndpoint,
    kinesisEndpoint: kinesis.endpoint,
    tables: [orders.name, stock.name],
    stream: 'faultless',
  })
  try {
    await write(stock, 200, 100)
    await bridge.untilDelivered(300)
    const [first] = await listKinesisShards(kinesis.api, 'faultless')
    await splitKinesisShard(kinesis.api, 'faultless', first?.shardId ?? '')
    bridge.settings.precision = 'MICROSECOND'
    await write(orders, 300, 100)
    await bridge.untilDelivered(400)
  } finally {
    await bridge[Symbol.asyncDispose]()
  }
  const seen = await readAll('faultless')
  expect(ascending(seen.map(({ n }) => n))).toEqual(numbers(0, 400))
  for (const { name, of } of [
    { name: orders.name, of: [...numbers(0, 200), ...numbers(300, 100)] },
    { name: stock.name, of: numbers(200, 100) },
  ]) {
    const own = seen.filter(({ table }) => table === name)
    expect(ascending(own.map(({ n }) => n))).toEqual(of)
    for (const values of Map.groupBy(own, ({ item }) => item).values())
      expect(ascending(values.map(({ n }) => n))).toEqual(values.map(({ n }) => n))
  }
  expect(seen.filter(({ micros }) => micros).map(({ n }) => n).length).toBe(100)
  for (const { n, micros, createdAt } of seen) {
    expect(micros).toBe(n >= 300)
    expect(String(createdAt)).toHaveLength(micros ? 16 : 13)
  }
  expect(bridge.counts).toEqual({ changes: 400, records: 400, waiting: 0, tooLarge: 0 })
})

test('on purpose, changes come more than once and in another order', async () => {
  const { endpoint: dynamodbEndpoint } = inject('dynamodb')
  await using table = await createLocalTable(dynamodbEndpoint)
  await write(table, 0, 400)
  await createKinesisStream(kinesis.api, 'faulty', 1)
  const bridge = startBridgeUnderTest({
    dynamodbEndpoint,
    kinesisEndpoint: kinesis.endpoint,
    tables: [table.name],
    stream: 'faulty',
    seed: 5,
    settings: { precision: 'MICROSECOND', faults: { duplicates: 0.1, delays: 0.3, windowMs: 500 } },
  })
  try {
    await bridge.untilDelivered(400)
  } finally {
    await bridge[Symbol.asyncDispose]()
  }
  const seen = await readAll('faulty')
  expect(ascending([...new Set(seen.map(({ n }) => n))])).toEqual(numbers(0, 400))
  expect(bridge.counts.records).toBe(seen.length)
  expect(seen.length).toBeGreaterThan(410)
  const firsts = [...Map.groupBy(seen, ({ eventId }) => eventId).values()]
  expect(firsts).toHaveLength(400)
  for (const copies of firsts) expect(new Set(copies.map((copy) => JSON.stringify(copy))).size).toBe(1)
  const disordered = [...Map.groupBy(seen, ({ item }) => item).values()].filter(
    (values) => String(ascending(values.map(({ n }) => n))) !== String(values.map(({ n }) => n)),
  )
  expect(disordered.length).toBeGreaterThan(5)
  // Their own time tells the order in which they were made.
  const byTime = seen.toSorted((a, b) => a.createdAt - b.createdAt).map(({ n }) => n)
  expect(byTime).toEqual(ascending(byTime))
})
