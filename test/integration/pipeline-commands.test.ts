import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { openCli } from '../servers/cli-under-test.ts'
import type { RunningCommand } from '../servers/cli-under-test.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { readOutput } from '../servers/pipeline-under-test.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'

const { bootstrapServers } = inject('kafka')
const never = new AbortController().signal

let shop: ShopCommands
let { cli, simulator, orders, pipeline, topic, file } = {} as ShopCommands

beforeEach(async () => {
  shop = await openShop(bootstrapServers)
  ;({ cli, simulator, orders, pipeline, topic, file } = shop)
})
afterEach(() => shop[Symbol.asyncDispose]())

function spawnCli(...args: readonly string[]): ChildProcess {
  const main = path.resolve(import.meta.dirname, '../../src/hosts/cli/main.ts')
  const child = spawn(process.execPath, [main, ...args], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
const topicExists = async (name: string): Promise<boolean> => {
  await using kafka = connectKafka(bootstrapServers)
  return (await kafka.topics([name], never)).has(name)
}

describe('check', () => {
  it('finds nothing wrong before a first start, writes nothing, and says what will be created', async () => {
    shop.fill(0, 3)
    const { exitCode, result } = await cli.json('check', file)
    expect(result).toMatchObject({ ok: true })
    expect(exitCode).toBe(0)
    const text = await cli.run('check', file)
    expect(text.exitCode).toBe(0)
    expect(text.stdout).toMatch(/ok +table orders +NEW_AND_OLD_IMAGES, 2 shards, arn/)
    expect(text.stdout).toMatch(/ok +transactions +V2/)
    expect(text.stdout).toMatch(/\(ledger\) +does not exist; it will be created with 3 partitions/)
    expect(text.stdout).toMatch(/\.orders +does not exist; it will be created with 2 partitions/)
    expect(await topicExists(topic)).toBe(false)
    expect(await topicExists(`tailrace.${pipeline}.ledger`)).toBe(false)
  })

  it('knows a pipeline that has run, and warns of what is unsafe', async () => {
    file = cli.file(
      'pipeline.yaml',
      shop.text('http.listen: 0.0.0.0:0\nhttp.allow.remote: true\ntopic.retention.ms: 3600000'),
    )
    shop.fill(0, 3)
    expect(await shop.runUntil(3)).toBe(0)
    const { exitCode, stdout } = await cli.run('check', file)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/ok +topic \S+ \(ledger\) +3 lanes, epoch 1, 1 table/)
    expect(stdout).toMatch(/warning +http\.listen/)
    expect(stdout).toMatch(/warning +topic \S+\.orders +retention\.ms is 3600000/)
  })
})

describe('run', () => {
  it('serves metrics where its log says, and stops in order with 0', async () => {
    file = cli.file('pipeline.yaml', shop.text('http.listen: 127.0.0.1:0'))
    shop.fill(0, 5)
    const worker = cli.start(['run', file])
    const [, url] = await worker.printed(/"url":"(http:[^"]+)"/)
    await shop.delivered(5)
    const page = await fetch(`${url ?? ''}/metrics`)
    expect(await page.text()).toMatch(/tailrace_changes_read_total\{pipeline="[^"]+",table="orders"\} 5/)
    const { exitCode, stderr, stdout } = await worker.interrupt()
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level')
    expect(stderr).not.toContain('"level":"error"')
  })

  it('comes up when several workers make the first start at the same moment', async () => {
    shop.fill(0, 30)
    const workers = Array.from({ length: 3 }, () => cli.start(['run', file]))
    await Promise.all(workers.map((worker) => worker.printed(/lanes-assigned/)))
    await shop.delivered(30)
    for (const worker of workers) expect(await worker.interrupt()).toMatchObject({ exitCode: 0 })
    expect(await readOutput(bootstrapServers, topic)).toHaveLength(30)
  })

  it('goes on without a table that is gone, once the pipeline has run', async () => {
    shop.newTable('other')
    const two = cli.file('two.yaml', shop.text('http.listen: off').replace('[orders]', '[orders, other]'))
    shop.fill(0, 3)
    expect(await shop.runUntil(3, two)).toBe(0)
    simulator.deleteTable('other')
    shop.fill(3, 3)
    const worker = cli.start(['run', two])
    await shop.delivered(6)
    const { exitCode, stderr } = await worker.interrupt()
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/"level":"warn".*TABLE_NOT_FOUND.*table other: There is no table other/)
  })

  it("finds Kafka by a Connect worker's file, or by the environment", async () => {
    const text = shop.text().replace(/^kafka:\n.*\n/m, '')
    const silent = cli.file('silent.yaml', text)
    const properties = `bootstrap.servers=${bootstrapServers}\ngroup.id=connect-cluster\nrest.port=8083\n`
    const byWorker = cli.start(['run', silent, '--worker', cli.file('worker.properties', properties)])
    shop.fill(0, 3)
    await shop.delivered(3)
    expect(await byWorker.interrupt()).toMatchObject({ exitCode: 0 })
    using other = openCli({ KAFKA_BOOTSTRAP_SERVERS: bootstrapServers })
    const byEnvironment = other.start(['run', other.file('silent.yaml', text)])
    shop.fill(3, 3)
    await shop.delivered(6)
    expect(await byEnvironment.interrupt()).toMatchObject({ exitCode: 0 })
    expect(await cli.run('run', silent)).toMatchObject({ exitCode: 2 })
  })

  it('as a process: SIGTERM ends it in order, and an interruption before it began is 130', async () => {
    shop.fill(0, 3)
    const absolute = path.resolve(cli.folder, file)
    const worker = spawnCli('run', absolute)
    await shop.delivered(3)
    worker.kill('SIGTERM')
    expect(await once(worker, 'exit')).toEqual([0, null])
    expect(await cli.json('status', file)).toMatchObject({ result: { group: { members: [] } } })

    simulator.faults.add({ action: 'DescribeTable', fault: { kind: 'slow', beforeMs: 60_000 } })
    const before = simulator.requests.get('DescribeTable') ?? 0
    const waiting = spawnCli('run', absolute)
    await expect.poll(() => simulator.requests.get('DescribeTable') ?? 0, { timeout: 10_000 }).toBeGreaterThan(before)
    waiting.kill('SIGINT')
    expect(await once(waiting, 'exit')).toEqual([130, null])
  })
})

describe('status and shards', () => {
  it('show workers, tables, lineage and ages; AWS is not asked', async () => {
    expect(await cli.run('status', file)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('[PIPELINE_UNKNOWN]'),
    })
    shop.fill(0, 10)
    const worker = cli.start(['run', file])
    await shop.delivered(10)
    const [first] = orders.stream.openShards()
    orders.stream.split(first?.shardId ?? '')
    shop.fill(10, 10)
    await shop.delivered(20)
    await expect.poll(async () => (await cli.run('shards', file)).stdout, { timeout: 10_000 }).toMatch(/├─ .*└─ /s)
    const asked = simulator.requests.get('DescribeTable')

    const { result } = await cli.json('status', file)
    expect(result).toMatchObject({
      pipeline,
      epoch: 1,
      lanes: 3,
      group: { state: 'Stable', members: [{ partitions: [0, 1, 2] }] },
      tables: [
        {
          table: 'orders',
          topic: topic,
          status: 'streaming',
          code: null,
          shards: { waiting: 0, open: 3, moved: 0, end: 1 },
          newestChangeAgeMs: expect.any(Number),
        },
      ],
    })
    const status = await cli.run('status', file)
    expect(status.stdout).toMatch(/group +Stable, 1 worker/)
    expect(status.stdout).toMatch(/orders +streaming +\S+ +3 +0 +1 +\d+ s ago +≥ 23 h 59 min/)

    const shards = await cli.json('shards', file, '--table', 'orders')
    const [tree] = (
      shards.result as { tables: { shards: { shardId: string; status: string; children: unknown[] }[] }[] }
    ).tables
    const parent = tree?.shards.find(({ shardId }) => shardId === first?.shardId)
    expect(parent).toMatchObject({ status: 'end', children: [{ status: 'open', generation: 0 }, { status: 'open' }] })
    expect(await cli.run('shards', file, '--table', 'nothing')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('it has orders'),
    })
    expect(simulator.requests.get('DescribeTable')).toBe(asked)
    await worker.interrupt()
    expect(await cli.json('status', file)).toMatchObject({ result: { group: { members: [] } } })
  })
})

describe('tail', () => {
  it('shows changes for people and, exactly, as JSON', async () => {
    orders.put({ id: { S: 'a' }, n: { N: '1' }, exact: { N: '12345678901234567890.123456789' } })
    orders.put({ id: { S: 'a' }, n: { N: '2' }, exact: { N: '12345678901234567890.123456789' } })
    orders.delete({ id: { S: 'a' } })
    expect(await shop.runUntil(3)).toBe(0)
    const text = await cli.run('tail', file, '--from', 'beginning', '--no-follow')
    expect(text.exitCode).toBe(0)
    const lines = text.stdout.trim().split('\n')
    expect(lines).toHaveLength(4)
    expect(lines[0]).toMatch(/^\S+Z {2}INSERT +\{"id":"a"\} {2}.*n 1.* {2}\S+\.orders-\d@\d+$/)
    expect(lines[1]).toMatch(/UPDATE +\{"id":"a"\} {2}n 1 → 2 {2}/)
    expect(lines[2]).toMatch(/DELETE/)
    expect(lines[3]).toMatch(/TOMBSTONE/)
    const json = await cli.run('tail', file, '--table', 'orders', '--from', 'beginning', '--max', '2', '--json')
    const [insert, update] = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(insert).toMatchObject({
      topic: topic,
      key: '{"id":"a"}',
      headers: { 'tailrace.table': 'orders' },
    })
    expect(update?.['value']).toContain('12345678901234567890.123456789')
  })

  it('follows until it is interrupted, and names an offset that is not there and a topic that is deleted', async () => {
    shop.fill(0, 4)
    expect(await shop.runUntil(4)).toBe(0)
    const absent = await cli.run('tail', file, '--from', '4711')
    expect(absent).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('[OFFSET_OUT_OF_RANGE]') })
    expect(absent.stderr).toMatch(/orders-\d does not hold offset 4711: it begins at 0 and ends before \d+/)

    const interrupted = cli.start(['tail', file, '--from', 'beginning'])
    await interrupted.printed(/(INSERT[^]*){4}/)
    expect(await interrupted.interrupt()).toMatchObject({ exitCode: 0 })

    const following = cli.start(['tail', file, '--from', 'beginning'])
    await following.printed(/(INSERT[^]*){4}/)
    await using kafka = connectKafka(bootstrapServers)
    await kafka.deleteTopic(topic, never)
    const { exitCode, stderr } = await following.ended
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`[TOPIC_MISSING] topic ${pipeline}.orders was deleted while it was read`)
  })
})

describe('delete', () => {
  it('forgets the pipeline, so that the next start is a first one; a lost ledger is not one', async () => {
    shop.fill(0, 6)
    const worker: RunningCommand = cli.start(['run', file])
    await shop.delivered(6)
    expect(await cli.run('delete', file, '--yes')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('[PIPELINE_ACTIVE]'),
    })
    await worker.interrupt()
    const asked = cli.start(['delete', file], { isTerminal: true })
    await asked.printed(new RegExp(`Type ${pipeline} to go on`))
    asked.type('yes')
    expect(await asked.ended).toMatchObject({ exitCode: 1 })
    expect(await topicExists(`tailrace.${pipeline}.ledger`)).toBe(true)

    const deleted = await cli.json('delete', file, '--yes')
    expect(deleted).toMatchObject({
      exitCode: 0,
      result: {
        transactionalIds: [0, 1, 2].map((lane) => `tailrace.${pipeline}.${lane}`),
        outputTopics: [topic],
      },
    })
    await using kafka = connectKafka(bootstrapServers)
    const ids = [0, 1, 2].map((lane) => `tailrace.${pipeline}.${lane}`)
    const states = [...(await kafka.describeTransactions(ids, never)).values()].map(({ state }) => state)
    expect(states).toEqual(['Empty', 'Empty', 'Empty'])
    expect(await topicExists(topic)).toBe(true)
    // Again, as after an interruption.
    expect(await cli.run('delete', file, '--yes')).toMatchObject({ exitCode: 0 })
    expect(await shop.runUntil(12)).toBe(0)

    await kafka.deleteTopic(`tailrace.${pipeline}.ledger`, never)
    for (const args of [
      ['run', file],
      ['run', file, '--no-check'],
      ['check', file],
    ]) {
      const { exitCode, stdout, stderr } = await cli.run(...args)
      expect(`${stdout}${stderr}`).toContain('LEDGER_LOST')
      expect(exitCode).toBe(2)
    }
    expect(await topicExists(`tailrace.${pipeline}.ledger`)).toBe(false)
    // What the remedy says.
    expect(await cli.run('delete', file, '--yes')).toMatchObject({ exitCode: 0 })
    expect(await shop.runUntil(18)).toBe(0)
  })
})
