import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { crc32 } from 'node:zlib'
import { systemClock } from '../src/async/system-clock.ts'
import { createBacklog, iteratorOf, placeOf } from './replay-backlog.ts'
import type { EncodedPage } from './replay-backlog.ts'
import { createStoredItems } from './replay-items.ts'
import { createKinesisBacklog } from './replay-kinesis.ts'
import { createLiveStreams } from './replay-live.ts'

/**
 * A program that speaks the wire protocol of DynamoDB, its Streams and Kinesis, and answers GetRecords and Scan from memory, so that a measured
 * reader never waits for it. Every table name means a fresh table with the same backlog: a run with a name of its own
 * begins at the beginning. Between `Replay.Hold` and `Replay.Release` the backlog seems empty, so that readers can be ready before it. Prints `{"endpoint":…}` when it listens, and serves until it is killed.
 */
const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    records: text,
    shards: text,
    items: text,
    segments: text,
    laps: text,
    live: text,
    kinesis: { type: 'boolean' },
  },
})
const shards = Number(values.shards ?? 4)
const backlog = createBacklog({ records: Number(values.records ?? 200_000), shards })
const stored = createStoredItems({
  items: Number(values.items ?? 0),
  segments: Number(values.segments ?? 1),
  laps: Number(values.laps ?? 1),
})
/** With `--live <changes per second>` streams are as new as their tables, and the backlog is not served. */
const live =
  values.live === undefined
    ? undefined
    : createLiveStreams({ perSecond: Number(values.live), shards, nowMs: () => systemClock.now() })
/** With `--kinesis` the backlog is in Kinesis streams, too. */
const kinesis =
  values.kinesis === true
    ? createKinesisBacklog({ records: backlog.records, shards, nowMs: () => systemClock.now() })
    : {}

let isHeld = false
const region = 'us-east-1'
const account = '123456789012'
const label = '2026-11-20T08:00:00.000'

type Body = Readonly<Record<string, unknown>>
type Operation = (body: Body) => unknown

const operations: Readonly<Record<string, Operation>> = {
  'DynamoDB_20120810.ListTables': () => ({ TableNames: [] }),
  'DynamoDB_20120810.DescribeTable': ({ TableName }) => describeTable(String(TableName)),
  'DynamoDBStreams_20120810.DescribeStream': ({ StreamArn, ShardFilter }) =>
    describeStream(String(StreamArn), ShardFilter !== undefined),
  'DynamoDBStreams_20120810.GetShardIterator': getShardIterator,
  'Replay.Hold': () => ({ isHeld: (isHeld = true) }),
  'Replay.Release': () => ({ isHeld: (isHeld = false) }),
}

const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (incoming, response) => {
  serve(incoming, response).catch((error: unknown) => {
    console.error(error)
    response.destroy()
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the replay server has no port')
  const endpoint = `http://127.0.0.1:${address.port}`
  const { records, meanSizeBytes } =
    stored.items > 0 ? { records: stored.items, meanSizeBytes: stored.meanSizeBytes } : backlog
  console.log(JSON.stringify({ endpoint, records, meanSizeBytes }))
})

async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Body
  const target = String(incoming.headers['x-amz-target'])
  if (target === 'DynamoDBStreams_20120810.GetRecords') {
    const answer = getRecords(String(body['ShardIterator']))
    if (answer === undefined) refuse(response, 'ValidationException', 'Invalid ShardIterator')
    else send(response, 200, answer.body, answer.crc32)
    return
  }
  if (target === 'DynamoDB_20120810.Scan') {
    const answer = stored.page(Number(body['Segment'] ?? 0), body['ExclusiveStartKey'], body['Limit'])
    if (answer === undefined) refuse(response, 'ValidationException', 'The provided starting key is invalid')
    else send(response, 200, answer.body, answer.crc32)
    return
  }
  const ofKinesis = kinesis[target.replace('Kinesis_20131202.', '')]
  if (ofKinesis !== undefined) {
    send(response, 200, ofKinesis(body), undefined)
    return
  }
  const operation = operations[target]
  if (operation === undefined) {
    refuse(response, 'UnknownOperationException', target)
    return
  }
  try {
    const answer = Buffer.from(JSON.stringify(operation(body)))
    send(response, 200, answer, String(crc32(answer)))
  } catch (error) {
    refuse(response, 'ValidationException', String(error))
  }
}

function getRecords(iterator: string): EncodedPage | undefined {
  if (live !== undefined) return live.page(iterator)
  if (isHeld) {
    const body = Buffer.from(`{"Records":[],"NextShardIterator":"${iterator}"}`)
    return { body, crc32: String(crc32(body)) }
  }
  const { shardIndex, page } = placeOf(iterator)
  return backlog.page(shardIndex, page)
}

function send(response: ServerResponse, statusCode: number, body: Buffer, checksum: string | undefined): void {
  response.writeHead(statusCode, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': body.length,
    'x-amzn-requestid': 'K2FNVJQAIF3AVQQ9CEEPOB5JGRVV4KQNSO5AEMVJF66Q9ASUAAJG',
    ...(checksum === undefined ? {} : { 'x-amz-crc32': checksum }),
  })
  response.end(body)
}

function refuse(response: ServerResponse, type: string, message: string): void {
  const body = Buffer.from(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }))
  send(response, 400, body, String(crc32(body)))
}

function describeTable(nameOrArn: string): unknown {
  const name = nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1)
  const arn = `arn:aws:dynamodb:${region}:${account}:table/${name}`
  return {
    Table: {
      AttributeDefinitions: [
        { AttributeName: 'customer', AttributeType: 'S' },
        { AttributeName: 'order', AttributeType: 'S' },
      ],
      CreationDateTime: 1_795_161_600,
      ItemCount: 0,
      KeySchema: [
        { AttributeName: 'customer', KeyType: 'HASH' },
        { AttributeName: 'order', KeyType: 'RANGE' },
      ],
      LatestStreamArn: `${arn}/stream/${label}`,
      LatestStreamLabel: label,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TableArn: arn,
      TableId: '8f1c3f3c-6f6b-4b57-9a0e-0d0f3b1f6a11',
      TableName: name,
      TableSizeBytes: 0,
      TableStatus: 'ACTIVE',
    },
  }
}

/** Every shard is open and without parent, so a question for children (the only filter there is) finds none. */
function describeStream(streamArn: string, isFiltered: boolean): unknown {
  const shards = backlog.shardIds.map((shardId) => ({
    ShardId: shardId,
    SequenceNumberRange: { StartingSequenceNumber: '428379100000000000000000' },
  }))
  return {
    StreamDescription: {
      CreationRequestDateTime: 1_795_161_600,
      KeySchema: [
        { AttributeName: 'customer', KeyType: 'HASH' },
        { AttributeName: 'order', KeyType: 'RANGE' },
      ],
      Shards: isFiltered ? [] : shards,
      StreamArn: streamArn,
      StreamLabel: label,
      StreamStatus: 'ENABLED',
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      TableName: streamArn.split('/')[1],
    },
  }
}

function getShardIterator({ StreamArn, ShardId, ShardIteratorType, SequenceNumber }: Body): unknown {
  const shardIndex = backlog.shardIds.indexOf(String(ShardId))
  if (shardIndex === -1) throw new Error('Shard does not exist')
  if (live !== undefined) {
    const after = typeof SequenceNumber === 'string' ? SequenceNumber : undefined
    return { ShardIterator: live.iterator(String(StreamArn).split('/')[1] ?? '', shardIndex, after) }
  }
  if (ShardIteratorType === 'TRIM_HORIZON') return { ShardIterator: iteratorOf(shardIndex, 0) }
  const page = backlog.pageBehind(shardIndex, String(SequenceNumber))
  if (ShardIteratorType !== 'AFTER_SEQUENCE_NUMBER' || page === undefined) throw new Error('only the ends of pages')
  return { ShardIterator: iteratorOf(shardIndex, page) }
}
