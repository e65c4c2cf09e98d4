import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Item } from '../../src/change/attribute-value.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { startExportFront } from '../servers/export-front.ts'
import type { ExportFront, ExportFrontOptions } from '../servers/export-front.ts'
import { startLocalS3 } from '../servers/local-s3.ts'
import type { LocalS3 } from '../servers/local-s3.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import type { OutputRecord, WorkerUnderTest } from '../servers/pipeline-under-test.ts'
import { connectTo, sourceOver } from '../servers/stream-simulator/simulator-client.ts'
import { systemClock } from '../../src/async/system-clock.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')

let s3: LocalS3
let table: LocalTable
let cli: CliUnderTest
let front: ExportFront | undefined
let worker: WorkerUnderTest | undefined

beforeAll(async () => {
  s3 = await startLocalS3('exports')
}, 120_000)
afterAll(() => s3[Symbol.asyncDispose]())
beforeEach(async () => {
  table = await createLocalTable(endpoint)
  cli = openCli()
})
afterEach(async () => {
  await worker?.stop()
  worker = undefined
  cli[Symbol.dispose]()
  await front?.[Symbol.asyncDispose]()
  front = undefined
  await table[Symbol.asyncDispose]()
})

const itemOf = (number: number, note: string): Item => ({
  id: { S: `item-${number}` },
  note: { S: note },
  exact: { N: '1234567890.1234567890123456789' },
})
const startFront = async (more: Partial<ExportFrontOptions> = {}): Promise<ExportFront> =>
  startExportFront({
    endpoint,
    put: s3.put,
    contents: async () => [...(await table.contents()).values()],
    table: async () => {
      await using api = connectTo(endpoint)
      return await sourceOver(api, systemClock).source.describeTable(table.name, AbortSignal.timeout(10_000))
    },
    ...more,
  })
const pipelineOf = (front: ExportFront, more = ''): { readonly text: string; readonly topic: string } => {
  const pipeline = `export-${randomUUID().slice(0, 8)}`
  const exports = `snapshot.mode: initial
snapshot.source: export
snapshot.export.bucket: ${s3.bucket}
snapshot.export.prefix: ${pipeline}
snapshot.export.endpoint: ${s3.endpoint}
${more}`
  const text = configText({
    pipeline,
    endpoint: front.endpoint,
    bootstrapServers,
    tables: [table.name],
    more: exports,
  })
  return { text, topic: `${pipeline}.${table.name}` }
}
const notes = (output: readonly OutputRecord[]): Readonly<Record<string, unknown>> => {
  const last = new Map<string, unknown>()
  for (const { key, value } of output) {
    const { id } = key as { readonly id: string }
    if (value === null || value.op === 'd') last.delete(id)
    else last.set(id, (value.after as { readonly note: string }).note)
  }
  return Object.fromEntries([...last].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
const untilEqual = async (topic: string): Promise<readonly OutputRecord[]> => {
  const items = [...(await table.contents())].map(([id, { note }]) => [id, Object.values(note ?? {})[0]] as const)
  const wanted = Object.fromEntries(items.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  let output: readonly OutputRecord[] = []
  const look = async (): Promise<unknown> => notes((output = await readOutput(bootstrapServers, topic)))
  await expect.poll(look, { timeout: 60_000, interval: 500 }).toEqual(wanted)
  return output
}

describe('a table that begins with an export', () => {
  it.each(['DYNAMODB_JSON', 'ION'])('is loaded from its files, and then streamed: %s', async (format) => {
    await table.putAll(Array.from({ length: 500 }, (_, number) => itemOf(number, 'before')))
    front = await startFront()
    const { text, topic } = pipelineOf(front, `snapshot.export.format: ${format}`)
    worker = startWorker(readConfig(text))
    await worker.seen('export-requested')
    await worker.seen('snapshot-completed', undefined, 60_000)
    for (let number = 0; number < 20; number++) await table.delete(`item-${number}`)
    for (let number = 490; number < 520; number++) await table.put(itemOf(number, 'after'))
    const output = await untilEqual(topic)
    expect(front.requests).toHaveLength(1)
    expect(front.requests[0]).toMatchObject({ ExportType: 'FULL_EXPORT', ExportFormat: format })
    const rows = output.filter(({ value }) => value?.op === 'r')
    expect(rows).toHaveLength(500)
    expect(JSON.stringify(rows[0]?.value?.after)).toContain('"exact"')
    // Nothing of the stream is in front of a row.
    const lastRow = output.findLastIndex(({ value }) => value?.op === 'r')
    const changesInFront = output.slice(0, lastRow).filter(({ value }) => value !== null && value.op !== 'r')
    expect(changesInFront.length).toBeLessThanOrEqual(output.length - 500)
  })

  it('fails by name while a file of it is damaged, and goes on when it is whole', async () => {
    await table.putAll(Array.from({ length: 100 }, (_, number) => itemOf(number, 'before')))
    const spoiled: (() => Promise<void>)[] = []
    front = await startFront({
      put: async (location, bytes) => {
        const isData = location.key.endsWith('.gz') && bytes.length > 100
        if (isData) spoiled.push(() => s3.put(location, bytes))
        await s3.put(location, isData ? bytes.map((byte, at) => (at === 60 ? byte ^ 1 : byte)) : bytes)
      },
    })
    const { text, topic } = pipelineOf(front)
    const file = cli.file('pipeline.yaml', text)
    worker = startWorker(readConfig(text))
    expect(await worker.seen('snapshot-halted', undefined, 60_000)).toMatchObject({
      state: 'failed',
      code: 'EXPORT_INVALID',
    })
    expect(await readOutput(bootstrapServers, topic)).toEqual([])
    for (const mend of spoiled) await mend()
    expect(await cli.json('snapshot', 'resume', file, table.name)).toMatchObject({ exitCode: 0 })
    await worker.seen('snapshot-completed', undefined, 60_000)
    await untilEqual(topic)
    expect(front.requests).toHaveLength(1)
  })

  it('is refused by name where the service refuses, and not read meanwhile', async () => {
    await table.putAll([itemOf(1, 'before')])
    front = await startFront({ table: () => Promise.reject(new Error('no export today')) })
    const direct = { ...front, endpoint }
    const { text, topic } = pipelineOf(direct)
    worker = startWorker(readConfig(text))
    // DynamoDB Local itself does not know exports.
    expect(await worker.seen('snapshot-halted', undefined, 60_000)).toMatchObject({
      state: 'failed',
      code: 'EXPORT_REFUSED',
    })
    await table.put(itemOf(2, 'after'))
    expect(worker.events.filter(({ kind }) => kind === 'shard-opened')).toEqual([])
    expect(await readOutput(bootstrapServers, topic)).toEqual([])
  })
})
