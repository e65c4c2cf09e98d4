import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Clock } from '../../src/async/clock.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createKinesisStream } from '../servers/kinesis-commands.ts'
import { insertOf, openKinesisShop } from '../servers/kinesis-shop.ts'
import type { KinesisShop } from '../servers/kinesis-shop.ts'
import { startKinesisSimulator } from '../servers/kinesis-simulator/kinesis-simulator.ts'
import { connectToKinesis, startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'
import { readRecords } from '../servers/pipeline-under-test.ts'

const { bootstrapServers } = inject('kafka')
const keys = 'source.kinesis.keys: ["orders:id"]'
const identity = 'source.access.key.id: "123456789012"\nsource.secret.access.key: local'
const hourMs = 3_600_000
let stack: AsyncDisposableStack

beforeEach(() => {
  stack = new AsyncDisposableStack()
})
afterEach(() => stack.disposeAsync())

interface WireChange {
  readonly [name: string]: unknown
  readonly dynamodb: Record<string, unknown>
}
const wireOf = (id: string, atMs?: number): WireChange =>
  JSON.parse(insertOf({ table: 'orders', id, ...(atMs === undefined ? {} : { atMs }) }).data.toString()) as WireChange

/** Runs a worker until its log says that the stream stopped, and what the ledger then says. */
async function untilStopped(shop: KinesisShop, file: string, code: string): Promise<string> {
  const worker = shop.cli.start(['run', file])
  const [line] = await worker.printed(/"message":"table [^"]+ stopped: .*/)
  await worker.interrupt()
  expect((await shop.cli.run('status', file)).stdout).toContain(`stopped (${code})`)
  return line
}

describe('on a local Kinesis', () => {
  const stream = 'changes'
  let kinesis: KinesisUnderTest
  let shop: KinesisShop
  let file: string

  beforeEach(async () => {
    kinesis = stack.use(await startKinesisUnderTest())
    await createKinesisStream(kinesis.api, stream)
    const { api, endpoint } = kinesis
    shop = stack.use(openKinesisShop({ bootstrapServers, endpoint, api, stream }))
    file = shop.file(`${identity}\n${keys}`)
  })

  it('a stream that does not exist is refused before anything is written', async () => {
    const wrong = shop.cli.file(
      'wrong.yaml',
      [
        `pipeline: ${shop.pipeline}`,
        'source.type: kinesis',
        'source.region: eu-central-1',
        'source.kinesis.stream: nowhere',
        `source.kinesis.endpoint: ${kinesis.endpoint}`,
        `kafka.bootstrap.servers: ${bootstrapServers}`,
        identity,
      ].join('\n'),
    )
    const { exitCode, stderr } = await shop.cli.run('run', wrong)
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/not started[\s\S]*\[TABLE_NOT_FOUND\][^\n]*There is no Kinesis stream nowhere/)
    const blind = shop.cli.start(['run', '--no-check', wrong])
    await blind.printed(/TABLE_NOT_FOUND|no Kinesis stream nowhere/)
    await blind.interrupt()
    expect((await readRecords(bootstrapServers, `${shop.pipeline}.orders`)).length).toBe(0)
  })

  it.each([
    ['a word for a time', { ApproximateCreationDateTime: 'yesterday' }],
    ['a unit that is not known', { ApproximateCreationDateTimePrecision: 'NANOSECOND' }],
    ['no keys', { Keys: null }],
    ['keys that are none', { Keys: { id: { L: [] } } }],
    ['an image that is none', { NewImage: 'all of it' }],
    ['a type that is none', { NewImage: { id: { S: 'bad' }, n: { Q: '1' } } }],
    ['a binary that is encoded once', { NewImage: { id: { S: 'bad' }, b: { B: '_not base64_' } } }],
  ])(
    'a change with %s stops the stream in front of it, and becomes a letter where that is allowed',
    async (_, damage) => {
      const bad = wireOf('bad')
      await shop.fill(0, 2)
      await shop.put(JSON.stringify({ ...bad, dynamodb: { ...bad.dynamodb, ...damage } }))
      await shop.fill(2, 2)
      await untilStopped(shop, file, 'RECORD_UNREADABLE')
      const tolerant = shop.file(`${identity}\n${keys}\nerrors.tolerance: all\nepoch: 2`)
      expect(await shop.runUntil(4, tolerant)).toBe(0)
      const { result } = await shop.cli.json('dlq', 'ls', tolerant)
      expect(result).toMatchObject({ open: 1, groups: [{ code: 'RECORD_UNREADABLE' }] })
      const ids = (await readRecords(bootstrapServers, shop.topic)).map(({ key }) => key?.toString() ?? '')
      expect(ids.filter((text) => text.includes('bad'))).toEqual([])
      expect(new Set(ids).size).toBe(4)
    },
  )

  it('bytes that are no change stop the stream, whatever they begin with', async () => {
    for (const data of ['{"eventSource":', '[]', '{"eventSource":"aws:s3"}']) {
      await shop.put(data)
      const line = await untilStopped(shop, file, 'RECORD_FOREIGN')
      expect(line).not.toContain('aws:s3')
      await shop.cli.run('delete', file, '--yes')
    }
  })

  it('times of creation that are wrong flag a change as late, and lose none', async () => {
    const now = systemClock.now()
    const put = async (id: string, atMs: number): Promise<void> => {
      const { partitionKey, data } = insertOf({ table: 'orders', id, atMs })
      await shop.put(data, partitionKey)
    }
    await put('now', now)
    await put('ahead', now + 48 * hourMs)
    await put('behind', now - 48 * hourMs)
    await put('epoch', 0)
    await put('again', now)
    expect(await shop.runUntil(5, file)).toBe(0)
    const records = await readRecords(bootstrapServers, shop.topic)
    const late = records.filter(({ headers }) => headers['tailrace.late'] === 'true')
    expect(late.map(({ key }) => /(?:behind|epoch|ahead|now|again)/.exec(String(key))?.[0] ?? '').toSorted()).toEqual([
      'behind',
      'epoch',
    ])
  })
})

describe('on a simulated Kinesis', () => {
  /** Real time, and what a test adds to it. */
  const ahead: Clock & { addedMs: number } = {
    addedMs: 0,
    now: () => systemClock.now() + ahead.addedMs,
    monotonic: () => systemClock.monotonic(),
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
  }

  it('a position that the retention has passed stops the stream instead of skipping what was trimmed', async () => {
    ahead.addedMs = -40 * hourMs
    const kinesis = stack.use(await startKinesisSimulator({ clock: ahead }))
    const stream = kinesis.createStream({ name: 'changes', shards: 1 })
    stream.retentionMs = 48 * hourMs
    const api = stack.use(connectToKinesis(kinesis.endpoint))
    const shop = stack.use(openKinesisShop({ bootstrapServers, endpoint: kinesis.endpoint, api, stream: 'changes' }))
    const file = shop.file(keys)
    await shop.fill(0, 5)
    ahead.addedMs = -30 * hourMs
    await shop.fill(5, 5)
    ahead.addedMs = 0
    await shop.fill(10, 5)
    // As if a worker had read the first changes forty hours ago: positions of unknown age.
    await shop.runUntil(15, file)
    const shown = await shop.cli.json('status', file)
    expect(shown.result).toMatchObject({ tables: [{ topic: null }] })
    const first = stream.shard('shardId-000000000000')
    const after = first.records[3]?.sequenceNumber ?? ''
    const at = ['--table', 'changes', '--shard', 'shardId-000000000000', '--after', after, '--yes'] as const
    expect((await shop.cli.run('offsets', 'set', file, ...at)).exitCode).toBe(0)
    stream.retentionMs = 24 * hourMs
    await untilStopped(shop, file, 'STREAM_GAP')
    const before = (await shop.delivered(15)).length
    // Who decides that what is left will do gets just that.
    await shop.cli.run('offsets', 'reset', file, '--table', 'changes', '--yes')
    await shop.runUntil(before + 5, file)
  })

  it('what the stream keeps for longer counts for what is left of the time', async () => {
    const kinesis = stack.use(await startKinesisSimulator())
    const stream = kinesis.createStream({ name: 'changes', shards: 1 })
    stream.retentionMs = 168 * hourMs
    const api = stack.use(connectToKinesis(kinesis.endpoint))
    const shop = stack.use(openKinesisShop({ bootstrapServers, endpoint: kinesis.endpoint, api, stream: 'changes' }))
    const file = shop.file(keys)
    await shop.fill(0, 2)
    await shop.runUntil(2, file)
    const headroom = async (): Promise<number> => {
      const { result } = await shop.cli.json('status', file)
      return (result as { tables: readonly { headroomMs: number }[] }).tables[0]?.headroomMs ?? 0
    }
    expect(await headroom()).toBeGreaterThan(167 * hourMs)
    stream.retentionMs = 48 * hourMs
    await shop.fill(2, 2)
    await shop.runUntil(4, file)
    const left = await headroom()
    expect(left).toBeGreaterThan(47 * hourMs)
    expect(left).toBeLessThanOrEqual(48 * hourMs)
  })

  it('a start at a number that no record has is told as what it is', async () => {
    const kinesis = stack.use(await startKinesisSimulator())
    kinesis.createStream({ name: 'changes', shards: 1 })
    const api = stack.use(connectToKinesis(kinesis.endpoint))
    const shop = stack.use(openKinesisShop({ bootstrapServers, endpoint: kinesis.endpoint, api, stream: 'changes' }))
    await shop.fill(0, 2)
    const file = shop.file(
      `${keys}\nsource.start: AFTER_SEQUENCE_NUMBER\nsource.kinesis.start.positions: ["shardId-000000000000:1"]`,
    )
    expect(await untilStopped(shop, file, 'POSITION_REFUSED')).toContain('shardId-000000000000')
  })
})
