import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { createCommittedReader } from '../../src/kafka/committed-reader.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText, readConfig, startWorker } from '../servers/pipeline-under-test.ts'
import type { WorkerUnderTest } from '../servers/pipeline-under-test.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')

let kafka: KafkaApi
let table: LocalTable
let worker: WorkerUnderTest | undefined
let pipeline: string

beforeEach(async () => {
  kafka = connectKafka(bootstrapServers)
  table = await createLocalTable(endpoint)
  pipeline = `smt-${randomUUID().slice(0, 8)}`
})
afterEach(async () => {
  await worker?.stop()
  worker = undefined
  await table[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
})

const textOf = (more: string): string =>
  configText({ pipeline, endpoint, bootstrapServers, tables: [table.name], more })

/** Key, value (attributes come in any order) and headers, but for those that name the place. */
type Written = readonly [key: string, value: unknown, headers: string]

/** Everything that a read_committed reader is given, once there are so many. */
async function written(count: number): Promise<readonly Written[]> {
  const signal = AbortSignal.timeout(30_000)
  for (;;) {
    const all = [...(await writtenTo(0, signal)), ...(await writtenTo(1, signal))]
    if (all.length >= count) return all.toSorted(([a, , x], [b, , y]) => (a + x < b + y ? -1 : 1))
    await sleep(200)
  }
}

async function writtenTo(partition: number, signal: AbortSignal): Promise<readonly Written[]> {
  const topic = `${pipeline}.${table.name}`
  const { highWatermark } = await kafka.offsets(topic, partition, signal)
  const all: Written[] = []
  const reader = createCommittedReader({ kafka, topic, partition, from: 0n, until: highWatermark })
  for await (const page of reader.read(signal)) {
    for (const { key, value, headers } of page.records) {
      const own = headers.filter(([name]) => !/^tailrace\.(?!op)/.test(name)).map((one) => one.map(String).join('='))
      all.push([String(key), value === null ? null : JSON.parse(String(value)), own.join(' ')])
    }
  }
  return all
}

describe('transforms in a pipeline on real servers', () => {
  it('make the records that are written, and stop the table at what they cannot deal with', async () => {
    worker = startWorker(
      readConfig(
        textOf(`
transforms: [unwrap, cut, add]
predicates: [gone]
transforms.unwrap: {type: io.debezium.transforms.ExtractNewRecordState, add.fields: "op,source.table", add.headers: op}
transforms.cut: {type: ReplaceField$Value, exclude: secret, renames: "total:sum"}
transforms.add: {type: Cast$Value, spec: "sum:int64", predicate: gone, negate: true}
predicates.gone.type: RecordIsTombstone
`),
      ),
    )
    await worker.seen('table-started')
    await table.put({
      id: { S: 'a' },
      total: { N: '1.9' },
      secret: { S: 'x' },
      deep: { M: { l: { L: [{ N: '1' }] } } },
    })
    await table.put({ id: { S: 'b' }, total: { N: '5' } })
    await table.delete('b')
    const from = { __op: 'c', __source_table: table.name }
    expect(await written(3)).toEqual([
      ['{"id":"a"}', { id: 'a', sum: 1, deep: { l: [1] }, ...from }, 'tailrace.op=c __op=c'],
      ['{"id":"b"}', { id: 'b', sum: 5, ...from }, 'tailrace.op=c __op=c'],
      ['{"id":"b"}', null, 'tailrace.op=d __op=d'],
    ])

    await table.put({ id: { S: 'c' }, total: { S: 'many' } })
    const stopped = await worker.seen('table-stopped')
    expect(stopped).toMatchObject({ code: 'TRANSFORM_FAILED' })
    expect(stopped.reason).toContain('transforms.add: field "sum" does not fit into int64')
    expect(await written(3)).toHaveLength(3)
  })
})
