import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import { createManualClock } from './manual-clock.ts'
import type { ManualClock } from './manual-clock.ts'
import { readLineage } from './read-lineage.ts'
import { connectTo, member, sequenceNumbers, sourceOver } from './simulator-client.ts'
import { startStreamSimulator } from './stream-simulator.ts'
import type { StreamSimulator } from './stream-simulator.ts'

const never = new AbortController().signal
const keySchema = [{ name: 'id', type: 'S' }] as const

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

it('routes an item to one open shard at a time, and gives children greater numbers than their parents', () => {
  const table = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE', openShards: 3 })
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 50; i++) table.put({ id: { S: `item-${i}` }, round: { N: `${round}` } })
    const open = table.stream.openShards()
    if (round % 2 === 0) table.stream.rotate(open[round % open.length]?.shardId ?? '')
    else table.stream.split(open[round % open.length]?.shardId ?? '')
  }
  for (const shard of table.stream.shards) {
    const numbers = [shard.startingSequenceNumber, ...shard.records.map((record) => record.sequenceNumber)]
    expect(numbers.toSorted(compareSequenceNumbers)).toEqual(numbers)
    const parent = table.stream.shards.find((candidate) => candidate.shardId === shard.parentShardId)
    if (parent !== undefined)
      expect(compareSequenceNumbers(parent.endingSequenceNumber ?? '', shard.startingSequenceNumber)).toBeLessThan(0)
  }
  for (let i = 0; i < 50; i++) {
    const writes = simulator.ledger.filter((entry) => entry.key === JSON.stringify({ S: `item-${i}` }))
    expect(writes.map((entry) => entry.version)).toEqual(Array.from({ length: 20 }, (_, version) => version + 1))
    const shards = writes.map((entry) => entry.shardId)
    expect(shards).toEqual([...new Set(shards)].flatMap((id) => shards.filter((shard) => shard === id)))
  }
})

it('keeps a ledger that equals what its streams give', async () => {
  const table = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES', openShards: 4 })
  for (let i = 0; i < 20_000; i++) {
    if (i % 7 === 6) table.delete({ id: { S: `item-${i % 500}` } })
    else table.put({ id: { S: `item-${i % 500}` }, n: { N: `${i}` }, pad: { S: 'x'.repeat(200) } })
    if (i % 2_000 === 1_999) table.stream.split(table.stream.openShards()[0]?.shardId ?? '')
  }
  table.disableStream()
  const { source } = sourceOver(api, clock)
  const read = sequenceNumbers(await readLineage(source, table.stream.arn, never))
  expect(read.toSorted(compareSequenceNumbers)).toEqual(simulator.ledger.map((entry) => entry.sequenceNumber))
})

it('writes nothing for a change that changes nothing', () => {
  const table = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
  expect(table.put({ id: { S: 'a' }, set: { SS: ['x', 'y'] } })).toMatchObject({ operation: 'INSERT', version: 1 })
  expect(table.put({ set: { SS: ['y', 'x'] }, id: { S: 'a' } })).toBeUndefined()
  expect(table.delete({ id: { S: 'b' } })).toBeUndefined()
  expect(table.update({ id: { S: 'a' } }, { n: { N: '1' } }, ['set'])).toMatchObject({
    operation: 'MODIFY',
    version: 2,
  })
  expect(table.delete({ id: { S: 'a' } })).toMatchObject({ operation: 'REMOVE', version: 3 })
  expect(simulator.ledger).toHaveLength(3)
})

it('marks a time-to-live delete as DynamoDB does', async () => {
  const table = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
  table.put({ id: { S: 'a' } })
  table.delete({ id: { S: 'a' } }, { asTimeToLive: true })
  table.disableStream()
  const { source } = sourceOver(api, clock)
  const [, removed] = await readLineage(source, table.stream.arn, never)
  expect(member(removed, 'userIdentity')).toEqual({ type: 'Service', principalId: 'dynamodb.amazonaws.com' })
})

it('scans by pages and segments, each item once', async () => {
  const table = simulator.createTable({ name: 'orders', keySchema })
  for (let i = 0; i < 1_000; i++) table.put({ id: { S: `item-${i}` } })
  const ids: string[] = []
  for (let segment = 0; segment < 3; segment++) {
    for (let start: unknown; ;) {
      const body = {
        TableName: 'orders',
        Segment: segment,
        TotalSegments: 3,
        Limit: 37,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }
      const page = await api.call({ service: 'dynamodb', action: 'Scan', body }, never)
      ids.push(...[member(page, 'Items')].flat().map((item) => JSON.stringify(item)))
      start = member(page, 'LastEvaluatedKey')
      if (start === undefined) break
    }
  }
  expect(ids).toHaveLength(1_000)
  expect(new Set(ids).size).toBe(1_000)
})

it('refuses requests without a signature', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', unsigned, simulator.endpoint])
  expect(stdout).toContain('400')
  expect(stdout).toContain('MissingAuthenticationTokenException')
})

/** Also shows that another process reaches the simulator. */
const unsigned = `
const request = require('node:http').request(process.argv[1], { method: 'POST', headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' } }, (response) => {
  console.log(response.statusCode)
  response.pipe(process.stdout)
})
request.end('{}')
`
