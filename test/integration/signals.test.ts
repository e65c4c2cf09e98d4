import { randomUUID } from 'node:crypto'
import { appendFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Admin } from '@platformatic/kafka'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Item } from '../../src/change/attribute-value.ts'
import { createCommittedReader } from '../../src/kafka/committed-reader.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText, readConfig, startWorker } from '../servers/pipeline-under-test.ts'
import type { WorkerUnderTest } from '../servers/pipeline-under-test.ts'
import { openRawProducer, textRecord } from '../servers/raw-producer.ts'
import type { RawProducer } from '../servers/raw-producer.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import type { TemporaryFolder } from '../servers/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')

let kafka: KafkaApi
let table: LocalTable
let cli: CliUnderTest
let folder: TemporaryFolder
let producer: RawProducer
let worker: WorkerUnderTest | undefined
let signals: string
let pipeline: string

beforeEach(async () => {
  kafka = connectKafka(bootstrapServers)
  table = await createLocalTable(endpoint)
  cli = openCli()
  folder = await temporaryFolder()
  signals = await makeTopic(kafka, 2)
  producer = await openRawProducer(kafka, null)
  pipeline = `signals-${randomUUID().slice(0, 8)}`
})
afterEach(async () => {
  await worker?.stop()
  worker = undefined
  cli[Symbol.dispose]()
  await table[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
})

const itemOf = (number: number): Item => ({
  id: { S: `item-${number}` },
  note: { S: number % 4 === 0 ? 'open' : 'closed' },
})
const notifications = (): string => `${pipeline}-told`
const textOf = (more = ''): string =>
  configText({
    pipeline,
    endpoint,
    bootstrapServers,
    tables: [table.name],
    more: `
source.start: LATEST
snapshot.mode: never
snapshot.segments: 1
snapshot.items.per.second: 20
signal.kafka.topic: ${signals}
signal.file: ${path.join(folder.path, 'signals.jsonl')}
notification.sink.topic.name: ${notifications()}
${more}`,
  })
const send = (value: unknown, partition = 0, key = pipeline): Promise<void> => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return producer.write([textRecord(signals, partition, key, text)])
}
const execute = (id: string, more = {}) => ({
  id,
  type: 'execute-snapshot',
  data: { 'data-collections': [table.name], ...more },
})

interface Told {
  readonly id: string
  readonly aggregate_type: string
  readonly type: string
  readonly additional_data: Readonly<Record<string, string>>
  readonly timestamp: number
}

/** Everything that a read_committed reader is given. */
const told = async (): Promise<readonly Told[]> => {
  const signal = AbortSignal.timeout(20_000)
  const { lastStable } = await kafka.offsets(notifications(), 0, signal)
  const all: Told[] = []
  const reader = createCommittedReader({ kafka, topic: notifications(), partition: 0, from: 0n, until: lastStable })
  for await (const page of reader.read(signal)) {
    for (const { key, value } of page.records) {
      const read = JSON.parse(String(value)) as Told
      expect(JSON.parse(String(key))).toEqual({ id: read.id })
      all.push(read)
    }
  }
  return all
}
const toldSteps = async (): Promise<readonly string[]> =>
  (await told()).filter(({ type }) => type !== 'IN_PROGRESS').map(({ id, type }) => `${id} ${type}`)
const refusal = (id: string) => worker?.seen('signal-refused', (event) => event.id === id)

describe('signals on real servers', () => {
  it('begin, pause and resume a snapshot by topic and stop it by file, and each step is told once', async () => {
    await table.putAll(Array.from({ length: 400 }, (_, number) => itemOf(number)))
    await send(execute('before the pipeline'))
    worker = startWorker(readConfig(textOf()))
    await worker.seen('shards-discovered')
    const filter = [{ 'data-collection': table.name, filter: "note = 'open'" }]
    await send(execute('for somebody else'), 0, 'another')
    await send(execute('mine', { 'additional-conditions': filter }), 1)
    await worker.seen('snapshot-started')
    await worker.seen('rows-committed')
    await expect.poll(async () => (await told()).some(({ type }) => type === 'IN_PROGRESS')).toBe(true)
    await send({ type: 'pause-snapshot' })
    await worker.seen('snapshot-halted', ({ state }) => state === 'paused')
    await send({ id: 'again', type: 'resume-snapshot', data: { 'data-collections': [table.name] } }, 1)
    await worker.seen('signal-settled', ({ id }) => id === 'again')
    await worker.stop()

    worker = startWorker(readConfig(textOf()), 2)
    await worker.seen('shards-discovered')
    const file = path.join(folder.path, 'signals.jsonl')
    await writeFile(file, '{"id":"first","type":"log","data":{"message":"from a file"}}\nthis is none\n')
    expect(await worker.seen('signal-settled', ({ type }) => type === 'log')).toMatchObject({ message: 'from a file' })
    await appendFile(file, `${JSON.stringify({ type: 'stop-snapshot' })}\n`)
    await worker.seen('snapshot-halted', ({ state }) => state === 'stopped')
    await expect.poll(() => readdir(folder.path)).toEqual([])
    await send(execute('whole', { type: 'BLOCKING' }))
    await worker.seen('snapshot-completed', undefined, 60_000)

    await expect.poll(toldSteps, { timeout: 20_000 }).toHaveLength(9)
    const steps = await toldSteps()
    expect(steps.slice(0, 4)).toEqual([
      `${pipeline}.${table.name}.0 SKIPPED`,
      'mine STARTED',
      'mine PAUSED',
      'mine RESUMED',
    ])
    expect(steps[4]).toMatch(/^signals\.jsonl\..*\.taken@\d+ REFUSED$/)
    expect(steps.slice(5)).toEqual(['mine STOPPED', 'whole STARTED', 'whole TABLE_SCAN_COMPLETED', 'whole COMPLETED'])
    const all = await told()
    expect(all.find(({ id, type }) => id === 'whole' && type === 'STARTED')).toMatchObject({
      aggregate_type: 'Initial Snapshot',
      additional_data: { connector_name: pipeline, data_collections: table.name },
      timestamp: expect.any(Number),
    })
    expect(all.find(({ type }) => type === 'TABLE_SCAN_COMPLETED')).toMatchObject({
      additional_data: { total_rows_scanned: '400', status: 'SUCCEEDED' },
    })
  }, 120_000)

  it('are passed over where they are wrong, aborted, or make no sense, without a word of their data', async () => {
    worker = startWorker(readConfig(textOf()))
    await worker.seen('shards-discovered')
    const aborting = await openRawProducer(kafka, `aborting-${pipeline}`)
    await aborting.write([textRecord(signals, 0, pipeline, JSON.stringify(execute('aborted')))])
    await aborting.end('abort')
    await send('{')
    await send({ id: 'unknown type', type: 'drop-everything' })
    await send({ id: 'unknown table', type: 'stop-snapshot', data: { 'data-collections': ['hunter2'] } })
    const wrong = [{ 'data-collection': table.name, filter: "note = 'hunter2" }]
    await send(execute('wrong filter', { 'additional-conditions': wrong }))
    await send('x'.repeat(70_000))
    await send({ id: 'no sense', type: 'pause-snapshot' })
    expect(await refusal('unknown type')).toMatchObject({ error: { code: 'SIGNAL_INVALID' } })
    expect(await refusal('unknown table')).toMatchObject({ error: { code: 'SIGNAL_TABLE_UNKNOWN' } })
    expect(await refusal('no sense')).toMatchObject({ error: { code: 'SIGNAL_REFUSED' } })
    // No id of such a signal can be used but the one that the sender gave.
    expect(await refusal('wrong filter')).toMatchObject({ error: { code: 'SIGNAL_INVALID' } })
    await send(execute('right'))
    await worker.seen('snapshot-completed')
    await expect.poll(toldSteps, { timeout: 20_000 }).toHaveLength(10)
    const steps = await toldSteps()
    expect(steps.filter((step) => step.endsWith('REFUSED'))).toHaveLength(6)
    expect(steps.slice(-3)).toEqual(['right STARTED', 'right TABLE_SCAN_COMPLETED', 'right COMPLETED'])
    expect((await told()).at(-2)?.additional_data).toMatchObject({ status: 'EMPTY' })
    const shown = JSON.stringify([worker.events, await told()], (_, value: unknown) =>
      value instanceof Error ? value.message : value,
    )
    expect(shown).not.toMatch(/hunter2|aborted/)
  }, 60_000)

  it('go on after their topic was cut, and after it was made anew', async () => {
    worker = startWorker(readConfig(textOf()))
    await worker.seen('shards-discovered')
    await send({ id: 'one', type: 'log', data: { message: '' } })
    await worker.seen('signal-settled', ({ id }) => id === 'one')
    await worker.stop()
    await send({ id: 'cut', type: 'log', data: { message: '' } })
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [bootstrapServers] })
    await admin.deleteRecords({ topics: [{ name: signals, partitions: [{ partition: 0, offset: 2n }] }] })
    await admin.close()
    worker = startWorker(readConfig(textOf()), 2)
    expect(await worker.seen('signals-lost')).toMatchObject({ topic: signals, partition: 0 })
    await send({ id: 'two', type: 'log', data: { message: '' } })
    await worker.seen('signal-settled', ({ id }) => id === 'two')
    const { signal } = new AbortController()
    await kafka.deleteTopic(signals, signal)
    await expect.poll(async () => (await kafka.topics([signals], signal)).size, { timeout: 20_000 }).toBe(1)
    producer = await openRawProducer(kafka, null)
    await expect
      .poll(() => send({ id: 'three', type: 'log', data: { message: '' } }).then(() => 'sent', String), {
        timeout: 20_000,
      })
      .toBe('sent')
    await worker.seen('signal-settled', ({ id }) => id === 'three')
    expect(worker.events.filter(({ kind }) => kind === 'signals-lost')).toHaveLength(2)
    expect(worker.events.filter((event) => event.kind === 'signal-settled').map(({ id }) => id)).toEqual([
      'two',
      'three',
    ])
  }, 60_000)

  it('have topics that the check looks at', async () => {
    const compacted = await makeTopic(kafka, 1, { 'cleanup.policy': 'compact' })
    const text = textOf().replace(`signal.kafka.topic: ${signals}`, `signal.kafka.topic: ${compacted}`)
    const { result } = await cli.json('check', cli.file('pipeline.yaml', text))
    expect(result).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({ check: `topic ${compacted}`, status: 'warning' }),
        expect.objectContaining({ check: `topic ${notifications()}`, status: 'ok' }),
      ]),
    })
  })
})
