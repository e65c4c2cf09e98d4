import { parseArgs } from 'node:util'
import { Client } from 'undici'
import { openFloorProducer } from './floor-producer.ts'
import { startMeter } from './run-cost.ts'

/**
 * The floor: the least that a hand-written exactly-once reader does. Unsigned GetRecords, JSON.parse, JSON.stringify of
 * each record, and one transaction per page, in a bare loop over the shards that reads the next page while a
 * transaction commits. No positions, no envelope, no checks. Larger transactions of several pages were measured, too:
 * they cost this loop more, because what they hold outlives the young generation. Prints its cost as JSON.
 */
const { values } = parseArgs({
  options: {
    endpoint: { type: 'string', default: '' },
    kafka: { type: 'string', default: '' },
    table: { type: 'string', default: '' },
    topic: { type: 'string', default: '' },
    records: { type: 'string', default: '' },
  },
})

interface Record {
  readonly dynamodb: { readonly Keys: unknown }
}

const records = Number(values.records)
const client = new Client(values.endpoint)
const streamArn = await findStream()
const iterators = await openShards(streamArn)
// All that a running reader has behind it.
const producer = await openFloorProducer(values.kafka, values.table)

const shardIds = [...iterators.keys()]
let turn = 0
const meter = startMeter()
let done = 0
let transactions = 0
let next = readNext()
while (done < records) {
  const page = await next
  next = readNext()
  const messages = page.map((record) => ({
    topic: values.topic,
    key: JSON.stringify(record.dynamodb.Keys),
    value: JSON.stringify(record),
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

/** One page of each shard in turn. */
async function readNext(): Promise<readonly Record[]> {
  const shardId = shardIds[turn++ % shardIds.length] ?? ''
  const request = { ShardIterator: iterators.get(shardId) }
  const answer = await call('DynamoDBStreams_20120810.GetRecords', request)
  iterators.set(shardId, String(answer['NextShardIterator']))
  return answer['Records'] as readonly Record[]
}

async function findStream(): Promise<string> {
  const answer = await call('DynamoDB_20120810.DescribeTable', { TableName: values.table })
  return (answer['Table'] as { LatestStreamArn: string }).LatestStreamArn
}

async function openShards(arn: string): Promise<Map<string, string>> {
  const answer = await call('DynamoDBStreams_20120810.DescribeStream', { StreamArn: arn })
  const { Shards: shards } = answer['StreamDescription'] as { Shards: { ShardId: string }[] }
  const opened = new Map<string, string>()
  for (const { ShardId } of shards) {
    const request = { StreamArn: arn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }
    const { ShardIterator } = await call('DynamoDBStreams_20120810.GetShardIterator', request)
    opened.set(ShardId, String(ShardIterator))
  }
  return opened
}

async function call(target: string, body: unknown): Promise<{ [name: string]: unknown }> {
  const answer = await client.request({
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target },
    body: JSON.stringify(body),
  })
  return JSON.parse(await answer.body.text()) as { [name: string]: unknown }
}
