import { randomUUID } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { createKinesisStream } from '../servers/kinesis-commands.ts'
import { openKinesisShop } from '../servers/kinesis-shop.ts'
import { startKinesisUnderTest } from '../servers/local-kinesis.ts'
import { configText, outputOf, readOutput } from '../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const { bootstrapServers } = inject('kafka')
let admin: Admin

beforeAll(() => {
  admin = new Admin({ clientId: 'changed-topics', bootstrapBrokers: [bootstrapServers] })
})
afterAll(() => admin.close())

const count = async (topic: string): Promise<number> => (await readOutput(bootstrapServers, topic)).length

async function morePartitions(topic: string, partitions: number): Promise<void> {
  await admin.createPartitions({ topics: [{ name: topic, count: partitions }] })
  await expect.poll(() => partitionsOf(topic)).toBe(partitions)
}

async function partitionsOf(topic: string): Promise<number | undefined> {
  const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
  return topics.get(topic)?.partitionsCount
}

describe('the topic of a table in a Kinesis stream', { timeout: 120_000 }, () => {
  it('that has got more partitions between two runs stops the stream by name, until it is accepted', async () => {
    await using kinesis = await startKinesisUnderTest()
    const stream = `changes-${randomUUID().slice(0, 8)}`
    await createKinesisStream(kinesis.api, stream)
    await using shop = openKinesisShop({ bootstrapServers, endpoint: kinesis.endpoint, api: kinesis.api, stream })
    const file = shop.file(
      'source.access.key.id: "123456789012"\nsource.secret.access.key: local\nsource.kinesis.keys: ["orders:id"]',
    )
    const { cli, topic } = shop
    await shop.fill(0, 20)
    expect(await shop.runUntil(20, file)).toBe(0)
    expect(await cli.run('topics', 'show', file)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(new RegExp(`${topic} +${stream} +2 +2 +same`)),
    })

    await morePartitions(topic, 5)
    await shop.fill(20, 20)
    const check = await cli.run('check', file)
    expect(check).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('[OUTPUT_TOPIC_CHANGED]') })
    const worker = cli.start(['run', file])
    await worker.printed(/had 2 partitions and has 5 now/)
    await expect
      .poll(async () => (await cli.run('status', file)).stdout, { timeout: 20_000 })
      .toContain('stopped (OUTPUT_TOPIC_CHANGED)')
    const early = await cli.run('topics', 'accept', file, '--topic', topic, '--yes')
    expect(early.stderr).toContain('[PIPELINE_ACTIVE]')
    await worker.interrupt()
    expect(await count(topic)).toBe(20)
    expect((await cli.json('topics', 'show', file)).result).toMatchObject({
      topics: [{ topic, table: stream, partitions: 2, partitionsNow: 5, state: 'partitions-changed' }],
    })

    const accepted = await cli.run('topics', 'accept', file, '--topic', topic, '--yes')
    expect(accepted.stderr).toContain('2 partitions become 5')
    expect(accepted).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('accepted with 5 partitions') })
    expect(await shop.runUntil(40, file)).toBe(0)
    const ids = (await readOutput(bootstrapServers, topic)).map(({ key }) => (key as { id: string }).id)
    expect(new Set(ids).size).toBe(40)
    expect(ids).toHaveLength(40)
    expect((await cli.run('check', file)).exitCode).toBe(0)
  })
})

describe('topics of tables', { timeout: 120_000 }, () => {
  let cli: CliUnderTest
  let simulator: StreamSimulator
  let orders: SimulatedTable
  let [pipeline, routed, own, file] = ['', '', '', '']

  beforeEach(async () => {
    cli = openCli()
    simulator = await startStreamSimulator()
    orders = simulator.createTable({
      name: 'orders',
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
    })
    pipeline = `changed-${randomUUID().slice(0, 8)}`
    own = `${pipeline}.orders`
    routed = `${pipeline}.large`
    const more = `http.listen: off
poll.idle.max.ms: 200
route.rules: ["attribute_exists(kind) => {prefix}.{kind}"]
errors.tolerance: all
errors.deadletterqueue.topic.replication.factor: 1
`
    const { endpoint } = simulator
    file = cli.file('pipeline.yaml', configText({ pipeline, endpoint, bootstrapServers, tables: ['orders'], more }))
  })
  afterEach(async () => {
    await simulator.stop()
    cli[Symbol.dispose]()
  })

  const put = (from: number, items: number, kind?: string): void => {
    for (let at = from; at < from + items; at++)
      orders.put({ id: { S: `i${at}` }, ...(kind === undefined ? {} : { kind: { S: kind } }) })
  }
  const runUntil = async (topic: string, records: number): Promise<void> => {
    const worker = cli.start(['run', file])
    await outputOf(bootstrapServers, topic, records)
    await worker.interrupt()
  }
  /** The check in front of a start tells of it already; it is left out, so that what is printed is the worker's own. */
  const runUntilStopped = async (why: RegExp): Promise<void> => {
    const worker = cli.start(['run', file, '--no-check'])
    await worker.printed(/table orders stopped/)
    await worker.interrupt()
    expect((await worker.ended).stderr).toMatch(why)
  }
  const idsIn = async (topic: string): Promise<readonly string[]> =>
    (await readOutput(bootstrapServers, topic)).map(({ key }) => (key as { id: string }).id)

  it('that changes are routed to stop their table when they have got partitions, and nothing is a dead letter', async () => {
    put(0, 10, 'large')
    await runUntil(routed, 10)
    await morePartitions(routed, 4)
    put(10, 1)
    put(11, 10, 'large')
    await runUntilStopped(/OUTPUT_TOPIC_CHANGED.*large.*had 2 partitions and has 4 now/)
    // What is in front of the first record that must not go there is delivered.
    expect(await idsIn(own)).toEqual(['i10'])
    expect(await count(routed)).toBe(10)
    expect(await admin.listTopics()).not.toContain(`${pipeline}.dlq`)
    expect((await cli.json('dlq', 'ls', file)).result).toMatchObject({ open: 0 })
    // It is tried again at each start, and refused again.
    await runUntilStopped(/OUTPUT_TOPIC_CHANGED/)

    expect((await cli.run('topics', 'accept', file, '--topic', 'unknown', '--yes')).exitCode).toBe(2)
    expect((await cli.run('topics', 'accept', file, '--topic', routed, '--yes')).exitCode).toBe(0)
    await runUntil(routed, 20)
    expect((await idsIn(routed)).toSorted()).toEqual(
      Array.from({ length: 21 }, (_, at) => `i${at}`)
        .filter((id) => id !== 'i10')
        .toSorted(),
    )
    const deleted = await cli.json('delete', file, '--yes')
    expect(deleted.result).toMatchObject({ outputTopics: expect.arrayContaining([own, routed]) })
  })

  it('that changes are routed to are not made anew when they are gone, and a reset takes up a new one', async () => {
    put(0, 5, 'large')
    await runUntil(routed, 5)
    await admin.deleteTopics({ topics: [routed] })
    put(5, 5, 'large')
    await runUntilStopped(/OUTPUT_TOPIC_CHANGED.*large.*is gone/)
    expect((await cli.run('topics', 'accept', file, '--topic', routed, '--yes')).stderr).toContain('[TOPIC_MISSING]')
    expect((await cli.run('topics', 'show', file)).stdout).toMatch(/large +orders +2 +- +gone/)
    await admin.createTopics({ topics: [routed], partitions: 2, replicas: 1 })
    await runUntilStopped(/OUTPUT_TOPIC_CHANGED.*large.*was made anew/)
    expect(await count(routed)).toBe(0)
    await cli.run('offsets', 'reset', file, '--table', 'orders', '--yes')
    await runUntil(routed, 10)
    expect(new Set(await idsIn(routed)).size).toBe(10)
  })

  it('of their own are accepted with other partitions, too', async () => {
    put(0, 5)
    await runUntil(own, 5)
    await morePartitions(own, 3)
    put(5, 5)
    const refused = await cli.run('run', file, '--no-check')
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('[TOPIC_PARTITIONS_CHANGED]') })
    expect((await cli.run('topics', 'accept', file, '--topic', own, '--yes')).exitCode).toBe(0)
    await runUntil(own, 10)
    expect((await idsIn(own)).toSorted()).toEqual(Array.from({ length: 10 }, (_, at) => `i${at}`))
  })
})
