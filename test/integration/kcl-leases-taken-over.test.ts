import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { createLeaseTable } from '../servers/lease-table.ts'
import type { LeaseTable, StreamPlace } from '../servers/lease-table.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText, outputOf, readOutput } from '../servers/pipeline-under-test.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')

let stack: AsyncDisposableStack
let cli: CliUnderTest
let table: LocalTable
let leases: LeaseTable
let [pipeline, old, topic] = ['', '', '']

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  cli = stack.use(openCli())
  table = stack.use(await createLocalTable(endpoint))
  leases = stack.use(await createLeaseTable(endpoint, { name: `datalake-KCL-${table.name}`, tableName: table.name }))
  const name = `leases-${randomUUID().slice(0, 8)}`
  topic = `${name}.${table.name}`
  pipeline = cli.file(
    'pipeline.yaml',
    configText({
      pipeline: name,
      endpoint,
      bootstrapServers,
      tables: [table.name],
      more: 'http.listen: off\npoll.idle.max.ms: 200',
    }),
  )
  const connector = {
    name: 'lake',
    'connector.class': 'com.trustpilot.connector.dynamodb.DynamoDBSourceConnector',
    'dynamodb.table.whitelist': table.name,
  }
  old = cli.file('lake.json', JSON.stringify(connector))
})
afterEach(() => stack.disposeAsync())

/** Puts items and gives the place of each change of the stream. */
async function fill(count: number): Promise<readonly StreamPlace[]> {
  for (let i = 0; i < count; i++) await table.put({ id: { S: `i${i}` }, n: { N: String(i) } })
  return leases.changes()
}

const migrate = (): ReturnType<CliUnderTest['json']> =>
  cli.json('migrate', '--from', 'trustpilot', old, '--leases', '--into', pipeline, '--yes')

async function runUntil(changes: number): Promise<readonly string[]> {
  const worker = cli.start(['run', pipeline])
  await outputOf(bootstrapServers, topic, changes)
  // Whatever should not come has had its time.
  await systemClock.sleep(1500)
  await worker.interrupt()
  return (await readOutput(bootstrapServers, topic)).map(({ sequenceNumber }) => sequenceNumber)
}

it('a pipeline goes on behind the last checkpoint of every shard: nothing twice, nothing left out', async () => {
  const places = await fill(30)
  const shards = Map.groupBy(places, ({ shardId }) => shardId)
  for (const [shardId, of] of shards)
    await leases.checkpoint(shardId, of[Math.floor(of.length / 2)]?.sequenceNumber ?? '')
  const left = [...shards.values()].flatMap((of) => of.slice(Math.floor(of.length / 2) + 1))
  expect(left.length).toBeGreaterThan(5)
  const taken = await migrate()
  expect(taken).toMatchObject({
    exitCode: 0,
    result: { tables: [{ table: table.name, leaseTable: `datalake-KCL-${table.name}`, lost: [] }], withoutLeases: [] },
  })
  const wanted = left.map(({ sequenceNumber }) => sequenceNumber).toSorted()
  expect((await runUntil(left.length)).toSorted()).toEqual(wanted)
  // What comes later is read by the same pipeline, and positions cannot be taken over any more.
  await table.put({ id: { S: 'later' }, n: { N: '1' } })
  expect(await runUntil(left.length + 1)).toHaveLength(left.length + 1)
  expect(await migrate()).toMatchObject({ exitCode: 2, result: { error: { code: 'PIPELINE_STARTED' } } })
})

it('may be repeated before the first start, also with another configuration then', async () => {
  const places = await fill(6)
  const shardId = places[0]?.shardId ?? ''
  const of = places.filter((place) => place.shardId === shardId)
  await leases.checkpoint(shardId, 'SHARD_END')
  expect(await migrate()).toMatchObject({
    exitCode: 0,
    result: { tables: [{ loaded: false, shards: [{ becomes: 'end' }] }] },
  })
  await leases.checkpoint(shardId, of.at(1)?.sequenceNumber ?? '')
  expect(await migrate()).toMatchObject({
    exitCode: 0,
    result: { tables: [{ loaded: true, shards: [{ becomes: 'open' }] }] },
  })
  cli.file(
    'pipeline.yaml',
    configText({
      pipeline: topic.slice(0, topic.indexOf('.')),
      endpoint,
      bootstrapServers,
      tables: [table.name],
      // Items count as delivered: no first snapshot is taken.
      more: 'http.listen: off\npoll.idle.max.ms: 200\nformat.tombstones.on.delete: false\nsnapshot.mode: when_needed',
    }),
  )
  const left = places.slice(2).map(({ sequenceNumber }) => sequenceNumber)
  expect((await runUntil(left.length)).toSorted()).toEqual(left)
})

it('is refused while the old connector renews its leases, and where there are none', async () => {
  expect(await migrate()).toMatchObject({ exitCode: 2, result: { error: { code: 'LEASES_UNUSABLE' } } })
  const [first] = await fill(1)
  await leases.checkpoint(first?.shardId ?? '', 'TRIM_HORIZON')
  const running = migrate()
  const stopped = new AbortController()
  const renewing = (async () => {
    while (!stopped.signal.aborted) {
      await leases.renew()
      await systemClock.sleep(3000)
    }
  })()
  expect(await running).toMatchObject({ exitCode: 2, result: { error: { code: 'LEASES_MOVING' } } })
  stopped.abort()
  await renewing
})
