import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { AwsServiceError } from '../../src/aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../src/aws/aws.ts'
import { readLineage } from '../servers/stream-simulator/read-lineage.ts'
import { connectTo, drain, member, sourceOver } from '../servers/stream-simulator/simulator-client.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const never = new AbortController().signal

let simulator: StreamSimulator
let simulated: AwsApi & AsyncDisposable
let local: AwsApi & AsyncDisposable

beforeAll(async () => {
  simulator = await startStreamSimulator()
  simulated = connectTo(simulator.endpoint)
  local = connectTo(inject('dynamodb').endpoint)
})

afterAll(async () => {
  await simulated[Symbol.asyncDispose]()
  await local[Symbol.asyncDispose]()
  await simulator.stop()
})

const unique = `${process.pid}-${Math.floor(performance.now())}`
const dynamodb = (action: string, body: AwsRequest['body']): AwsRequest => ({ service: 'dynamodb', action, body })
const streams = (action: string, body: AwsRequest['body']): AwsRequest => ({ service: 'streams', action, body })

/** Sends one request to both. */
async function both(request: AwsRequest): Promise<readonly [unknown, unknown]> {
  return Promise.all([simulated.call(request, never), local.call(request, never)])
}

async function createOnBoth(name: string, viewType: string, hasRange: boolean): Promise<void> {
  const names = hasRange ? ['id', 'at'] : ['id']
  await both(
    dynamodb('CreateTable', {
      TableName: name,
      AttributeDefinitions: names.map((key) => ({ AttributeName: key, AttributeType: key === 'id' ? 'S' : 'N' })),
      KeySchema: names.map((key) => ({ AttributeName: key, KeyType: key === 'id' ? 'HASH' : 'RANGE' })),
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: viewType },
    }),
  )
}

const values: readonly unknown[] = [
  { S: 'text' },
  { S: '' },
  { N: '12345678901234567890123456789012345678' },
  { N: '-0.1' },
  { BOOL: true },
  { NULL: true },
  { B: 'AAECAw==' },
  { SS: ['b', 'a'] },
  { NS: ['3', '1', '2'] },
  { BS: ['AQ==', 'AA=='] },
  { L: [] },
  { L: [{ S: 'deep' }, { M: { x: { L: [{ N: '1' }] } } }] },
  // No empty map: DynamoDB Local's stream (not its Scan) shows one as `{}`, a value without a type.
  { M: { constructor: { S: 'own' }, 'a.b': { N: '7' } } },
]
const attributes = ['a', 'b', 'toString', 'née']

function randomOperation(table: string, hasRange: boolean, rng: Rng): AwsRequest {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(rng.next() * list.length)]
  const key = {
    id: { S: `k${Math.floor(rng.next() * 6)}` },
    ...(hasRange ? { at: { N: `${Math.floor(rng.next() * 3)}` } } : {}),
  }
  const chance = rng.next()
  if (chance < 0.45) {
    const item = Object.fromEntries(attributes.filter(() => rng.next() < 0.5).map((name) => [name, pick(values)]))
    return dynamodb('PutItem', { TableName: table, Item: { ...item, ...key } })
  }
  if (chance < 0.7) return dynamodb('DeleteItem', { TableName: table, Key: key })
  const isSet = rng.next() < 0.7
  return dynamodb('UpdateItem', {
    TableName: table,
    Key: key,
    UpdateExpression: isSet ? 'SET #n = :v' : 'REMOVE #n',
    ExpressionAttributeNames: { '#n': pick(attributes) },
    ...(isSet ? { ExpressionAttributeValues: { ':v': pick(values) } } : {}),
  })
}

/** A record without what two services must differ in: ids, numbers, times, region, and the order inside sets. */
function comparable(record: unknown): unknown {
  const change = member(record, 'dynamodb')
  return {
    eventName: member(record, 'eventName'),
    eventVersion: member(record, 'eventVersion'),
    eventSource: member(record, 'eventSource'),
    members: Object.keys(Object(change)).sort(),
    keys: withSortedSets(member(change, 'Keys')),
    newImage: withSortedSets(member(change, 'NewImage')),
    oldImage: withSortedSets(member(change, 'OldImage')),
    viewType: member(change, 'StreamViewType'),
  }
}

function withSortedSets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedSets)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      /^[SNB]S$/.test(name) && Array.isArray(inner) ? inner.map(String).sort() : withSortedSets(inner),
    ]),
  )
}

/** Equal for equal items, in whatever order their attributes come. */
function itemText(item: unknown): string {
  const entries = Object.entries(Object(withSortedSets(item)))
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function byKey(records: readonly unknown[]): Map<string, unknown[]> {
  const keys = new Map<string, unknown[]>()
  for (const record of records) {
    const key = itemText(member(member(record, 'dynamodb'), 'Keys'))
    keys.set(key, [...(keys.get(key) ?? []), comparable(record)])
  }
  return keys
}

async function readAll(api: AwsApi, table: string): Promise<readonly unknown[]> {
  const { source } = sourceOver(api, systemClock, {
    tables: [table],
    alsoViewTypes: ['KEYS_ONLY', 'OLD_IMAGE'],
    polling: { minIntervalMs: 5, idleCapMs: 20 },
  })
  const [found] = await source.findTables(never)
  await api.call(dynamodb('UpdateTable', { TableName: table, StreamSpecification: { StreamEnabled: false } }), never)
  return readLineage(source, found?.streamArn ?? '', never)
}

describe('the simulator gives the records that DynamoDB Local gives', () => {
  const shapes = [
    { viewType: 'NEW_AND_OLD_IMAGES', hasRange: true, seed: 11 },
    { viewType: 'NEW_AND_OLD_IMAGES', hasRange: false, seed: 12 },
    { viewType: 'NEW_IMAGE', hasRange: true, seed: 13 },
    { viewType: 'OLD_IMAGE', hasRange: false, seed: 14 },
    { viewType: 'KEYS_ONLY', hasRange: true, seed: 15 },
  ]

  it.each(shapes)('$viewType, range key $hasRange, seed $seed', async ({ viewType, hasRange, seed }) => {
    const table = `differential-${seed}-${unique}`
    const rng = seededRng(seed)
    await createOnBoth(table, viewType, hasRange)
    const { stream } = simulator.table(table)
    for (let i = 0; i < 250; i++) {
      await both(randomOperation(table, hasRange, rng))
      const open = stream.openShards()[0]
      // Only the simulator splits: what is read per key must not show it.
      if (i % 30 === 29 && open !== undefined) (i % 60 === 59 ? stream.rotate : stream.split)(open.shardId)
    }
    const scanned = await both(dynamodb('Scan', { TableName: table }))
    const items = scanned.map((page) => [member(page, 'Items')].flat().map(itemText).sort())
    expect(items[0]).toEqual(items[1])

    const [fromSimulator, fromLocal] = await Promise.all([readAll(simulated, table), readAll(local, table)])
    expect(fromLocal.length).toBeGreaterThan(100)
    expect(byKey(fromSimulator)).toEqual(byKey(fromLocal))
    expect(stream.shards.length).toBeGreaterThan(8)
  })
})

describe('the simulator refuses what DynamoDB Local refuses', () => {
  const typeOf = async (api: AwsApi, request: AwsRequest): Promise<string> => {
    try {
      await api.call(request, never)
      return 'accepted'
    } catch (error) {
      return error instanceof AwsServiceError ? error.type : String(error)
    }
  }

  it('with the same error types', async () => {
    const table = `errors-${unique}`
    await createOnBoth(table, 'NEW_IMAGE', false)
    const arns = (await both(dynamodb('DescribeTable', { TableName: table }))).map((answer) =>
      String(member(member(answer, 'Table'), 'LatestStreamArn')),
    )
    const unknownShard = 'shardId-00000001700000000000-00000000'
    const requests: ((arn: string) => AwsRequest)[] = [
      () => dynamodb('DescribeTable', { TableName: `missing-${unique}` }),
      (arn) => streams('DescribeStream', { StreamArn: `${arn}0` }),
      (arn) =>
        streams('GetShardIterator', { StreamArn: arn, ShardId: unknownShard, ShardIteratorType: 'TRIM_HORIZON' }),
      () => streams('GetRecords', { ShardIterator: 'not-an-iterator' }),
      () =>
        dynamodb('UpdateTable', {
          TableName: table,
          StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
        }),
    ]
    for (const request of requests) {
      const types = await Promise.all([
        typeOf(simulated, request(arns[0] ?? '')),
        typeOf(local, request(arns[1] ?? '')),
      ])
      expect(types[0]).toBe(types[1])
      expect(types[0]).not.toBe('accepted')
    }
  })
})

describe('the source reads DynamoDB Local', () => {
  it('in pages of 1,000, from the middle, and up to the newest change of an open shard', async () => {
    const table = `pages-${unique}`
    await createOnBoth(table, 'NEW_AND_OLD_IMAGES', false)
    for (let at = 0; at < 2_300; at += 25) {
      const puts = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: { id: { S: `i${at + i}` } } } }))
      await local.call(dynamodb('BatchWriteItem', { RequestItems: { [table]: puts } }), never)
    }
    const { source } = sourceOver(local, systemClock, { tables: [table] })
    const [found] = await source.findTables(never)
    const streamArn = found?.streamArn ?? ''
    const [shard] = (await source.listShards(streamArn, never)).shards
    const shardId = shard?.shardId ?? ''
    const all = await drain(source.openShard({ streamArn, shardId, after: undefined }), never, 2_300)
    expect(all.records).toHaveLength(2_300)
    expect(all.pages).toBe(3)
    const after = String(member(member(all.records[1_234], 'dynamodb'), 'SequenceNumber'))
    const rest = await drain(source.openShard({ streamArn, shardId, after }), never, 1_065)
    expect(rest.records).toEqual(all.records.slice(1_235))
  })
})
