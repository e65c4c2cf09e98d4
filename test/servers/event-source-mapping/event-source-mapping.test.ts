import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { seededRng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { untilAborted } from '../../../src/async/until-aborted.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import { createLocalTable } from '../local-table.ts'
import type { LocalTable } from '../local-table.ts'
import { createLambdaFunction } from '../lambda-runtime/lambda-function.ts'
import { connectTo, member } from '../stream-simulator/simulator-client.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { createEventSourceMapping } from './event-source-mapping.ts'
import { defaultMappingSettings } from './mapping.ts'
import type { EventSourceMapping, EventSourceMappingOptions, StreamEvent } from './mapping.ts'

const pace = { pollMs: 100, listMs: 500, retry: { baseMs: 20, capMs: 200 } }
let api: AwsApi & AsyncDisposable
let table: LocalTable

beforeEach(async () => {
  const { endpoint } = inject('dynamodb')
  api = connectTo(endpoint)
  table = await createLocalTable(endpoint)
})

afterEach(async () => {
  await table[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

async function mapTable(
  options: Pick<EventSourceMappingOptions, 'invoke'> & Partial<EventSourceMappingOptions>,
): Promise<EventSourceMapping> {
  const request = { service: 'dynamodb', action: 'DescribeTable', body: { TableName: table.name } } as const
  const description = member(await api.call(request, AbortSignal.timeout(10_000)), 'Table')
  const streamArn = String(member(description, 'LatestStreamArn'))
  const [clock, rng] = [systemClock, seededRng(1)]
  return createEventSourceMapping({
    kind: 'dynamodb',
    streamArn,
    api,
    clock,
    rng,
    pace,
    settings: { ...defaultMappingSettings, batchSize: 10 },
    ...options,
  })
}

/** Runs of the table's items: `n` counts up in each. */
async function write(rounds: number, items = 5, from = 0): Promise<void> {
  for (let n = from; n < from + rounds; n++)
    for (let i = 0; i < items; i++) await table.put({ id: { S: `item-${i}` }, n: { N: `${n}` } })
}

function changesOf(events: readonly StreamEvent[]): readonly { readonly id: string; readonly n: number }[] {
  return events
    .flatMap(({ Records: records }) => records)
    .map((record) => member(member(record, 'dynamodb'), 'NewImage'))
    .map((image) => ({ id: String(member(member(image, 'id'), 'S')), n: Number(member(member(image, 'n'), 'N')) }))
}

it('gives every change of a table in DynamoDB Local once and in order, and ends with its stream', async () => {
  await write(20)
  const events: StreamEvent[] = []
  const mapping = await mapTable({
    invoke: async (event) => {
      events.push(event)
      return { kind: 'answer', body: null }
    },
  })
  const run = mapping.run(AbortSignal.timeout(60_000))
  await write(20, 5, 20)
  await table.disableStream()
  await untilAborted(run, AbortSignal.timeout(60_000))
  const changes = changesOf(events)
  expect(changes).toHaveLength(200)
  for (let i = 0; i < 5; i++)
    expect(changes.filter(({ id }) => id === `item-${i}`).map(({ n }) => n)).toEqual(
      Array.from({ length: 40 }, (_, n) => n),
    )
  expect(mapping.counters).toMatchObject({ recordsDone: 200, recordsInvoked: 200 })
  expect(mapping.counters.shardsEnded).toBeGreaterThan(0)
  expect(events[0]?.Records[0]).toMatchObject({ eventSource: 'aws:dynamodb', eventName: 'INSERT', eventVersion: '1.1' })
})

it('tells the shard and carries state with a tumbling window', async () => {
  await write(12)
  await table.disableStream()
  const events: StreamEvent[] = []
  const mapping = await mapTable({
    settings: { ...defaultMappingSettings, batchSize: 10, tumblingWindowSeconds: 60 },
    invoke: async (event) => {
      events.push(event)
      const count = Number(event.state?.['count'] ?? 0) + event.Records.length
      return { kind: 'answer', body: { state: { count } } }
    },
  })
  await untilAborted(mapping.run(AbortSignal.timeout(60_000)), AbortSignal.timeout(60_000))
  expect(changesOf(events)).toHaveLength(60)
  expect(events.every(({ shardId }) => shardId?.startsWith('shardId-') === true)).toBe(true)
  const finals = events.filter((event) => event.isFinalInvokeForWindow === true)
  expect(finals).toHaveLength(new Set(events.map(({ shardId, window }) => `${shardId} ${window?.start}`)).size)
  const total = finals.reduce(
    (sum, { state, Records: records }) => sum + Number(state?.['count'] ?? 0) + records.length,
    0,
  )
  expect(total).toBe(60)
})

it('gives a function that is killed again and again every change at least once, and first in order', async () => {
  await using folder = await temporaryFolder()
  const [code, notes] = [path.join(folder.path, 'code'), path.join(folder.path, 'notes')]
  await mkdir(code)
  await writeFile(path.join(code, 'index.mjs'), noting)
  await writeFile(notes, '')
  await using lambda = await createLambdaFunction({ code, env: { NOTES: notes }, timeLimitSeconds: 5 })
  const mapping = await mapTable({ invoke: (event) => lambda.invoke(event) })
  const run = mapping.run(AbortSignal.timeout(90_000))
  for (let round = 0; round < 10; round++) {
    await write(4, 5, round * 4)
    await lambda.kill()
  }
  await table.disableStream()
  await untilAborted(run, AbortSignal.timeout(90_000))
  const lines = new Set((await readFile(notes, 'utf8')).trim().split('\n'))
  const written = Array.from({ length: 40 }, (_, n) => `${n}`)
  for (let i = 0; i < 5; i++)
    expect([...lines].filter((line) => line.startsWith(`item-${i} `)).map((line) => line.split(' ')[1])).toEqual(
      written,
    )
  expect(mapping.counters.recordsDone).toBe(200)
  expect(mapping.counters.errors).toBeGreaterThan(0)
})

/** Notes records one by one, slowly enough to be killed between two of them. */
const noting = `
import { appendFileSync } from 'node:fs'
export const handler = async ({ Records }) => {
  for (const { dynamodb } of Records) {
    appendFileSync(process.env.NOTES, dynamodb.NewImage.id.S + ' ' + dynamodb.NewImage.n.N + '\\n')
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}
`
