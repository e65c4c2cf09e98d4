import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Producer, stringSerializers } from '@platformatic/kafka'

/**
 * The control arm: a consumer of DynamoDB Streams as tutorials write it, and a careful one. It reads each shard page by
 * page, produces the page with an idempotent producer and waits for all acknowledgements, and then saves its position.
 * Several processes share the shards by leases: files that the holder renews with each page, and that anybody may take
 * who sees them grow old. A child waits for its parent. What it has not is a position that commits together with the
 * records, and a fence against a holder that is only slow.
 *
 * `node naive-loop.ts '{"endpoint":…,"bootstrapServers":…,"tables":[…],"leases":"<folder>","leaseMs":…}'`
 */
const settings = JSON.parse(process.argv[2] ?? '') as {
  readonly endpoint: string
  readonly bootstrapServers: string
  readonly tables: readonly string[]
  readonly leases: string
  readonly leaseMs: number
}
const me = String(process.pid)
process.on('SIGTERM', () => process.exit(0))
const producer = new Producer({
  clientId: `naive-${me}`,
  bootstrapBrokers: [settings.bootstrapServers],
  serializers: stringSerializers,
  idempotent: true,
})

interface Lease {
  readonly owner: string
  readonly checkpoint?: string | undefined
  readonly isFinished: boolean
}
type Image = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>
interface StreamRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE'
  readonly dynamodb: Readonly<{ Keys: Image; OldImage?: Image; NewImage?: Image; SequenceNumber: string }>
}
interface Shard {
  readonly ShardId: string
  readonly ParentShardId?: string
}

const reading = new Set<string>()
for (;;) {
  for (const table of settings.tables) await takeShards(table).catch(complain)
  await pause(500)
}

async function takeShards(table: string): Promise<void> {
  const { Table } = await call<{ Table: { LatestStreamArn: string } }>('DescribeTable', { TableName: table })
  const StreamArn = Table.LatestStreamArn
  let start: string | undefined
  do {
    const body = start === undefined ? { StreamArn } : { StreamArn, ExclusiveStartShardId: start }
    const { StreamDescription } = await call<{
      StreamDescription: { Shards: readonly Shard[]; LastEvaluatedShardId?: string }
    }>('DescribeStream', body)
    for (const { ShardId, ParentShardId } of StreamDescription.Shards) {
      if (reading.has(ShardId) || !isFree(ShardId)) continue
      if (ParentShardId !== undefined && leaseOf(ParentShardId)?.isFinished !== true) continue
      saveLease(ShardId, { ...leaseOf(ShardId), owner: me, isFinished: false })
      reading.add(ShardId)
      void readShard(table, StreamArn, ShardId)
        .catch(complain)
        .finally(() => reading.delete(ShardId))
    }
    start = StreamDescription.LastEvaluatedShardId
  } while (start !== undefined)
}

async function readShard(table: string, StreamArn: string, ShardId: string): Promise<void> {
  let checkpoint = leaseOf(ShardId)?.checkpoint
  const from =
    checkpoint === undefined
      ? { ShardIteratorType: 'TRIM_HORIZON' }
      : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: checkpoint }
  const first = await call<{ ShardIterator?: string }>('GetShardIterator', { StreamArn, ShardId, ...from })
  let iterator = first.ShardIterator
  while (iterator !== undefined && leaseOf(ShardId)?.owner === me) {
    const page: { Records: readonly StreamRecord[]; NextShardIterator?: string } = await call('GetRecords', {
      ShardIterator: iterator,
    })
    if (page.Records.length > 0) {
      await producer.send({ messages: page.Records.map((record) => toMessage(table, ShardId, record)), acks: -1 })
      checkpoint = page.Records.at(-1)?.dynamodb.SequenceNumber
    }
    iterator = page.NextShardIterator
    if (leaseOf(ShardId)?.owner === me)
      saveLease(ShardId, { owner: me, checkpoint, isFinished: iterator === undefined })
    if (page.Records.length === 0) await pause(200)
  }
}

function toMessage(table: string, shardId: string, { eventName, dynamodb }: StreamRecord) {
  const op = { INSERT: 'c', MODIFY: 'u', REMOVE: 'd' }[eventName]
  const value = { op, before: toPlain(dynamodb.OldImage), after: toPlain(dynamodb.NewImage) }
  return {
    topic: `shop.${table}`,
    key: JSON.stringify(toPlain(dynamodb.Keys)),
    value: JSON.stringify(value),
    // So that the harness can follow what is delivered.
    headers: { 'tailrace.shard': shardId, 'tailrace.seq': dynamodb.SequenceNumber },
  }
}

function toPlain(image: Image | undefined): unknown {
  if (image === undefined) return null
  return Object.fromEntries(Object.entries(image).map(([name, { S, N }]) => [name, S ?? Number(N)]))
}

function isFree(shardId: string): boolean {
  const lease = leaseOf(shardId)
  if (lease === undefined) return true
  return !lease.isFinished && Date.now() - statSync(fileOf(shardId)).mtimeMs > settings.leaseMs
}

function leaseOf(shardId: string): Lease | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(shardId), 'utf8')) as Lease
  } catch {
    return undefined
  }
}

/** In one step: nobody sees half a file. */
function saveLease(shardId: string, lease: Lease): void {
  writeFileSync(`${fileOf(shardId)}.${me}`, JSON.stringify(lease))
  renameSync(`${fileOf(shardId)}.${me}`, fileOf(shardId))
}

function fileOf(shardId: string): string {
  return path.join(settings.leases, shardId)
}

async function call<T>(action: string, body: unknown): Promise<T> {
  const service = action === 'DescribeTable' ? 'DynamoDB_20120810' : 'DynamoDBStreams_20120810'
  const response = await fetch(settings.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `${service}.${action}`,
      // The simulator looks at the form only.
      authorization: `AWS4-HMAC-SHA256 Credential=local/x, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
    },
    body: JSON.stringify(body),
  })
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(`${action}: ${JSON.stringify(answer)}`)
  return answer as T
}

function complain(error: unknown): void {
  process.stderr.write(`${String(error)}\n`)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
