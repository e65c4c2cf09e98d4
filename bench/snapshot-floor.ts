import { parseArgs } from 'node:util'
import { Client } from 'undici'
import { openFloorProducer } from './floor-producer.ts'
import { startMeter } from './run-cost.ts'

/**
 * The floor: the least that a hand-written scan into Kafka does. Unsigned Scans of all segments in turn, JSON.parse,
 * JSON.stringify of each item, and one transaction per page, while the next page is read. No envelope, no progress, no
 * thought of what changes meanwhile. Prints its cost as JSON.
 */
const { values } = parseArgs({
  options: {
    endpoint: { type: 'string', default: '' },
    kafka: { type: 'string', default: '' },
    table: { type: 'string', default: '' },
    topic: { type: 'string', default: '' },
    records: { type: 'string', default: '' },
    segments: { type: 'string', default: '' },
  },
})

interface Page {
  readonly Items: readonly { readonly customer: unknown; readonly order: unknown }[]
  readonly LastEvaluatedKey?: unknown
}

const records = Number(values.records)
const segments = Number(values.segments)
const client = new Client(values.endpoint)
const open = new Map<number, unknown>(Array.from({ length: segments }, (_, segment) => [segment, undefined]))
// All that a running reader has behind it.
const producer = await openFloorProducer(values.kafka, values.table)

let turn = 0
const meter = startMeter()
let done = 0
let transactions = 0
let next = readNext()
while (done < records) {
  const page = await next
  next = readNext()
  const messages = page.map((item) => ({
    topic: values.topic,
    key: JSON.stringify({ customer: item.customer, order: item.order }),
    value: JSON.stringify(item),
  }))
  const transaction = await producer.beginTransaction()
  await transaction.send({ messages, acks: -1 })
  await transaction.commit()
  done += messages.length
  transactions++
}
console.log(JSON.stringify(meter.stop({ records: done, transactions })))
await next
await producer.close(true)
await client.destroy()

/** One page of each segment in turn. */
async function readNext(): Promise<Page['Items']> {
  const [segment, after] = [...open][turn++ % Math.max(1, open.size)] ?? []
  if (segment === undefined) return []
  const { Items: items, LastEvaluatedKey: last } = await scan(segment, after)
  if (last === undefined) open.delete(segment)
  else open.set(segment, last)
  return items
}

async function scan(segment: number, after: unknown): Promise<Page> {
  const answer = await client.request({
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.Scan' },
    body: JSON.stringify({
      TableName: values.table,
      ConsistentRead: true,
      Segment: segment,
      TotalSegments: segments,
      ...(after === undefined ? {} : { ExclusiveStartKey: after }),
    }),
  })
  return JSON.parse(await answer.body.text()) as Page
}
