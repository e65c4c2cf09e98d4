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

const itemOf = (number: number, note: string): Item => ({
  id: { S: `item-${number}` },
  note: { S: note },
  n: { N: String(number) },
})
const pipelineOf = (more: string): { readonly text: string; readonly topic: string } => {
  const pipeline = `snapshot-${randomUUID().slice(0, 8)}`
  const text = configText({ pipeline, endpoint, bootstrapServers, tables: [table.name], more })
  return { text, topic: `${pipeline}.${table.name}` }
}

/** What a compacted topic would keep: the last record of each key. */
const compacted = (output: readonly OutputRecord[]): ReadonlyMap<string, unknown> => {
  const last = new Map<string, unknown>()
  for (const { key, value } of output) {
    const { id } = key as { readonly id: string }
    if (value === null || value.op === 'd') last.delete(id)
    else last.set(id, value.after)
  }
  return last
}
const plain = (items: ReadonlyMap<string, Item>): ReadonlyMap<string, unknown> =>
  new Map(
    [...items].map(([id, item]) => [
      id,
      Object.fromEntries(
        Object.entries(item).map(([name, value]) => [name, 'N' in value ? Number(value.N) : Object.values(value)[0]]),
      ),
    ]),
  )
const untilEqual = async (topic: string): Promise<readonly OutputRecord[]> => {
  const wanted = plain(await table.contents())
  let output: readonly OutputRecord[] = []
  await expect
    .poll(
      async () => {
        output = await readOutput(bootstrapServers, topic)
        return compacted(output)
      },
      { timeout: 60_000, interval: 500 },
    )
    .toEqual(wanted)
  return output
}
const rowsOf = (output: readonly OutputRecord[]): readonly OutputRecord[] =>
  output.filter(({ value }) => value?.op === 'r')

describe('a snapshot on real servers', () => {
  it('brings every item into the topic while the table is written, each at most once as a row', async () => {
    await table.putAll(Array.from({ length: 3_000 }, (_, number) => itemOf(number, 'before')))
    const { text, topic } = pipelineOf('snapshot.mode: initial\nsnapshot.segments: 4\nsnapshot.items.per.second: 1500')
    worker = startWorker(readConfig(text))
    await worker.seen('snapshot-started')
    for (let number = 0; number < 300; number++) {
      const which = (number * 7919) % 3_300
      if (number % 5 === 0) await table.delete(`item-${which}`)
      else await table.put(itemOf(which, `during ${number}`))
      if (number % 10 === 0) await table.put(itemOf(which, 'again'))
    }
    await worker.seen('snapshot-completed', undefined, 60_000)
    const rows = rowsOf(await untilEqual(topic))
    const ids = rows.map(({ key }) => JSON.stringify(key))
    expect(new Set(ids).size).toBe(ids.length)
    // The stream, which begins with the table, displaces many of them.
    expect(rows.length).toBeGreaterThan(500)
  })

  it('is asked for, filtered, paused, resumed and stopped by commands, and refuses what makes no sense', async () => {
    await table.putAll(Array.from({ length: 400 }, (_, number) => itemOf(number, number % 4 === 0 ? 'open' : 'closed')))
    const { text, topic } = pipelineOf('snapshot.mode: never\nsource.start: LATEST\nsnapshot.items.per.second: 20')
    const file = cli.file('pipeline.yaml', text)
    worker = startWorker(readConfig(text))
    await worker.seen('shards-discovered')
    const ask = (verb: string, ...more: readonly string[]) => cli.json('snapshot', verb, file, table.name, ...more)

    expect(await ask('start', '--dry-run')).toMatchObject({ exitCode: 0, result: { table: table.name, items: 400 } })
    expect(await ask('pause')).toMatchObject({
      exitCode: 1,
      result: { settled: true, refusal: 'no snapshot of the table was ever begun' },
    })
    expect(await ask('start', '--filter', "note = 'op")).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'USAGE', message: expect.stringContaining('character 8') } },
    })
    expect(await ask('start', '--filter', "note = 'open'", '--segments', '2')).toMatchObject({
      exitCode: 0,
      result: { settled: true, refusal: null, state: 'running' },
    })
    expect(await ask('start')).toMatchObject({ exitCode: 1, result: { refusal: 'its snapshot is running' } })
    await worker.seen('rows-committed')
    expect(await ask('pause')).toMatchObject({ result: { state: 'paused' } })
    await table.put(itemOf(1, 'changed meanwhile'))
    expect(await ask('status')).toMatchObject({
      result: { snapshots: [{ state: 'paused', kind: 'incremental', segments: 2, segmentsDone: 0 }] },
    })
    expect(await ask('resume')).toMatchObject({ result: { state: 'running' } })
    await worker.seen('snapshot-completed', undefined, 60_000)
    await expect.poll(async () => rowsOf(await readOutput(bootstrapServers, topic)).length).toBe(100)
    const output = await readOutput(bootstrapServers, topic)
    for (const { value } of rowsOf(output)) expect(value?.after).toMatchObject({ note: 'open' })
    expect(await ask('status')).toMatchObject({ result: { snapshots: [{ state: 'completed', rows: 100 }] } })
    expect(await ask('stop')).toMatchObject({ exitCode: 1, result: { refusal: 'its snapshot is completed' } })
  })

  it('fails by name on a filter that DynamoDB refuses, while changes go on', async () => {
    await table.put(itemOf(1, 'before'))
    const { text, topic } = pipelineOf('snapshot.mode: never')
    const file = cli.file('pipeline.yaml', text)
    worker = startWorker(readConfig(text))
    await worker.seen('shards-discovered')
    expect(await cli.json('snapshot', 'start', file, table.name, '--filter', 'n BETWEEN 1')).toMatchObject({
      exitCode: 0,
    })
    expect(await worker.seen('snapshot-halted')).toMatchObject({ state: 'failed', code: 'SCAN_REFUSED' })
    await table.put(itemOf(2, 'behind'))
    await expect.poll(async () => (await readOutput(bootstrapServers, topic)).length, { timeout: 20_000 }).toBe(2)
  })
})
