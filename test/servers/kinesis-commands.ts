import { systemClock } from '../../src/async/system-clock.ts'
import { AwsServiceError } from '../../src/aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../src/aws/aws.ts'
import { isJsonObject } from '../../src/aws/json-object.ts'

/** What a test does to Kinesis, be it kinesis-local or the simulator. Streams are named; each call waits for its effect. */

const deadlineMs = 30_000
const recordsAtOnce = 500

/** A record to be written. `explicitHashKey` decides the shard instead of the partition key's hash. */
export interface KinesisPut {
  readonly partitionKey: string
  readonly data: Buffer
  readonly explicitHashKey?: string
}

/** Where a record went. */
export interface KinesisPlace {
  readonly shardId: string
  readonly sequenceNumber: string
}

/** A shard as ListShards shows it. */
export interface ListedShard {
  readonly shardId: string
  readonly parentShardId: string | undefined
  readonly adjacentParentShardId: string | undefined
  readonly startingHashKey: string
  readonly endingHashKey: string
  readonly startingSequenceNumber: string
  /** Undefined while it is open. */
  readonly endingSequenceNumber: string | undefined
}

/** One request to Kinesis. */
export function kinesisCall(api: AwsApi, action: string, body: AwsRequest['body']): Promise<unknown> {
  const hasEmptyAnswer = emptyAnswers.has(action)
  return api.call({ service: 'kinesis', action, body, hasEmptyAnswer }, AbortSignal.timeout(deadlineMs))
}

const emptyAnswers: ReadonlySet<string> = new Set([
  'CreateStream',
  'DecreaseStreamRetentionPeriod',
  'DeleteStream',
  'DeregisterStreamConsumer',
  'IncreaseStreamRetentionPeriod',
  'MergeShards',
  'SplitShard',
  'UpdateStreamMode',
])

/** Makes a stream of so many shards, and waits until it is active. On-demand streams have four shards at first. */
export async function createKinesisStream(api: AwsApi, name: string, shards: number | 'on-demand' = 1): Promise<void> {
  await kinesisCall(api, 'CreateStream', {
    StreamName: name,
    ...(shards === 'on-demand' ? { StreamModeDetails: { StreamMode: 'ON_DEMAND' } } : { ShardCount: shards }),
  })
  await untilStreamActive(api, name)
}

/** Deletes a stream, and waits until it is unknown: from then on its name may be used again. */
export async function deleteKinesisStream(api: AwsApi, name: string): Promise<void> {
  await kinesisCall(api, 'DeleteStream', { StreamName: name })
  await until(async () => {
    try {
      await describeKinesisStream(api, name)
      return false
    } catch (error) {
      if (error instanceof AwsServiceError && error.type === 'ResourceNotFoundException') return true
      throw error
    }
  })
}

/** The description summary. */
export async function describeKinesisStream(api: AwsApi, name: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await kinesisCall(api, 'DescribeStreamSummary', { StreamName: name })
  return objectOf(objectOf(answer)['StreamDescriptionSummary'])
}

/** Waits until nothing is under way. */
export async function untilStreamActive(api: AwsApi, name: string): Promise<void> {
  await until(async () => (await describeKinesisStream(api, name))['StreamStatus'] === 'ACTIVE')
}

/** Writes records in their order, 500 at once. Throws if one is refused. */
export async function putKinesisRecords(
  api: AwsApi,
  name: string,
  records: readonly KinesisPut[],
): Promise<readonly KinesisPlace[]> {
  const places: KinesisPlace[] = []
  for (let at = 0; at < records.length; at += recordsAtOnce) {
    const answer = await kinesisCall(api, 'PutRecords', {
      StreamName: name,
      Records: records.slice(at, at + recordsAtOnce).map((record) => ({
        PartitionKey: record.partitionKey,
        Data: record.data.toString('base64'),
        ...(record.explicitHashKey === undefined ? {} : { ExplicitHashKey: record.explicitHashKey }),
      })),
    })
    const { FailedRecordCount: failed, Records: results } = objectOf(answer)
    if (failed !== undefined && failed !== 0) throw new Error(`of ${records.length} records some were refused`)
    for (const result of listOf(results))
      places.push({ shardId: textOf(result['ShardId']), sequenceNumber: textOf(result['SequenceNumber']) })
  }
  return places
}

/** Halves a shard's range of hash keys, and waits until its children are open. */
export async function splitKinesisShard(api: AwsApi, name: string, shardId: string): Promise<void> {
  const shard = (await listKinesisShards(api, name)).find((listed) => listed.shardId === shardId)
  if (shard === undefined) throw new Error(`no shard ${shardId}`)
  const middle = (BigInt(shard.startingHashKey) + BigInt(shard.endingHashKey) + 1n) / 2n
  await kinesisCall(api, 'SplitShard', {
    StreamName: name,
    ShardToSplit: shardId,
    NewStartingHashKey: middle.toString(),
  })
  await untilStreamActive(api, name)
}

/** Merges two neighbours, and waits until their child is open. */
export async function mergeKinesisShards(api: AwsApi, name: string, shardId: string, adjacent: string): Promise<void> {
  await kinesisCall(api, 'MergeShards', { StreamName: name, ShardToMerge: shardId, AdjacentShardToMerge: adjacent })
  await untilStreamActive(api, name)
}

/** Splits or merges everything until there are so many open shards. */
export async function updateKinesisShardCount(api: AwsApi, name: string, shards: number): Promise<void> {
  await kinesisCall(api, 'UpdateShardCount', {
    StreamName: name,
    TargetShardCount: shards,
    ScalingType: 'UNIFORM_SCALING',
  })
  await untilStreamActive(api, name)
}

/** All shards, page by page. */
export async function listKinesisShards(
  api: AwsApi,
  name: string,
  filter?: AwsRequest['body'],
): Promise<readonly ListedShard[]> {
  const shards: ListedShard[] = []
  let token: unknown
  do {
    const body =
      token === undefined
        ? { StreamName: name, ...(filter === undefined ? {} : { ShardFilter: filter }) }
        : { NextToken: token }
    const answer = objectOf(await kinesisCall(api, 'ListShards', body))
    shards.push(...listOf(answer['Shards']).map(shardOf))
    token = answer['NextToken']
  } while (typeof token === 'string')
  return shards
}

/** Everything that a shard holds now, as the wire has it: up to its end, or to an answer that says that nothing is behind. */
export async function readKinesisShard(
  api: AwsApi,
  name: string,
  shardId: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const records: Readonly<Record<string, unknown>>[] = []
  const first = objectOf(
    await kinesisCall(api, 'GetShardIterator', {
      StreamName: name,
      ShardId: shardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  )
  let iterator: unknown = first['ShardIterator']
  while (typeof iterator === 'string') {
    const page = objectOf(await kinesisCall(api, 'GetRecords', { ShardIterator: iterator, Limit: 10_000 }))
    const found = listOf(page['Records'])
    records.push(...found)
    if (found.length === 0 && page['MillisBehindLatest'] === 0) return records
    iterator = page['NextShardIterator']
  }
  return records
}

function shardOf(shard: Readonly<Record<string, unknown>>): ListedShard {
  const hashKeys = objectOf(shard['HashKeyRange'])
  const numbers = objectOf(shard['SequenceNumberRange'])
  return {
    shardId: textOf(shard['ShardId']),
    parentShardId: optionalText(shard['ParentShardId']),
    adjacentParentShardId: optionalText(shard['AdjacentParentShardId']),
    startingHashKey: textOf(hashKeys['StartingHashKey']),
    endingHashKey: textOf(hashKeys['EndingHashKey']),
    startingSequenceNumber: textOf(numbers['StartingSequenceNumber']),
    endingSequenceNumber: optionalText(numbers['EndingSequenceNumber']),
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonic() + deadlineMs
  while (!(await isSo())) {
    if (systemClock.monotonic() > deadline) throw new Error('Kinesis did not get there in time')
    await systemClock.sleep(10)
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) throw new Error('Kinesis answered without an object')
  return value
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('Kinesis answered without a text')
  return value
}

function optionalText(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : textOf(value)
}
