import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Item } from '../../src/change/attribute-value.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import type { OutputRecord, WorkerUnderTest } from '../servers/pipeline-under-test.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')

let table: LocalTable
let cli: CliUnderTest
let worker: WorkerUnderTest | undefined

beforeEach(async () => {
  table = await createLocalTable(endpoint)
  cli = openCli()
})
afterEach(async () => {
  await worker?.stop()
  worker = undefined
  cli[Symbol.dispose]()
  await table[Symbol.asyncDispose]()
})

const itemOf = (number: number, note: string): Item => ({ id: { S: `item-${number}` }, note: { S: note } })
const pipelineOf = (
  more: string,
  tables: readonly string[] = [table.name],
): { readonly text: string; readonly topicOf: (name: string) => string } => {
  const pipeline = `loss-${randomUUID().slice(0, 8)}`
  const text = configText({
    pipeline,
    endpoint,
    bootstrapServers,
    tables,
    more: `topic.cleanup.policy: compact\n${more}`,
  })
  return { text, topicOf: (name) => `${pipeline}.${name}` }
}

/** What a compacted topic would keep of each item: its note. */
const compacted = (output: readonly OutputRecord[]): Readonly<Record<string, unknown>> => {
  const last = new Map<string, unknown>()
  for (const { key, value } of output) {
    const { id } = key as { readonly id: string }
    if (value === null || value.op === 'd') last.delete(id)
    else last.set(id, (value.after as { readonly note: string }).note)
  }
  return Object.fromEntries([...last].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
const held = async (): Promise<Readonly<Record<string, unknown>>> => {
  const items = [...(await table.contents())].map(([id, { note }]) => [id, Object.values(note ?? {})[0]] as const)
  return Object.fromEntries(items.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
const untilEqual = async (topic: string): Promise<readonly OutputRecord[]> => {
  const wanted = await held()
  let output: readonly OutputRecord[] = []
  const look = async (): Promise<unknown> => compacted((output = await readOutput(bootstrapServers, topic)))
  await expect.poll(look, { timeout: 60_000, interval: 500 }).toEqual(wanted)
  return output
}

/** Changes that no stream tells of: 30 deletes, 20 updates, 10 new items. */
const changeBehindTheStream = async (): Promise<void> => {
  await table.disableStream()
  for (let number = 0; number < 30; number++) await table.delete(`item-${number}`)
  for (let number = 30; number < 50; number++) await table.put(itemOf(number, 'unseen'))
  for (let number = 500; number < 510; number++) await table.put(itemOf(number, 'unseen'))
  await table.enableStream()
}
const snapshotOf = (value: object): unknown =>
  'source' in value && typeof value.source === 'object' && value.source !== null && 'snapshot' in value.source
    ? value.source.snapshot
    : undefined
/** Deletes that a snapshot made, by key. */
const vanished = (output: readonly OutputRecord[]): readonly string[] =>
  output
    .filter(({ value }) => value?.op === 'd' && snapshotOf(value) !== 'false')
    .map(({ key }) => (key as { readonly id: string }).id)

describe('a table whose stream was switched off and on', () => {
  it('is taken up by itself where that is wanted, and what is gone gets deletes', async () => {
    await table.putAll(Array.from({ length: 400 }, (_, number) => itemOf(number, 'before')))
    const { text, topicOf } = pipelineOf('snapshot.mode: when_needed\nsnapshot.segments: 3')
    worker = startWorker(readConfig(text))
    await worker.seen('snapshot-completed', undefined, 60_000)
    await untilEqual(topicOf(table.name))
    await changeBehindTheStream()
    await worker.seen('table-stopped', ({ code }) => code === 'SOURCE_REPLACED', 60_000)
    await worker.seen('snapshot-started', ({ regains, caution }) => regains && caution === undefined)
    await table.put(itemOf(1, 'put back'))
    await worker.seen('vanished-committed', ({ isDone }) => isDone, 60_000)
    const output = await untilEqual(topicOf(table.name))
    const keys = vanished(output)
    expect(keys.length).toBeGreaterThanOrEqual(28)
    expect(new Set(keys).size).toBe(keys.length)
    // A delete of a snapshot is like any other: its tombstone is behind it.
    const at = output.findIndex(({ value }) => value?.op === 'd')
    expect(output[at]?.value).toMatchObject({ before: output[at]?.key, after: null })
    expect(output.filter(({ value }) => value === null).length).toBeGreaterThanOrEqual(keys.length)
  })

  it('stands still otherwise, until somebody asks for a snapshot', async () => {
    await table.putAll(Array.from({ length: 100 }, (_, number) => itemOf(number, 'before')))
    const { text, topicOf } = pipelineOf('snapshot.mode: initial')
    const file = cli.file('pipeline.yaml', text)
    worker = startWorker(readConfig(text))
    await worker.seen('snapshot-completed', undefined, 60_000)
    await changeBehindTheStream()
    await worker.seen('table-stopped', ({ code }) => code === 'SOURCE_REPLACED', 60_000)
    expect(await cli.json('snapshot', 'start', file, table.name, '--filter', "note = 'x'")).toMatchObject({
      exitCode: 1,
      result: { refusal: expect.stringContaining('only a snapshot of all its items') },
    })
    expect(await cli.json('snapshot', 'start', file, table.name)).toMatchObject({ exitCode: 0 })
    await worker.seen('vanished-committed', undefined, 60_000)
    await untilEqual(topicOf(table.name))
  })
})

describe('a table that is only loaded', () => {
  it('lets its worker end by itself, also one that finds it loaded already', async () => {
    await table.putAll(Array.from({ length: 20 }, (_, number) => itemOf(number, 'before')))
    const { text, topicOf } = pipelineOf('snapshot.mode: only\nhttp.listen: 127.0.0.1:0')
    const file = cli.file('pipeline.yaml', text)
    expect((await cli.run('run', file)).exitCode).toBe(0)
    await untilEqual(topicOf(table.name))
    expect((await cli.run('run', file)).exitCode).toBe(0)
    expect(await readOutput(bootstrapServers, topicOf(table.name))).toHaveLength(20)
  })

  it('is not streamed; once it is to be, what changed meanwhile is made up for', async () => {
    await table.putAll(Array.from({ length: 100 }, (_, number) => itemOf(number, 'before')))
    const { text, topicOf } = pipelineOf('snapshot.mode: only')
    worker = startWorker(readConfig(text))
    expect(await worker.seen('all-loaded', undefined, 60_000)).toMatchObject({ tables: 1 })
    await untilEqual(topicOf(table.name))
    await table.delete('item-3')
    await table.put(itemOf(7, 'after'))
    expect(worker.events.filter(({ kind }) => kind === 'shard-opened')).toEqual([])
    await worker.stop()
    worker = startWorker(readConfig(`${text.replace('snapshot.mode: only', 'snapshot.mode: initial')}\nepoch: 2`))
    expect(await worker.seen('snapshot-started')).toMatchObject({ regains: true })
    await worker.seen('snapshot-completed', undefined, 60_000)
    await untilEqual(topicOf(table.name))
  })
})

describe('a table that is snapshotted at each start', () => {
  it('gets its rows again when the pipeline starts anew, and not while it runs', async () => {
    await table.putAll(Array.from({ length: 50 }, (_, number) => itemOf(number, 'before')))
    const { text, topicOf } = pipelineOf('snapshot.mode: always')
    worker = startWorker(readConfig(text))
    await worker.seen('snapshot-completed', undefined, 60_000)
    await worker.stop()
    worker = startWorker(readConfig(text), 2)
    expect(await worker.seen('snapshot-completed', undefined, 60_000)).toMatchObject({ items: 50 })
    await table.put(itemOf(1, 'changed'))
    const output = await untilEqual(topicOf(table.name))
    expect(output.filter(({ value }) => value?.op === 'r').length).toBeGreaterThanOrEqual(50)
    expect(worker.events.filter(({ kind }) => kind === 'snapshot-started')).toHaveLength(1)
  })
})

describe('a table that is deleted while it is scanned', () => {
  it('fails by name, and its neighbours go on', async () => {
    await using other = await createLocalTable(endpoint)
    await table.putAll(Array.from({ length: 300 }, (_, number) => itemOf(number, 'before')))
    await other.putAll(Array.from({ length: 20 }, (_, number) => itemOf(number, 'neighbour')))
    const { text } = pipelineOf('snapshot.mode: initial\nsnapshot.items.per.second: 50', [table.name, other.name])
    worker = startWorker(readConfig(text))
    await worker.seen('rows-committed', (event) => event.table === table.name)
    await table.drop()
    expect(await worker.seen('snapshot-halted', undefined, 60_000)).toMatchObject({
      table: table.name,
      state: 'failed',
      code: 'TABLE_NOT_FOUND',
    })
    await worker.seen('snapshot-completed', (event) => event.table === other.name, 60_000)
  })
})
