import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { Client } from 'undici'
import { systemClock } from '../src/async/system-clock.ts'
import { systemRng } from '../src/async/system-rng.ts'
import type { KafkaApi, ProducerIdentity, ProducerRecord } from '../src/kafka/kafka.ts'
import { createWireKafka } from '../src/kafka/wire-kafka.ts'
import { createRowPath, decodePartitions, decodeTopic } from './decode-rows.ts'
import { unpackRecords } from './decode-transfer.ts'
import type { PackedRecords } from './decode-transfer.ts'
import { startMeter } from './run-cost.ts'

/**
 * One run of the suite `decode`: pages of a scan from the replay server into Kafka, a transaction each, while the next page
 * is fetched and converted, on this thread or (`--thread`) on another one. Prints its cost as JSON.
 */
const { values } = parseArgs({
  options: {
    endpoint: { type: 'string', default: '' },
    kafka: { type: 'string', default: '' },
    records: { type: 'string', default: '' },
    pages: { type: 'string', default: '' },
    thread: { type: 'boolean', default: false },
  },
})
const pageItems = 1_000
const warmUpPages = 50
const never = new AbortController().signal
const client = new Client(values.endpoint)

await using stack = new AsyncDisposableStack()
const connection = { brokers: [values.kafka] }
const kafka = stack.use(createWireKafka({ connection, clock: systemClock, rng: systemRng }))
const convert = values.thread ? convertElsewhere() : convertHere()
const commit = await openTransactions(kafka)
await move(warmUpPages)
const meter = startMeter()
const records = await move(Number(values.pages))
console.log(JSON.stringify(meter.stop({ records, transactions: Number(values.pages) })))
await client.destroy()

async function move(pages: number): Promise<number> {
  let moved = 0
  let next = pageAt(0)
  for (let page = 1; page <= pages; page++) {
    const rows = await next
    next = pageAt(page)
    await commit(rows)
    moved += rows.length
  }
  await next
  return moved
}

async function pageAt(page: number): Promise<readonly ProducerRecord[]> {
  const order = `O#${String(page * pageItems - 1).padStart(9, '0')}`
  const after = page === 0 ? {} : { ExclusiveStartKey: { customer: { S: '' }, order: { S: order } } }
  const answer = await client.request({
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.Scan' },
    body: JSON.stringify({ TableName: 'orders', Segment: 0, TotalSegments: 1, Limit: pageItems, ...after }),
  })
  return convert(await answer.body.arrayBuffer())
}

function convertHere(): (body: ArrayBuffer) => Promise<readonly ProducerRecord[]> {
  const rowsOf = createRowPath()
  return (body) => rowsOf(Buffer.from(body))
}

/** Answers come in the order of the questions; there is one at a time. */
function convertElsewhere(): (body: ArrayBuffer) => Promise<readonly ProducerRecord[]> {
  const thread = new Worker(new URL('./decode-thread.ts', import.meta.url))
  stack.defer(async () => void (await thread.terminate()))
  return (body) =>
    new Promise((resolve, reject) => {
      thread.once('error', reject)
      thread.once('message', (packed: PackedRecords) => {
        thread.off('error', reject)
        resolve(unpackRecords(packed))
      })
      thread.postMessage(body, [body])
    })
}

async function openTransactions(api: KafkaApi): Promise<(records: readonly ProducerRecord[]) => Promise<void>> {
  const transactionalId = `decode-${values.thread ? 'thread' : 'alone'}`
  let identity: ProducerIdentity = await api.initProducerId({ transactionalId, timeoutMs: 60_000 }, never)
  return async (rows) => {
    const byPartition = Array.from({ length: decodePartitions }, (): ProducerRecord[] => [])
    for (const row of rows) byPartition[row.partition]?.push(row)
    const batches = byPartition.flatMap((own, partition) =>
      own.length === 0 ? [] : [{ topic: decodeTopic, partition, baseSequence: 0, records: own }],
    )
    const transaction = { ...identity, transactionalId, transactionVersion: 2 as const }
    await api.produce({ ...transaction, batches }, never)
    identity = await api.endTransaction({ ...transaction, outcome: 'commit' }, never)
  }
}
