import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { openKinesisShop } from '../servers/kinesis-shop.ts'
import type { KinesisShop } from '../servers/kinesis-shop.ts'
import { startKinesisSimulator } from '../servers/kinesis-simulator/kinesis-simulator.ts'
import type { KinesisSimulator } from '../servers/kinesis-simulator/kinesis-simulator.ts'
import { connectToKinesis } from '../servers/local-kinesis.ts'
import { startReplicationDouble } from '../servers/replication-double.ts'
import type { ReplicationDouble } from '../servers/replication-double.ts'

const { bootstrapServers } = inject('kafka')
const stream = 'changes'
const streamArn = 'arn:aws:kinesis:eu-central-1:123456789012:stream/changes'
const active = { status: 'ACTIVE', streamArn }
let [kinesis, dynamodb, shop] = [] as unknown as [KinesisSimulator, ReplicationDouble, KinesisShop]
let stack: AsyncDisposableStack

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  kinesis = stack.use(await startKinesisSimulator())
  dynamodb = stack.use(await startReplicationDouble())
  kinesis.createStream({ name: stream, mode: 'ON_DEMAND', shards: 2 })
  dynamodb.tables.set('orders', { destination: active })
  const api = stack.use(connectToKinesis(kinesis.endpoint))
  const env = { AWS_ENDPOINT_URL_CLOUDWATCH: dynamodb.endpoint }
  shop = stack.use(openKinesisShop({ bootstrapServers, endpoint: kinesis.endpoint, api, stream, env }))
})
afterEach(() => stack.disposeAsync())

const check = async (more = 'source.tables: [orders]') => {
  const file = shop.file(`source.endpoint: ${dynamodb.endpoint}\n${more}`)
  const { exitCode, stdout } = await shop.cli.run('check', file)
  return { exitCode, stdout }
}
const refuse = (action: string, type: string): void => {
  for (const plan of [kinesis.faults, dynamodb.faults])
    plan.add({ action, fault: { kind: 'error', statusCode: 400, type, message: `not for ${action}` } })
}

it('finds nothing wrong, and says what the stream is and where changes will go', async () => {
  const { exitCode, stdout } = await check()
  expect(stdout).toMatch(/ok +stream changes +ACTIVE, ON_DEMAND, keeps 24 hours, not encrypted, .*2 shards, arn:/)
  expect(stdout).toMatch(/ok +table orders: destination +ACTIVE, times to the microsecond/)
  expect(stdout).toMatch(/ok +topic kinesis-\w+\.orders +does not exist; it will be created with 2 partitions/)
  expect(stdout).not.toMatch(/warning/)
  expect(exitCode).toBe(0)
  expect(dynamodb.asked).toHaveLength(1)
  expect(JSON.stringify(dynamodb.asked)).toContain('TableName=(\\"orders\\")')
})

it('names each way on which changes are lost', async () => {
  dynamodb.tables.set('orders', { destination: { ...active, status: 'DISABLED', reason: 'by somebody' } })
  dynamodb.tables.set('stock', { destination: active, failed: 3, throttled: 7, oldestMs: 7_200_000 })
  dynamodb.tables.set('users', { destination: { ...active, streamArn: `${streamArn}-of-others` } })
  const { exitCode, stdout } = await check('source.tables: [orders, stock, users, gone]')
  expect(stdout).toMatch(/warning +table orders: destination +\[DESTINATION_INACTIVE\] .*DISABLED \(by somebody\)/)
  expect(stdout).toMatch(/warning +table stock: destination +\[REPLICATION_LOSS\] .*given up 3 changes/)
  expect(stdout).toMatch(/warning +table stock: destination +in the last day the stream had no room 7 times/)
  expect(stdout).toMatch(/warning +table stock: destination +a change has been waiting for 2 h/)
  expect(stdout).toMatch(/warning +table users: destination +\[DESTINATION_INACTIVE\] .*it has no such destination/)
  expect(stdout).toMatch(/warning +table gone: destination +\[DESTINATION_INACTIVE\] .*there is no such table/)
  expect(exitCode).toBe(0)
})

it('looks at all tables that match, and passes over those that go elsewhere', async () => {
  dynamodb.tables.set('users', {})
  dynamodb.tables.set('order-lines', { destination: active, failed: 1 })
  const { stdout } = await check('source.tables: ["order*"]')
  expect(stdout).toMatch(/ok +table orders: destination/)
  expect(stdout).toMatch(/\[REPLICATION_LOSS\] DynamoDB has given up 1 changes of table order-lines/)
  expect(stdout).not.toMatch(/table users/)
})

it('names each permission that is missing; what is not needed for reading is a warning', async () => {
  for (const action of ['DescribeKinesisStreamingDestination', 'GetMetricData', 'DescribeTable'])
    refuse(action, 'AccessDeniedException')
  const mild = await check()
  expect(mild.stdout).toMatch(/warning +destinations .*Not allowed: dynamodb:DescribeKinesisStreamingDestination/)
  expect(mild.stdout).toMatch(/warning +destinations .*Not allowed: cloudwatch:GetMetricData on metrics/)
  expect(mild.stdout).toMatch(/warning +table orders: DescribeTable +\[AWS_ACCESS_DENIED\]/)
  expect(mild.exitCode).toBe(0)
  for (const action of ['ListShards', 'GetRecords']) refuse(action, 'AccessDeniedException')
  const { exitCode, stdout } = await check()
  expect(stdout).toMatch(/failed +stream changes: ListShards +\[AWS_ACCESS_DENIED\] Not allowed: kinesis:ListShards/)
  expect(stdout).toMatch(/failed +stream changes: GetRecords +\[AWS_ACCESS_DENIED\] Not allowed: kinesis:GetRecords/)
  expect(exitCode).toBe(1)
})

it('names a key that cannot be used, and a stream that is not there or is about to go', async () => {
  refuse('GetRecords', 'KMSAccessDeniedException')
  expect((await check()).stdout).toMatch(/failed +stream changes: GetRecords +\[AWS_KEY_UNUSABLE\]/)
  kinesis.stream(stream).status = 'DELETING'
  expect((await check()).stdout).toMatch(
    /failed +stream changes +\[STREAM_NOT_ACTIVE\] stream changes is being deleted/,
  )
  kinesis.stream(stream).status = 'CREATING'
  expect((await check()).stdout).toMatch(/failed +stream changes +\[STREAM_NOT_ACTIVE\]/)
  kinesis.deleteStream(stream)
  const { exitCode, stdout } = await check()
  expect(stdout).toMatch(
    /failed +stream changes +\[TABLE_NOT_FOUND\] There is no Kinesis stream changes in eu-central-1/,
  )
  expect(exitCode).toBe(2)
  const run = await shop.cli.run('run', shop.file())
  expect(run.exitCode).toBe(2)
  expect(run.stderr).toMatch(/not started[\s\S]*TABLE_NOT_FOUND/)
})

it('does not ask AWS about a stream on this machine', async () => {
  const { exitCode, stdout } = await shop.cli.run(
    'check',
    shop.file('source.tables: [orders]\nsource.kinesis.keys: ["orders:id"]'),
  )
  expect(stdout).toMatch(/ok +stream changes/)
  expect(stdout).not.toMatch(/destination/)
  expect(exitCode).toBe(0)
})

it('a stream that spreads keys is refused, unless nobody asks for order; switched live it stops', async () => {
  const file = shop.file(`source.kinesis.keys: ["orders:id"]`)
  await shop.fill(0, 3)
  const worker = shop.cli.start(['run', file])
  await shop.delivered(3)
  kinesis.stream(stream).distribution = 'AUTO'
  // Each reader looks twice a minute.
  await systemClock.sleep(15_000)
  await worker.printed(/table changes stopped: .*AUTO/)
  await worker.interrupt()
  const { stdout } = await shop.cli.run('check', file)
  expect(stdout).toMatch(/failed +stream changes +\[DISTRIBUTION_AUTO\]/)
  expect((await shop.cli.run('run', file)).exitCode).toBe(2)
  const status = await shop.cli.run('status', file)
  expect(status.stdout).toMatch(/changes +stopped \(DISTRIBUTION_AUTO\)/)
  const relaxed = shop.file('source.kinesis.repair: off\nepoch: 2')
  expect((await shop.cli.run('check', relaxed)).stdout).toMatch(/warning +stream changes .*are delivered in no order/)
  await shop.fill(3, 3)
  expect(await shop.runUntil(6, relaxed)).toBe(0)
}, 120_000)

it('a topic that cannot be had is found before the first change', async () => {
  const topic = `foreign-${randomUUID()}`
  const more = `source.tables: [orders]\nsource.kinesis.foreign: pass\nsource.kinesis.foreign.topic: ${topic}\ntopic.create: false`
  const { exitCode, stdout } = await check(more)
  expect(stdout).toMatch(/failed +topic kinesis-\w+\.orders +\[TOPIC_MISSING\]/)
  expect(stdout).toMatch(new RegExp(`failed +topic ${topic} +\\[TOPIC_MISSING\\]`))
  expect(exitCode).not.toBe(0)
})
