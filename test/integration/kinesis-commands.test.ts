import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { createKinesisStream } from '../servers/kinesis-commands.ts'
import { insertOf, openKinesisShop } from '../servers/kinesis-shop.ts'
import type { KinesisShop } from '../servers/kinesis-shop.ts'
import { startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'
import { readRecords } from '../servers/pipeline-under-test.ts'
import { startReplicationDouble } from '../servers/replication-double.ts'

const { bootstrapServers } = inject('kafka')
const keys = 'source.kinesis.keys: ["orders:id"]'
let kinesis: KinesisUnderTest
let [stream, shop] = [] as unknown as [string, KinesisShop]

beforeAll(async () => {
  kinesis = await startKinesisUnderTest()
})
afterAll(() => kinesis[Symbol.asyncDispose]())
beforeEach(async () => {
  stream = `changes-${randomUUID().slice(0, 8)}`
  await createKinesisStream(kinesis.api, stream)
  const { api, endpoint } = kinesis
  // The access key is the account, as kinesis-local has it.
  shop = openKinesisShop({ bootstrapServers, endpoint, api, stream })
})
afterEach(() => shop[Symbol.asyncDispose]())

const identity = 'source.access.key.id: "123456789012"\nsource.secret.access.key: local'
const fileWith = (more = ''): string => shop.file(`${identity}\n${keys}\n${more}`)

describe('commands of a pipeline that reads a Kinesis stream', () => {
  it('show the stream, its shards and its positions', async () => {
    const file = fileWith()
    const places = await shop.fill(0, 5)
    expect((await shop.cli.run('check', file)).exitCode).toBe(0)
    expect(await shop.runUntil(5, file)).toBe(0)
    const last = places.at(-1)?.sequenceNumber ?? ''

    const status = await shop.cli.json('status', file)
    expect(status.result).toMatchObject({
      tables: [{ table: stream, topic: null, status: 'streaming', shards: { open: 1 } }],
    })
    const text = (await shop.cli.run('status', file)).stdout
    expect(text).toMatch(new RegExp(`${stream} +streaming +\\(of each table\\) +1 `))
    expect(text).toMatch(/≥ 23 h 5\d min|≥ 1 d/)
    const { stdout: shards } = await shop.cli.run('shards', file)
    expect(shards).toContain(`${stream}  arn:aws:kinesis:eu-central-1:123456789012:stream/${stream}/`)
    expect(shards).toMatch(new RegExp(`shardId-000000000000 .* open .* ${last}`))
    const offsets = await shop.cli.json('offsets', 'show', file)
    expect(offsets.result).toMatchObject({ shards: [{ table: stream, shard: 'shardId-000000000000', after: last }] })
  })

  it('move a shard, and deliver what lies behind again', async () => {
    const file = fileWith()
    const places = await shop.fill(0, 5)
    await shop.runUntil(5, file)
    const { sequenceNumber } = places[2] ?? { sequenceNumber: '' }
    const at = ['--table', stream, '--shard', 'shardId-000000000000'] as const
    const set = await shop.cli.run('offsets', 'set', file, ...at, '--after', sequenceNumber, '--yes')
    expect(set.stderr).toMatch(/changes behind \d+ up to \d+ will be repeated/)
    expect(set.stdout).toContain(`changed 1 shard of stream ${stream}`)
    await shop.runUntil(7, file)
    const repeated = (await shop.delivered(7)).map(({ key }) => JSON.stringify(key))
    expect(repeated.filter((key) => key.includes('i3') || key.includes('i4'))).toHaveLength(4)
    const reset = await shop.cli.run('offsets', 'reset', file, '--table', stream, '--yes')
    expect(reset.stderr).toContain(`All that Kinesis still has of stream ${stream} (up to 24 hours)`)
    await shop.runUntil(12, file)
    const { exitCode, stderr } = await shop.cli.run('snapshot', 'start', file, stream)
    expect(stderr).toContain(`${stream} is a Kinesis stream: snapshots are made of tables`)
    expect(exitCode).toBe(2)
  })

  it('tail and name the topics of the tables that were met', async () => {
    const foreign = `foreign-${shop.pipeline}`
    const file = fileWith(
      `source.kinesis.foreign: pass\nsource.kinesis.foreign.topic: ${foreign}\nfilter.exclude.tables: [stock]`,
    )
    await shop.fill(0, 2)
    await shop.fill(0, 2, 'lines')
    await shop.fill(0, 2, 'stock')
    await shop.put('a letter to nobody')
    await shop.fill(2, 1)
    await shop.runUntil(3, file)
    const tail = async (...args: readonly string[]): Promise<readonly { topic: string }[]> => {
      const { stdout } = await shop.cli.run('tail', file, '--from', 'beginning', '--no-follow', '--json', ...args)
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { topic: string })
    }
    const topics = (await tail()).map(({ topic }) => topic)
    const [orders, lines] = [`${shop.pipeline}.orders`, `${shop.pipeline}.lines`]
    expect(new Set(topics)).toEqual(new Set([orders, lines, foreign]))
    expect(new Set((await tail('--table', 'lines')).map(({ topic }) => topic))).toEqual(new Set([lines]))
    const deleted = await shop.cli.json('delete', file, '--yes')
    expect(deleted.exitCode).toBe(0)
    expect(deleted.result).toMatchObject({ outputTopics: [lines, orders, foreign].toSorted() })
  })
})

describe('dead letters out of a Kinesis stream', () => {
  const policy = 'source.kinesis.foreign: dead-letter\nerrors.tolerance: all\nsource.kinesis.late: dead-letter'
  const letters = async (file: string, ...args: readonly string[]) => {
    const { result } = await shop.cli.json('dlq', 'ls', file, '--each', ...args)
    return (result as { letters: readonly { id: string; table: string; code: string }[] }).letters
  }
  const replay = async (file: string, ...args: readonly string[]) => {
    const { result, exitCode } = await shop.cli.json('dlq', 'replay', file, ...args)
    return { exitCode, result: result as Readonly<Record<string, unknown>> }
  }

  it('of foreign records are delivered once there is a topic for them, and named until then', async () => {
    const file = fileWith(policy)
    await shop.put('no change at all', 'p-1')
    await shop.put(Buffer.from([0, 255, 1]), 'p-2')
    await shop.fill(0, 1)
    await shop.runUntil(1, file)
    const found = await letters(file)
    expect(found.map(({ table, code }) => [table, code])).toEqual([
      [stream, 'RECORD_FOREIGN'],
      [stream, 'RECORD_FOREIGN'],
    ])
    const shown = await Promise.all(found.map(({ id }) => shop.cli.run('dlq', 'show', file, id)))
    const texts = shown.map(({ stdout }) => stdout).join()
    expect(texts).toContain(Buffer.from('no change at all').toString('base64'))
    expect(texts).toContain('AP8B')
    const refused = await replay(file)
    expect(refused.exitCode).toBe(1)
    expect(refused.result).toMatchObject({ failed: 2, letters: [{ refusal: 'RECORD_FOREIGN' }, {}] })
    const foreign = `foreign-${shop.pipeline}`
    const mended = fileWith(
      `errors.tolerance: all\nsource.kinesis.foreign: pass\nsource.kinesis.foreign.topic: ${foreign}\nepoch: 2`,
    )
    expect((await replay(mended)).result).toMatchObject({ written: 2, failed: 0 })
    // A transaction is answered before its markers are written.
    const delivered = async (): Promise<readonly string[]> =>
      (await readRecords(bootstrapServers, foreign))
        .map(({ key, value }) => `${key?.toString()} ${value?.toString('hex')}`)
        .toSorted()
    const both = [`p-1 ${Buffer.from('no change at all').toString('hex')}`, 'p-2 00ff01']
    await expect.poll(delivered, { timeout: 20_000 }).toEqual(both)
    expect(await letters(mended)).toEqual([])
  })

  it('of late changes are delivered where nothing newer is, and behind newer ones only by force', async () => {
    const file = fileWith(policy)
    const now = systemClock.now()
    const put = ({ partitionKey, data }: ReturnType<typeof insertOf>) => shop.put(data, partitionKey)
    await put(insertOf({ table: 'orders', id: 'a', atMs: now }))
    await put(insertOf({ table: 'orders', id: 'a', atMs: now - 600_000 }))
    await put(insertOf({ table: 'orders', id: 'b', atMs: now - 600_000 }))
    await put(insertOf({ table: 'orders', id: 'c', atMs: now }))
    await shop.runUntil(2, file)
    const found = await letters(file)
    expect(found.map(({ table, code }) => [table, code])).toEqual([
      ['orders', 'CHANGE_LATE'],
      ['orders', 'CHANGE_LATE'],
    ])
    const first = await replay(file)
    expect(first.result).toMatchObject({ written: 1, superseded: 1 })
    const forced = await replay(file, '--force', '--yes')
    expect(forced.result).toMatchObject({ written: 1, superseded: 0 })
    const { length } = (await readRecords(bootstrapServers, shop.topic)).filter(({ value }) => value !== null)
    expect(length).toBe(4)
    expect(await letters(file)).toEqual([])
  })

  it('of unreadable changes stay what they are', async () => {
    const file = fileWith(policy)
    const { data, partitionKey } = insertOf({ table: 'orders', id: 'x' })
    const damaged = JSON.parse(data.toString()) as { dynamodb: Record<string, unknown> }
    damaged.dynamodb['ApproximateCreationDateTime'] = 'yesterday'
    await shop.put(JSON.stringify(damaged), partitionKey)
    await shop.fill(0, 1)
    await shop.runUntil(1, file)
    expect((await letters(file)).map(({ code }) => code)).toEqual(['RECORD_UNREADABLE'])
    expect((await replay(file)).result).toMatchObject({ failed: 1, letters: [{ refusal: 'RECORD_UNREADABLE' }] })
  })

  it('of tables with two keys are delivered when the order of the keys can be told', async () => {
    await using dynamodb = await startReplicationDouble()
    const file = fileWith(`${policy}\nsource.endpoint: ${dynamodb.endpoint}`)
    const record = JSON.parse(insertOf({ table: 'pairs', id: 'x' }).data.toString()) as {
      dynamodb: Record<string, Record<string, unknown>>
    }
    const { dynamodb: change } = record
    for (const image of ['Keys', 'NewImage']) change[image] = { ...change[image], sort: { N: '1' } }
    change['NewImage'] = { ...change['NewImage'], n: { N: 'not a number' } }
    await shop.put(JSON.stringify(record))
    await shop.fill(0, 1)
    dynamodb.tables.set('pairs', { keys: ['sort', 'id'] })
    await shop.runUntil(1, file)
    expect((await letters(file)).map(({ table }) => table)).toEqual(['pairs'])
    const { result } = await replay(file)
    expect(result).toMatchObject({ failed: 1, letters: [{ table: 'pairs' }] })
    expect(JSON.stringify(result)).not.toContain('TABLE_KEYS_UNKNOWN')
  })
})
