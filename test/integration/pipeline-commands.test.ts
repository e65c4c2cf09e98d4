import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { connectKafka } from '../servers/connected-kafka.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest, RunningCommand } from '../servers/cli-under-test.ts'
import { configText, outputOf, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const { bootstrapServers } = inject('kafka')
const never = new AbortController().signal

let cli: CliUnderTest
let simulator: StreamSimulator
let orders: SimulatedTable
let pipeline = ''
let file = ''

beforeEach(async () => {
  cli = openCli()
  simulator = await startStreamSimulator()
  orders = newTable('orders')
  pipeline = `commands-${randomUUID().slice(0, 8)}`
  file = writeFile()
})
afterEach(async () => {
  await simulator.stop()
  cli[Symbol.dispose]()
})

function newTable(name: string): SimulatedTable {
  const keySchema = [{ name: 'id', type: 'S' }] as const
  return simulator.createTable({ name, keySchema, viewType: 'NEW_AND_OLD_IMAGES', openShards: 2 })
}
function writeFile(more = 'http.listen: off\npoll.idle.max.ms: 200'): string {
  return cli.file('pipeline.yaml', textOf(more))
}
function textOf(more = ''): string {
  return configText({ pipeline, endpoint: simulator.endpoint, bootstrapServers, tables: ['orders'], more })
}
function spawnCli(...args: readonly string[]): ChildProcess {
  const main = path.resolve(import.meta.dirname, '../../src/hosts/cli/main.ts')
  const child = spawn(process.execPath, [main, ...args], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
const fill = (from: number, count: number, n = 'n'): void => {
  for (let i = from; i < from + count; i++) orders.put({ id: { S: `i${i}` }, [n]: { N: `${i}` } })
}
const delivered = (count: number): ReturnType<typeof outputOf> =>
  outputOf(bootstrapServers, `${pipeline}.orders`, count)
/** Runs the pipeline until so many changes are in the topic. */
async function runUntil(changes: number): Promise<void> {
  const worker = cli.start(['run', file])
  await delivered(changes)
  expect(await worker.interrupt()).toMatchObject({ exitCode: 0 })
}
const topicExists = async (name: string): Promise<boolean> => {
  await using kafka = connectKafka(bootstrapServers)
  return (await kafka.topics([name], never)).has(name)
}

describe('check', () => {
  it('finds nothing wrong before a first start, writes nothing, and says what will be created', async () => {
    fill(0, 3)
    const { exitCode, result } = await cli.json('check', file)
    expect(result).toMatchObject({ ok: true })
    expect(exitCode).toBe(0)
    const text = await cli.run('check', file)
    expect(text.exitCode).toBe(0)
    expect(text.stdout).toMatch(/ok +table orders +NEW_AND_OLD_IMAGES, 2 shards, arn/)
    expect(text.stdout).toMatch(/ok +transactions +V2/)
    expect(text.stdout).toMatch(/\(ledger\) +does not exist; it will be created with 3 partitions/)
    expect(text.stdout).toMatch(/\.orders +does not exist; it will be created with 2 partitions/)
    expect(await topicExists(`${pipeline}.orders`)).toBe(false)
    expect(await topicExists(`tailrace.${pipeline}.ledger`)).toBe(false)
  })

  it('knows a pipeline that has run, and warns of what is unsafe', async () => {
    file = writeFile('http.listen: 0.0.0.0:0\nhttp.allow.remote: true\ntopic.retention.ms: 3600000')
    fill(0, 3)
    await runUntil(3)
    const { exitCode, stdout } = await cli.run('check', file)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/ok +topic \S+ \(ledger\) +3 lanes, epoch 1, 1 tables/)
    expect(stdout).toMatch(/warning +http\.listen/)
    expect(stdout).toMatch(/warning +topic \S+\.orders +retention\.ms is 3600000/)
  })
})

describe('run', () => {
  it('serves metrics where its log says, and stops in order with 0', async () => {
    file = writeFile('http.listen: 127.0.0.1:0')
    fill(0, 5)
    const worker = cli.start(['run', file])
    const [, url] = await worker.printed(/"url":"(http:[^"]+)"/)
    await delivered(5)
    const page = await fetch(`${url ?? ''}/metrics`)
    expect(await page.text()).toMatch(/tailrace_changes_read_total\{table="orders"\} 5/)
    const { exitCode, stderr, stdout } = await worker.interrupt()
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level')
    expect(stderr).not.toContain('"level":"error"')
  })

  it('comes up when several workers make the first start at the same moment', async () => {
    fill(0, 30)
    const workers = Array.from({ length: 3 }, () => cli.start(['run', file]))
    await Promise.all(workers.map((worker) => worker.printed(/lanes-assigned/)))
    await delivered(30)
    for (const worker of workers) expect(await worker.interrupt()).toMatchObject({ exitCode: 0 })
    expect(await readOutput(bootstrapServers, `${pipeline}.orders`)).toHaveLength(30)
  })

  it('goes on without a table that is gone, once the pipeline has run', async () => {
    newTable('other')
    file = cli.file('two.yaml', textOf('http.listen: off').replace('[orders]', '[orders, other]'))
    fill(0, 3)
    await runUntil(3)
    simulator.deleteTable('other')
    fill(3, 3)
    const worker = cli.start(['run', file])
    await delivered(6)
    const { exitCode, stderr } = await worker.interrupt()
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/"level":"warn".*TABLE_NOT_FOUND.*table other: There is no table other/)
  })

  it('as a process: SIGTERM ends it in order, and an interruption before it began is 130', async () => {
    fill(0, 3)
    const absolute = path.resolve(cli.folder, file)
    const worker = spawnCli('run', absolute)
    await delivered(3)
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
    fill(0, 10)
    const worker = cli.start(['run', file])
    await delivered(10)
    const [first] = orders.stream.openShards()
    orders.stream.split(first?.shardId ?? '')
    fill(10, 10)
    await delivered(20)
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
          topic: `${pipeline}.orders`,
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
    await runUntil(3)
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
      topic: `${pipeline}.orders`,
      key: '{"id":"a"}',
      headers: { 'tailrace.table': 'orders' },
    })
    expect(update?.['value']).toContain('12345678901234567890.123456789')
  })

  it('follows until it is interrupted, and names an offset that is not there and a topic that is deleted', async () => {
    fill(0, 4)
    await runUntil(4)
    const absent = await cli.run('tail', file, '--from', '4711')
    expect(absent).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('[OFFSET_OUT_OF_RANGE]') })
    expect(absent.stderr).toMatch(/orders-\d does not hold offset 4711: it begins at 0 and ends before \d+/)

    const interrupted = cli.start(['tail', file, '--from', 'beginning'])
    await interrupted.printed(/(INSERT[^]*){4}/)
    expect(await interrupted.interrupt()).toMatchObject({ exitCode: 0 })

    const following = cli.start(['tail', file, '--from', 'beginning'])
    await following.printed(/(INSERT[^]*){4}/)
    await using kafka = connectKafka(bootstrapServers)
    await kafka.deleteTopic(`${pipeline}.orders`, never)
    const { exitCode, stderr } = await following.ended
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`[TOPIC_MISSING] topic ${pipeline}.orders was deleted while it was read`)
  })
})

describe('offsets', () => {
  it('are not changed while a worker runs', async () => {
    fill(0, 4)
    const worker = cli.start(['run', file])
    await delivered(4)
    expect(await cli.json('offsets', 'reset', file, '--table', 'orders', '--yes')).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'PIPELINE_ACTIVE' } },
    })
    await worker.interrupt()
  })

  it('set moves one shard: exactly what lies behind the position is repeated', async () => {
    fill(0, 20)
    await runUntil(20)
    const before = await readOutput(bootstrapServers, `${pipeline}.orders`)
    const [shard] = orders.stream.openShards()
    const numbers = shard?.records.map(({ sequenceNumber }) => sequenceNumber) ?? []
    const after = numbers.at(2) ?? ''
    const args = ['offsets', 'set', file, '--table', 'orders', '--shard', shard?.shardId ?? '', '--after']
    expect(await cli.run(...args, 'x', '--yes')).toMatchObject({ exitCode: 2 })
    expect(await cli.run(...args, after)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--yes') })
    const declined = cli.start([...args, after], { isTerminal: true })
    await declined.printed(/Type yes to go on/)
    declined.type('perhaps')
    expect(await declined.ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('nothing was changed') })
    const accepted = cli.start([...args, after], { isTerminal: true })
    await accepted.printed(/will be repeated/)
    accepted.type('yes')
    expect(await accepted.ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('changed 1 shards') })
    expect(await cli.json('offsets', 'show', file)).toMatchObject({
      result: {
        shards: expect.arrayContaining([expect.objectContaining({ shard: shard?.shardId, generation: 1, after })]),
      },
    })
    const repeated = numbers.slice(3)
    await runUntil(20 + repeated.length)
    const all = await readOutput(bootstrapServers, `${pipeline}.orders`)
    const added = all.filter((record) => !before.some((old) => old.sequenceNumber === record.sequenceNumber))
    expect(added).toEqual([])
    const counts = Map.groupBy(all, ({ sequenceNumber }) => sequenceNumber)
    for (const number of numbers) expect(counts.get(number)).toHaveLength(repeated.includes(number) ? 2 : 1)
  })

  it('set forward skips, and says so', async () => {
    fill(0, 10)
    await runUntil(10)
    const [shard] = orders.stream.openShards()
    fill(10, 10)
    const last = shard?.records.at(-1)?.sequenceNumber ?? ''
    const skipped = shard?.records.filter(({ json }) => /"i1\d"/.test(json)).length ?? 0
    const set = ['offsets', 'set', file, '--table', 'orders', '--shard', shard?.shardId ?? '', '--after', last, '--yes']
    const { result, exitCode } = await cli.json(...set)
    expect(exitCode).toBe(0)
    expect(result).toMatchObject({ meaning: [expect.stringContaining('will be skipped: they are lost downstream')] })
    await runUntil(20 - skipped)
    expect(await readOutput(bootstrapServers, `${pipeline}.orders`)).toHaveLength(20 - skipped)
  })

  it('reset delivers again what is left, parents before children', async () => {
    fill(0, 10)
    await runUntil(10)
    const parent = orders.stream.openShards()[0]?.shardId ?? ''
    const children = orders.stream.split(parent).map(({ shardId }) => shardId)
    fill(0, 10, 'm')
    await runUntil(20)
    const whole = await cli.json('offsets', 'reset', file, '--table', 'orders', '--yes')
    expect(whole).toMatchObject({ exitCode: 0, result: { shards: expect.any(Array) } })
    await runUntil(40)
    const output = await readOutput(bootstrapServers, `${pipeline}.orders`)
    expect(output).toHaveLength(40)
    for (const records of Map.groupBy(output, ({ key }) => JSON.stringify(key)).values()) {
      const numbers = records.map(({ sequenceNumber }) => sequenceNumber)
      const half = numbers.length / 2
      expect(numbers.slice(half)).toEqual(numbers.slice(0, half))
      expect(numbers.slice(0, half)).toEqual(
        numbers.slice(0, half).toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)),
      )
    }

    const one = await cli.json('offsets', 'reset', file, '--table', 'orders', '--shard', parent, '--yes')
    expect(one.result).toMatchObject({
      shards: [{ shard: parent, becomes: 'moved', after: null }, ...children.map(() => ({ becomes: 'forgotten' }))],
    })
    const ofFamily = orders.stream.shards
      .filter(({ shardId }) => [parent, ...children].includes(shardId))
      .reduce((sum, { records }) => sum + records.length, 0)
    await runUntil(40 + ofFamily)
    expect(await readOutput(bootstrapServers, `${pipeline}.orders`)).toHaveLength(40 + ofFamily)
  })

  it('reset goes on in the new stream of a replaced table', async () => {
    fill(0, 10)
    await runUntil(10)
    orders.disableStream()
    orders.enableStream('NEW_AND_OLD_IMAGES')
    fill(10, 7)
    const worker = startWorker(readConfig(textOf()))
    await worker.seen('table-stopped', ({ code }) => code === 'SOURCE_REPLACED')
    await worker.stop()
    expect((await cli.run('status', file)).stdout).toMatch(/stopped \(SOURCE_REPLACED\)[^]*was replaced by/)
    const text = await cli.run('offsets', 'reset', file, '--table', 'orders', '--yes')
    expect(text).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('is read on in its new stream') })
    await runUntil(17)
    expect(await readOutput(bootstrapServers, `${pipeline}.orders`)).toHaveLength(17)
    expect(await cli.json('status', file)).toMatchObject({ result: { tables: [{ status: 'streaming' }] } })
  })
})

describe('delete', () => {
  it('forgets the pipeline, so that the next start is a first one; a lost ledger is not one', async () => {
    fill(0, 6)
    const worker: RunningCommand = cli.start(['run', file])
    await delivered(6)
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
        outputTopics: [`${pipeline}.orders`],
      },
    })
    await using kafka = connectKafka(bootstrapServers)
    const ids = [0, 1, 2].map((lane) => `tailrace.${pipeline}.${lane}`)
    const states = [...(await kafka.describeTransactions(ids, never)).values()].map(({ state }) => state)
    expect(states).toEqual(['Empty', 'Empty', 'Empty'])
    expect(await topicExists(`${pipeline}.orders`)).toBe(true)
    // Again, as after an interruption.
    expect(await cli.run('delete', file, '--yes')).toMatchObject({ exitCode: 0 })
    await runUntil(12)

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
    await runUntil(18)
  })
})
