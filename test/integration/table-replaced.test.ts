import { afterEach, beforeEach, expect, it } from 'vitest'
import type { AwsApi } from '../../src/aws/aws.ts'
import type { Source } from '../../src/sources/source.ts'
import type { SourceEvent } from '../../src/sources/source-event.ts'
import { accessDenied } from '../servers/stream-simulator/fault-plan.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'
import { connectTo, drain, sourceOver } from '../servers/stream-simulator/simulator-client.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const never = new AbortController().signal
const keySchema = [
  { name: 'customer', type: 'S' },
  { name: 'number', type: 'N' },
] as const

let clock: ManualClock
let simulator: StreamSimulator
let api: AwsApi & AsyncDisposable

beforeEach(async () => {
  clock = createManualClock()
  simulator = await startStreamSimulator({ clock })
  api = connectTo(simulator.endpoint)
})

afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await simulator.stop()
})

const sourceOf = (...tables: string[]): { source: Source; events: readonly SourceEvent[] } =>
  sourceOver(api, clock, { tables })

it('finds a table by name, with everything that a position and a key need', async () => {
  const orders = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
  expect(await sourceOf('orders').source.findTables(never)).toEqual([
    {
      arn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/orders',
      name: 'orders',
      id: orders.id,
      region: 'eu-central-1',
      account: '123456789012',
      streamArn: orders.stream.arn,
      viewType: 'NEW_AND_OLD_IMAGES',
      keySchema,
    },
  ])
  expect(simulator.requests.get('ListTables')).toBeUndefined()
  expect(await sourceOf(orders.arn).source.findTables(never)).toHaveLength(1)
})

it('finds tables by pattern over many pages, each once, leaving out with an event what cannot be read', async () => {
  simulator.settings.pageTables = 3
  for (let i = 0; i < 20; i++) simulator.createTable({ name: `shop-${i}`, keySchema, viewType: 'NEW_IMAGE' })
  simulator.createTable({ name: 'shop-quiet', keySchema })
  simulator.createTable({ name: 'other', keySchema, viewType: 'NEW_IMAGE' })
  const { source, events } = sourceOf('shop-*', 'shop-1?', 'shop-3')
  const found = await source.findTables(never)
  expect(found).toHaveLength(20)
  expect(events).toEqual([{ kind: 'table-skipped', table: 'shop-quiet', code: 'STREAM_DISABLED' }])
})

it('refuses what cannot be read, by name', async () => {
  simulator.createTable({ name: 'quiet', keySchema })
  simulator.createTable({ name: 'keys', keySchema, viewType: 'KEYS_ONLY' })
  simulator.createTable({ name: 'old', keySchema, viewType: 'OLD_IMAGE' })
  await expect(sourceOf('nowhere').source.findTables(never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  await expect(sourceOf('nothing-*').source.findTables(never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  await expect(sourceOf('arn:aws:dynamodb:nonsense').source.findTables(never)).rejects.toMatchObject({
    code: 'TABLE_NOT_FOUND',
  })
  await expect(sourceOf('quiet').source.findTables(never)).rejects.toMatchObject({ code: 'STREAM_DISABLED' })
  await expect(sourceOf('keys').source.findTables(never)).rejects.toMatchObject({ code: 'STREAM_VIEW_TYPE' })
  await expect(sourceOf('old').source.findTables(never)).rejects.toMatchObject({ code: 'STREAM_VIEW_TYPE' })
  const elsewhere = sourceOf('arn:aws:dynamodb:us-east-1:123456789012:table/orders').source
  await expect(elsewhere.findTables(never)).rejects.toMatchObject({ code: 'AWS_REGION' })
  const allowed = sourceOver(api, clock, { tables: ['keys', 'old'], alsoViewTypes: ['KEYS_ONLY', 'OLD_IMAGE'] }).source
  expect(await allowed.findTables(never)).toHaveLength(2)
})

it('names the action that is missing', async () => {
  simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
  simulator.faults.add({ action: 'ListTables', fault: accessDenied('dynamodb:ListTables', '*') })
  const checking = sourceOver(api, clock, { tables: ['*'], giveUpOn: ['AWS_ACCESS_DENIED'] }).source
  await expect(checking.findTables(never)).rejects.toMatchObject({
    code: 'AWS_ACCESS_DENIED',
    message: 'Not allowed: dynamodb:ListTables on *',
  })
})

it('rule 3: a recreated table has another id and another stream', async () => {
  const { source } = sourceOf('orders')
  simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
  const before = await source.describeTable('orders', never)
  simulator.deleteTable('orders')
  await expect(source.describeTable('orders', never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
  const after = await source.describeTable('orders', never)
  expect(after.arn).toBe(before.arn)
  expect(after.id).not.toBe(before.id)
  expect(after.streamArn).not.toBe(before.streamArn)
})

it('rule 4: a disabled stream is read to its end, beside the new one', async () => {
  const { source } = sourceOf('orders')
  const orders = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES', openShards: 2 })
  for (let i = 0; i < 40; i++) orders.put({ customer: { S: `c${i}` }, number: { N: '1' } })
  const old = orders.stream.arn
  orders.disableStream()
  await expect(source.describeTable('orders', never)).rejects.toMatchObject({ code: 'STREAM_DISABLED' })
  orders.put({ customer: { S: 'unseen' }, number: { N: '1' } })
  orders.enableStream('NEW_AND_OLD_IMAGES')
  orders.put({ customer: { S: 'seen' }, number: { N: '1' } })
  expect((await source.describeTable('orders', never)).streamArn).not.toBe(old)

  const { shards, status } = await source.listShards(old, never)
  expect(status).toBe('DISABLED')
  const read: number[] = []
  for (const { shardId } of shards) {
    const { records, isEnd } = await drain(source.openShard({ streamArn: old, shardId, after: undefined }), never)
    expect(isEnd).toBe(true)
    read.push(records.length)
  }
  expect(read.reduce((sum, n) => sum + n, 0)).toBe(40)
})

it('a stream that was turned off will do for whoever does not read it himself, while it can be read', async () => {
  const orders = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
  const keys = simulator.createTable({ name: 'keys', keySchema, viewType: 'KEYS_ONLY' })
  simulator.createTable({ name: 'quiet', keySchema })
  const { source } = sourceOver(api, clock, { tables: ['orders', 'keys', 'quiet'], alsoDisabled: true })
  const before = await source.describeTable('orders', never)
  expect(simulator.requests.get('DescribeStream')).toBeUndefined()
  for (const table of [orders, keys]) table.disableStream()
  expect(await source.describeTable('orders', never)).toEqual(before)
  await expect(source.describeTable('keys', never)).rejects.toMatchObject({ code: 'STREAM_VIEW_TYPE' })
  await expect(source.describeTable('quiet', never)).rejects.toMatchObject({ code: 'STREAM_DISABLED' })
  simulator.forgetStream(orders.stream.arn)
  await expect(source.describeTable('orders', never)).rejects.toMatchObject({ code: 'STREAM_DISABLED' })
})

it('rule 1: a position of an old stream is not taken for one of the new', async () => {
  const { source } = sourceOf('orders')
  const orders = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
  const shardId = orders.stream.shards[0]?.shardId ?? ''
  orders.disableStream()
  const renewed = orders.enableStream('NEW_AND_OLD_IMAGES')
  const reader = source.openShard({ streamArn: renewed.arn, shardId: `${shardId}x`, after: undefined })
  await expect(reader.read(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
})
