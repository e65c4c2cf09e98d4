import { seededRng } from '../src/async/rng.ts'
import { parseJson } from '../src/aws/exact-json.ts'
import { isJsonObject } from '../src/aws/json-object.ts'
import { kinesisChange } from '../src/hosts/demo/kinesis-change.ts'
import { makeChange } from './replay-backlog.ts'

/** Operations of Kinesis by their names. Throws for what is refused. */
export type KinesisOperations = Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => Buffer>>

/** The table in whose name the records are. */
const tableName = 'orders'
const pageRecords = 1_000
/** Milliseconds between two changes of a shard. */
const stepMs = 2
const firstSequenceNumber = 49590338271490256608559692538361571095921575989136588898n
const ageMs = 3_600_000

/**
 * The changes of `createBacklog` as DynamoDB puts them into a Kinesis stream: every name of a stream means a fresh one, whose
 * oldest change was made an hour ago. As with Kinesis itself, answers have no checksum.
 */
export function createKinesisBacklog(options: {
  readonly records: number
  readonly shards: number
  readonly nowMs: () => number
}): KinesisOperations {
  const { records, shards, nowMs } = options
  const perShard = Math.ceil(records / shards)
  const beganAtMs = nowMs() - ageMs
  const shardIds = Array.from({ length: shards }, (_, index) => `shardId-${String(index).padStart(12, '0')}`)
  const pages = shardIds.map((_, shardIndex) => encodeShard(shardIndex, perShard, beganAtMs))
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const indexOf = (shardId: unknown): number => {
    const index = shardIds.indexOf(String(shardId))
    if (index === -1) throw new Error(`there is no shard ${String(shardId)}`)
    return index
  }
  return {
    DescribeStreamSummary: ({ StreamName, StreamARN }) => json(summaryOf(String(StreamName ?? StreamARN), shards)),
    ListShards: ({ ShardFilter }) =>
      json({ Shards: ShardFilter === undefined ? shardIds.map((id, at) => shardOf(id, at, shards)) : [] }),
    GetShardIterator: ({ ShardId, ShardIteratorType: type, StartingSequenceNumber: after }) => {
      const shardIndex = indexOf(ShardId)
      const page = type === 'TRIM_HORIZON' ? 0 : pageBehind(shardIndex, String(after))
      if (type !== 'TRIM_HORIZON' && type !== 'AFTER_SEQUENCE_NUMBER') throw new Error('only the ends of pages')
      return json({ ShardIterator: iteratorOf(shardIndex, page) })
    },
    GetRecords: ({ ShardIterator }) => {
      const [, shardIndex = -1, page = 0] = String(ShardIterator).split('-').map(Number)
      const found = pages[shardIndex]?.[page]
      const lastAtMs = beganAtMs + Math.min((page + 1) * pageRecords, perShard) * stepMs
      const behindMs = (page + 1) * pageRecords < perShard ? nowMs() - lastAtMs : 0
      const next = iteratorOf(shardIndex, found === undefined ? page : page + 1)
      const head = Buffer.from(`{"MillisBehindLatest":${behindMs},"NextShardIterator":"${next}","Records":[`)
      return Buffer.concat([head, found ?? Buffer.alloc(0), Buffer.from(']}')])
    },
  }
}

/** Pages of records, without what is around them. */
function encodeShard(shardIndex: number, perShard: number, beganAtMs: number): readonly Buffer[] {
  const rng = seededRng(shardIndex + 1)
  const pages: Buffer[] = []
  for (let from = 0; from < perShard; from += pageRecords) {
    const page: string[] = []
    for (let index = from; index < Math.min(from + pageRecords, perShard); index++) {
      const createdAtMs = beganAtMs + index * stepMs
      const sequenceNumber = String(sequenceNumberOf(shardIndex, index))
      const wire = { sequenceNumber, createdAtS: Math.floor(createdAtMs / 1000) }
      const record = parseJson(Buffer.from(makeChange(shardIndex, index, rng, wire).json))
      if (!isJsonObject(record)) throw new Error('a change is no object')
      const change = kinesisChange(record, {
        tableName,
        createdAtMicros: createdAtMs * 1000,
        precision: 'MILLISECOND',
      })
      page.push(
        `{"SequenceNumber":"${sequenceNumber}","ApproximateArrivalTimestamp":${createdAtMs / 1000},"Data":"${change.data.toString('base64')}","PartitionKey":"${change.partitionKey}"}`,
      )
    }
    pages.push(Buffer.from(page.join()))
  }
  return pages
}

function sequenceNumberOf(shardIndex: number, index: number): bigint {
  return firstSequenceNumber + BigInt(shardIndex) * 1_000_000_000n + BigInt(index)
}

function pageBehind(shardIndex: number, sequenceNumber: string): number {
  return Math.ceil((Number(BigInt(sequenceNumber) - sequenceNumberOf(shardIndex, 0)) + 1) / pageRecords)
}

function iteratorOf(shardIndex: number, page: number): string {
  return `iterator-${shardIndex}-${page}-${'0'.repeat(180)}`
}

function shardOf(shardId: string, index: number, shards: number): unknown {
  const share = 2n ** 128n / BigInt(shards)
  const end = index + 1 === shards ? 2n ** 128n : share * BigInt(index + 1)
  return {
    ShardId: shardId,
    HashKeyRange: { StartingHashKey: String(share * BigInt(index)), EndingHashKey: String(end - 1n) },
    SequenceNumberRange: { StartingSequenceNumber: String(firstSequenceNumber) },
  }
}

function summaryOf(nameOrArn: string, shards: number): unknown {
  const name = nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1)
  return {
    StreamDescriptionSummary: {
      StreamName: name,
      StreamARN: `arn:aws:kinesis:us-east-1:123456789012:stream/${name}`,
      StreamStatus: 'ACTIVE',
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      RetentionPeriodHours: 168,
      StreamCreationTimestamp: 1_795_161_600,
      EnhancedMonitoring: [],
      EncryptionType: 'NONE',
      OpenShardCount: shards,
      ConsumerCount: 0,
    },
  }
}
