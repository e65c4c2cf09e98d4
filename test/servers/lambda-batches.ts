import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import type { JsonObject } from '../../src/aws/json-object.ts'
import type { LambdaContext } from '../../src/hosts/lambda/create-handler.ts'
import type { LocalTable } from './local-table.ts'
import { configText, readConfig } from './pipeline-under-test.ts'
import { connectTo } from './stream-simulator/simulator-client.ts'
import { readRecords } from './whole-records.ts'

const signal = new AbortController().signal

/** A stream as Lambda would hand it over. */
export interface StreamBatches {
  readonly streamArn: string
  readonly records: readonly JsonObject[]
  readonly event: (records: readonly JsonObject[]) => unknown
}

/** What the table's only shard holds, and how Lambda would hand parts of it over. */
export async function readStream(table: LocalTable): Promise<StreamBatches> {
  await using api = connectTo(inject('dynamodb').endpoint)
  const call = async (action: string, body: JsonObject): Promise<JsonObject> =>
    (await api.call({ service: 'streams', action, body }, signal)) as JsonObject
  const { Streams: streams } = (await call('ListStreams', { TableName: table.name })) as {
    readonly Streams: readonly { readonly StreamArn: string }[]
  }
  const streamArn = streams[0]?.StreamArn ?? ''
  const { StreamDescription: description } = (await call('DescribeStream', { StreamArn: streamArn })) as {
    readonly StreamDescription: { readonly Shards: readonly { readonly ShardId: string }[] }
  }
  const shardId = description.Shards[0]?.ShardId ?? ''
  const start = { StreamArn: streamArn, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }
  const { ShardIterator: iterator } = await call('GetShardIterator', start)
  const { Records: wires } = (await call('GetRecords', { ShardIterator: iterator })) as {
    readonly Records: readonly JsonObject[]
  }
  const records = wires.map((record) => ({ ...record, eventSourceARN: streamArn }))
  const window = { state: { kept: 1 }, window: { start: '2026-11-01T08:00:00Z', end: '2026-11-01T08:00:01Z' } }
  return { streamArn, records, event: (batch) => ({ Records: batch, shardId, eventSourceARN: streamArn, ...window }) }
}

/** A pipeline of one table that nobody has run before. */
export function newPipeline(table: LocalTable): {
  readonly config: Readonly<Record<string, unknown>>
  readonly topic: string
} {
  const pipeline = `lambda-${randomUUID().slice(0, 8)}`
  const { bootstrapServers } = inject('kafka')
  const config = readConfig(
    configText({ pipeline, endpoint: inject('dynamodb').endpoint, bootstrapServers, tables: [table.name] }),
  )
  return {
    config: {
      pipeline,
      lanes: 3,
      'source.region': 'eu-central-1',
      'source.endpoint': inject('dynamodb').endpoint,
      'source.tables': [table.name],
      'source.access.key.id': 'local',
      'source.secret.access.key': 'not-a-secret',
      'kafka.bootstrap.servers': bootstrapServers,
      'topic.partitions': 2,
      'snapshot.mode': 'never',
      'log.level': 'warn',
    },
    topic: `${config.topic.prefix}.${table.name}`,
  }
}

/** Of an invocation that is given so long. */
export function context(remainingMs = 20_000, invokedFunctionArn = 'arn'): LambdaContext {
  return { awsRequestId: randomUUID(), invokedFunctionArn, getRemainingTimeInMillis: () => remainingMs }
}

/** Of each item, in the order of the topic. */
export async function numbersIn(topic: string): Promise<Readonly<Record<string, number[]>>> {
  const found: Record<string, number[]> = {}
  for (const { value } of await readRecords(inject('kafka').bootstrapServers, topic)) {
    const { after } = JSON.parse(value?.toString() ?? '{}') as { after: { id: string; n: number } }
    ;(found[after.id] ??= []).push(after.n)
  }
  return Object.fromEntries(Object.entries(found).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
