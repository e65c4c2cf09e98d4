import { randomUUID } from 'node:crypto'
import { Admin, Consumer, FetchIsolationLevels } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import { encodedBytes, fitsBatch } from '../../src/kafka/record-batch-encoder.ts'
import type { ProducerRecord } from '../../src/kafka/kafka.ts'
import { createTransactionSessions } from '../../src/kafka/transaction-sessions.ts'
import { createRecordReader } from '../../src/reader/record-reader.ts'
import { worstChanges } from '../oracle/large-items.ts'
import { openCli } from '../servers/cli-under-test.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { startLocalS3 } from '../servers/local-s3.ts'
import type { LocalS3 } from '../servers/local-s3.ts'
import { configText, readConfig, startWorker } from '../servers/pipeline-under-test.ts'
import type { WorkerUnderTest } from '../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import { setTopicConfig } from '../servers/topic-admin.ts'
import { readWholeRecords } from '../servers/whole-records.ts'
import type { WholeRecord } from '../servers/whole-records.ts'

const { signal } = new AbortController()
const { bootstrapServers } = inject('kafka')
const defaultLimit = 1_048_588

let admin: Admin
let s3: LocalS3
let simulator: StreamSimulator
let orders: SimulatedTable
let pipeline = ''

beforeAll(async () => {
  admin = new Admin({ clientId: 'oversized', bootstrapBrokers: [bootstrapServers] })
  s3 = await startLocalS3('large')
})
afterAll(async () => {
  await admin.close()
  await s3[Symbol.asyncDispose]()
})
beforeEach(async () => {
  simulator = await startStreamSimulator()
  orders = simulator.createTable({
    name: 'orders',
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
  })
  pipeline = `oversized-${randomUUID().slice(0, 8)}`
})
afterEach(() => simulator.stop())

describe('the broker, at the very byte', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'takes what is said to fit, and nothing larger: %s',
    async (compression) => {
      await using kafka = connectKafka(bootstrapServers, { compression })
      const topic = await makeTopic(kafka)
      const sessions = createTransactionSessions({ kafka, clock, rng, delivery: 'exactly_once' })
      for (const [index, isDelete] of [false, true, false, true].entries()) {
        const key = Buffer.from(`key-${index}`)
        const text = Array.from({ length: 3_000 + index * 40_000 }, () => Math.floor(rng.next() * 40)).join(' ')
        const record: ProducerRecord = {
          topic,
          partition: 0,
          key,
          value: Buffer.from(text),
          headers: [[Buffer.from('tailrace.table'), Buffer.from('orders')]],
          timestamp: clock.now(),
        }
        const records = isDelete ? [record, { ...record, value: null }] : [record]
        const bytes = encodedBytes(records, compression)
        for (const [limit, isTaken] of [
          [bytes, true],
          [bytes - 1, false],
        ] as const) {
          expect(fitsBatch(records, compression, limit)).toBe(isTaken)
          await setTopicConfig(admin, topic, 'max.message.bytes', String(limit))
          await using session = await sessions.open(`${topic}-${index}`, signal)
          const commit = session.commit([records], signal)
          if (isTaken) await commit
          else await expect(commit).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE', details: { topic, bytes } })
          // Nothing of what was refused, nor of a commit that is still to come.
          expect(session.fate).toBe('aborted')
        }
      }
    },
  )
})

describe('the nine worst changes', () => {
  const textOf = (name: string, more: string): string =>
    configText({
      pipeline: `${pipeline}-${name}`,
      endpoint: simulator.endpoint,
      bootstrapServers,
      tables: ['orders'],
      more,
    })
  const read = (name: string): Promise<readonly WholeRecord[]> =>
    readWholeRecords(bootstrapServers, `${pipeline}-${name}.orders`, s3.objects)
  const run = (name: string, more: string): WorkerUnderTest => startWorker(readConfig(textOf(name, more)))
  const whenRead = async (name: string, changes: number): Promise<readonly WholeRecord[]> => {
    await expect
      .poll(async () => (await read(name)).filter(({ value }) => value !== null).length, {
        timeout: 90_000,
        interval: 1_000,
      })
      .toBe(changes)
    return read(name)
  }
  const writeAll = (): void => {
    for (const [index, change] of worstChanges.entries()) {
      if (change.hasBefore) orders.put({ ...change.item(index), v: { N: '0' } })
      orders.put(change.item(index + 1))
      orders.delete({ id: { S: change.name } })
    }
  }
  const changesOf = (records: readonly WholeRecord[]): readonly string[] =>
    records.map(({ key, value, sequenceNumber }) => [sequenceNumber, key, String(value)].join(' ')).toSorted(byText)
  const s3Text = (): string => `oversize.claim.check: {bucket: large, endpoint: "${s3.endpoint}", prefix: values/}`

  it('come whole by claim checks and by parts, each record below the limit, as a topic that takes them has them', async () => {
    writeAll()
    const changes = simulator.ledger.length
    const roomy = run('roomy', 'topic.max.message.bytes: 30000000')
    const whole = await whenRead('roomy', changes)
    await roomy.stop()
    for (const [name, more] of [
      ['checks', `oversize.strategy: claim-check-s3\n${s3Text()}\ntopic.max.message.bytes: 200000`],
      ['zstd', `oversize.strategy: claim-check-s3\n${s3Text()}\nkafka.compression.type: zstd`],
      ['chunks', 'oversize.strategy: chunk\ntopic.max.message.bytes: 200000'],
      ['ladder', 'oversize.strategy: [drop-before, chunk]'],
    ] as const) {
      const worker = run(name, more)
      const found = await whenRead(name, changes)
      await worker.stop()
      const isShort = ({ headers }: WholeRecord): boolean => headers.get('tailrace.oversize') === 'drop-before'
      const short = new Set(found.filter(isShort).map(({ sequenceNumber }) => sequenceNumber))
      const wholes = (records: readonly WholeRecord[]): readonly WholeRecord[] =>
        records.filter(({ sequenceNumber }) => !short.has(sequenceNumber))
      expect(changesOf(wholes(found))).toEqual(changesOf(wholes(whole)))
      // A change that is too large without its image before has it nevertheless.
      expect(short.size > 0).toBe(name === 'ladder')
      for (const { value } of found.filter(isShort))
        expect(JSON.parse(value ?? '')).toMatchObject({ source: { table: 'orders' } })
      // The broker refused nothing, so nothing larger was sent.
      expect(worker.events.filter(({ kind }) => kind === 'lane-in-doubt' || kind === 'record-refused')).toEqual([])
      expect(worker.events.some(({ kind }) => kind === 'change-shrunk')).toBe(name !== 'zstd')
    }
    const keys = await s3.objects.list({ bucket: 'large', key: `values/${pipeline}-checks/` }, {}, signal)
    expect(keys.length).toBeGreaterThan(20)
    expect(keys).toHaveLength(
      (await read('checks')).filter(({ headers }) => headers.has('tailrace.claim.check')).length,
    )
  })

  it('become dead letters where that is the last form, and their table goes on', async () => {
    orders.put(worstChanges[5]?.item(1) ?? {})
    orders.put({ id: { S: 'small' } })
    const worker = run('letters', 'oversize.strategy: [drop-before, dead-letter]')
    expect(await worker.seen('dead-lettered')).toMatchObject({ code: 'RECORD_TOO_LARGE', stage: 'OVERSIZE', count: 1 })
    await expect.poll(() => read('letters'), { timeout: 20_000 }).toHaveLength(1)
    await worker.stop()
  })

  it.each(['fail', 'drop-before'])('stop their table where there is no smaller form: %s', async (strategy) => {
    const [, , , , , control] = worstChanges
    if (control === undefined) throw new Error('there is no such change')
    orders.put({ id: { S: 'small' } })
    const large = orders.put(control.item(1))
    const worker = run('stopped', `oversize.strategy: ${strategy}`)
    const { error } = await worker.seen('record-refused')
    expect(error).toMatchObject({
      code: 'RECORD_TOO_LARGE',
      details: { topic: `${pipeline}-stopped.orders`, sequenceNumber: large?.sequenceNumber },
    })
    expect(Number(error.details['bytes'])).toBeGreaterThan(defaultLimit)
    await worker.seen('table-stopped')
    await worker.stop()
    expect(await read('stopped')).toHaveLength(1)
  })

  it('stop their table on a compacted topic that was there before', async () => {
    await admin.createTopics({
      topics: [`${pipeline}-compacted.orders`],
      partitions: 2,
      replicas: 1,
      configs: [{ name: 'cleanup.policy', value: 'compact' }],
    })
    orders.put(worstChanges[0]?.item(1) ?? {})
    using cli = openCli({ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'local' })
    const checked = await cli.run('check', cli.file('pipeline.yaml', textOf('compacted', 'oversize.strategy: chunk')))
    expect(checked).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/failed +topic .*OVERSIZE_COMPACTED/) })
    const worker = run('compacted', 'oversize.strategy: chunk')
    expect((await worker.seen('record-refused')).error.code).toBe('OVERSIZE_COMPACTED')
    await worker.stop()
  })

  it('stop their table where the bucket does not exist; a store that is away holds them up, and a stop does not wait for it', async () => {
    orders.put(worstChanges[0]?.item(1) ?? {})
    const more = `oversize.strategy: claim-check-s3\noversize.claim.check: {bucket: nowhere, endpoint: "${s3.endpoint}"}`
    const worker = run('nowhere', more)
    expect((await worker.seen('record-refused')).error.code).toBe('BUCKET_MISSING')
    await worker.stop()
    const away = run('away', more.replace(s3.endpoint, 'http://127.0.0.1:9'))
    await away.seen('page-read', ({ records }) => records > 0)
    await clock.sleep(500)
    const since = clock.monotonic()
    await away.stop()
    expect(clock.monotonic() - since).toBeLessThan(5_000)
    expect(away.events.filter(({ kind }) => kind === 'record-refused' || kind === 'lane-in-doubt')).toEqual([])
    expect(await read('away')).toEqual([])
  })

  it('are read by a consumer that goes on behind what it has committed, amid the parts of a value', async () => {
    const values = worstChanges.slice(0, 2)
    for (const [index, change] of values.entries()) orders.put(change.item(index))
    const worker = run('read', 'oversize.strategy: chunk\ntopic.max.message.bytes: 200000')
    await whenRead('read', 2)
    await worker.stop()
    const topic = `${pipeline}-read.orders`
    const found: string[] = []
    // Each consumer leaves after nine records; a value has seven parts.
    for (let turn = 0; turn < 8 && found.length < values.length; turn++) {
      const consumer = new Consumer({
        clientId: 'r',
        groupId: pipeline,
        bootstrapBrokers: [bootstrapServers],
        sessionTimeout: 6_000,
      })
      const reader = createRecordReader({ getObject: () => Promise.reject(new Error('there are no objects')) })
      const stream = await consumer.consume({
        topics: [topic],
        isolationLevel: FetchIsolationLevels.READ_COMMITTED,
        autocommit: false,
        mode: 'committed',
        fallbackMode: 'earliest',
      })
      let taken = 0
      for await (const message of stream) {
        const whole = await reader.take(message)
        if (whole !== undefined) found.push(String(JSON.parse(String(whole.value)).after.id))
        const { partition } = message
        const next = reader.firstUnfinished(topic, partition) ?? message.offset + 1n
        await consumer.commit({ offsets: [{ topic, partition, offset: BigInt(next), leaderEpoch: -1 }] })
        if (++taken === 9 || found.length === values.length) break
      }
      await stream.close()
      await consumer.close(true)
    }
    expect(found.toSorted(byText)).toEqual(values.map(({ name }) => name).toSorted(byText))
  })

  it('go on when the limit is lowered or raised meanwhile', async () => {
    const change = worstChanges[7]
    if (change === undefined) throw new Error('there is no such change')
    orders.put(change.item(1))
    const worker = run('moving', `oversize.strategy: claim-check-s3\n${s3Text()}`)
    await whenRead('moving', 1)
    await setTopicConfig(admin, `${pipeline}-moving.orders`, 'max.message.bytes', '100000')
    orders.delete({ id: { S: change.name } })
    orders.put(change.item(2))
    await whenRead('moving', 3)
    await setTopicConfig(admin, `${pipeline}-moving.orders`, 'max.message.bytes', '5000000')
    orders.put(change.item(3))
    const found = await whenRead('moving', 4)
    await worker.stop()
    const checks = found.filter(({ value }) => value !== null).map(({ headers }) => headers.has('tailrace.claim.check'))
    expect(checks).toEqual([false, true, true, false])
    expect(worker.events.filter(({ kind }) => kind === 'table-stopped')).toEqual([])
    const keys = await s3.objects.list({ bucket: 'large', key: `values/${pipeline}-moving/` }, {}, signal)
    expect(keys).toHaveLength(2)
  })
})

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
