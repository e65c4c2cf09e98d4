import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { request } from 'undici'
import { describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { runWorkerProcess } from '../../src/hosts/worker-process.ts'
import { metricCatalogue } from '../../src/observe/metric-catalogue.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { putKinesisRecords } from '../servers/kinesis-commands.ts'
import { insertOf } from '../servers/kinesis-shop.ts'
import { startKinesisSimulator } from '../servers/kinesis-simulator/kinesis-simulator.ts'
import { connectToKinesis } from '../servers/local-kinesis.ts'
import { configText, outputOf, readConfig } from '../servers/pipeline-under-test.ts'
import { throttled } from '../servers/stream-simulator/fault-plan.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

/** Needs a zombie or a broker that goes away; the tests of those look at the events behind it. */
const needsDoubt = new Set(['tailrace_lane_retakes_total'])
/** Needs a loss, or a stream that is behind; event-metrics.test.ts counts them. */
const needsSpecialSnapshot = new Set(['tailrace_snapshot_changes_skipped_total', 'tailrace_snapshot_deletes_total'])
/** Needs a Kinesis stream: see below, and replication-metrics.test.ts. */
const needsKinesis = /^tailrace_kinesis_/

describe('metrics and health of a worker', () => {
  it('feed every metric that is declared', async () => {
    const { bootstrapServers } = inject('kafka')
    await using simulator = await startStreamSimulator()
    const tables = ['orders', 'ailing'].map((name) =>
      simulator.createTable({ name, keySchema: [{ name: 'id', type: 'S' }], viewType: 'NEW_AND_OLD_IMAGES' }),
    )
    for (const table of tables) for (let i = 0; i < 20; i++) table.put({ id: { S: `i${i}` } })
    const [orders, ailing] = tables
    if (orders === undefined || ailing === undefined) throw new Error('no table')
    simulator.faults.add({ action: 'GetRecords', fault: throttled, count: 3 })
    await using folder = await temporaryFolder()
    const signals = path.join(folder.path, 'signals.jsonl')
    const pipeline = `metrics-${randomUUID().slice(0, 8)}`
    const text = configText({
      pipeline,
      endpoint: simulator.endpoint,
      bootstrapServers,
      tables: ['orders', 'ailing'],
      more: `
http.listen: 127.0.0.1:0
metrics.per.shard: true
snapshot.mode: initial
signal.file: ${signals}
topic.max.message.bytes: 4000
oversize.strategy: [drop-before, dead-letter]
filter.condition: attribute_not_exists(hidden)`,
    })
    await writeFile(signals, '{"type":"log","data":{"message":"hello"}}\n')
    const stop = new AbortController()
    let url = ''
    const stoppedTables: string[] = []
    const snapshots = new Set<string>()
    const settled: (string | undefined)[] = []
    const left = new Set<string>()
    const running = runWorkerProcess(
      {
        config: readConfig(text),
        version: '0.0.0-test',
        env: {},
        logger: silentLogger,
        credentials: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'local' }),
        onStarted: ({ monitoringUrl }) => {
          url = monitoringUrl ?? ''
        },
        onEvent: (event) => {
          if (event.kind === 'table-stopped') stoppedTables.push(event.table)
          if (event.kind === 'signal-settled') settled.push(event.message)
          if (event.kind === 'snapshot-completed') snapshots.add(event.table)
          if (['changes-dropped', 'dead-lettered', 'change-shrunk'].includes(event.kind)) left.add(event.kind)
        },
      },
      stop.signal,
    )
    await outputOf(bootstrapServers, `${pipeline}.orders`, 20)
    await outputOf(bootstrapServers, `${pipeline}.ailing`, 20)
    await expect.poll(() => snapshots.size, { timeout: 20_000 }).toBe(2)
    await expect.poll(() => settled, { timeout: 20_000 }).toEqual(['hello'])
    orders.put({ id: { S: 'hidden' }, hidden: { BOOL: true } })
    orders.put({ id: { S: 'large' }, text: { S: 'x'.repeat(5_000) } })
    for (const letter of ['a', 'b']) orders.put({ id: { S: 'half' }, text: { S: letter.repeat(2_000) } })
    await expect.poll(() => left.size, { timeout: 20_000 }).toBe(3)
    simulator.expireIterators()
    for (let i = 0; i < 20; i++) ailing.put({ id: { S: `late${i}` } })
    for (const shard of ailing.stream.shards) ailing.stream.trim(shard.shardId, 'all')
    for (let round = 0; round < 100 && stoppedTables.length === 0; round++) await systemClock.sleep(100)
    expect(stoppedTables).toEqual(['ailing'])

    const page = await (await request(`${url}/metrics`)).body.text()
    const silent = Object.keys(metricCatalogue).filter((name) => !new RegExp(`^${name}(_count)?[{ ]`, 'm').test(page))
    const isExcused = (name: string): boolean =>
      needsDoubt.has(name) || needsSpecialSnapshot.has(name) || needsKinesis.test(name)
    expect(silent.filter((name) => !isExcused(name))).toEqual([])
    expect(page).toMatch(/tailrace_retention_headroom_seconds\{pipeline="[^"]+",table="ailing"\} 8\d{4}/)
    expect(page).toMatch(/tailrace_shards\{pipeline="[^"]+",state="stopped"\} 1/)
    for (const route of ['/livez', '/readyz']) expect((await request(url + route)).statusCode).toBe(200)
    const readiness = (await (await request(`${url}/readyz`)).body.json()) as { readonly checks: readonly unknown[] }
    expect(readiness.checks).toContainEqual(
      expect.objectContaining({
        name: 'tables',
        status: 'warn',
        message: expect.stringContaining('1 table stopped (ailing)'),
      }),
    )
    expect((await request(`${url}/nothing`)).statusCode).toBe(404)
    expect((await request(`${url}/livez`, { method: 'POST' })).statusCode).toBe(405)
    stop.abort(new Error('the test is over'))
    await running
    await expect(request(`${url}/livez`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('tell of a Kinesis stream what had to be repaired', async () => {
    const { bootstrapServers } = inject('kafka')
    await using simulator = await startKinesisSimulator()
    simulator.createStream({ name: 'changes', mode: 'ON_DEMAND', shards: 1 })
    await using api = connectToKinesis(simulator.endpoint)
    const twice = insertOf({ table: 'orders', id: 'a' })
    await putKinesisRecords(api, 'changes', [twice, insertOf({ table: 'orders', id: 'b' }), twice])
    const pipeline = `metrics-${randomUUID().slice(0, 8)}`
    const config = readConfig(`
pipeline: ${pipeline}
http.listen: 127.0.0.1:0
source: {type: kinesis, region: eu-central-1, kinesis.stream: changes, kinesis.endpoint: "${simulator.endpoint}"}
source.kinesis.repair.delay.ms: 0
kafka.bootstrap.servers: ${bootstrapServers}
topic.partitions: 2
`)
    const stop = new AbortController()
    let url = ''
    const running = runWorkerProcess(
      {
        config,
        version: '0.0.0-test',
        env: {},
        logger: silentLogger,
        credentials: () => Promise.resolve({ accessKeyId: '123456789012', secretAccessKey: 'local' }),
        onStarted: ({ monitoringUrl }) => {
          url = monitoringUrl ?? ''
        },
      },
      stop.signal,
    )
    await outputOf(bootstrapServers, `${pipeline}.orders`, 2)
    const repaired = async (): Promise<string> => (await request(`${url}/metrics`)).body.text()
    await expect
      .poll(repaired, { timeout: 20_000 })
      .toMatch(/tailrace_kinesis_repaired_total\{pipeline="[^"]+",stream="changes",what="duplicates"\} 1/)
    stop.abort(new Error('the test is over'))
    await running
  })
})
