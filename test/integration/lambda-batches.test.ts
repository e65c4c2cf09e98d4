import { randomUUID } from 'node:crypto'
import { expect, inject, it } from 'vitest'
import type { JsonObject } from '../../src/aws/json-object.ts'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import type { LambdaContext } from '../../src/hosts/lambda/create-handler.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { configText, readConfig, startWorker } from '../servers/pipeline-under-test.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'
import { readRecords } from '../servers/whole-records.ts'

const signal = AbortSignal.timeout(120_000)

it('writes each change once, whatever comes again, however it is cut', async () => {
  await using table = await createLocalTable(inject('dynamodb').endpoint)
  const pipeline = newPipeline(table)
  for (let i = 0; i < 10; i++) await table.put({ id: { S: `c${i % 3}` }, n: { N: String(i) } })
  const { records, event } = await readStream(table)
  const first = createHandler({ config: pipeline.config })
  expect(await first(event(records.slice(0, 4)), context())).toEqual({ batchItemFailures: [], state: { kept: 1 } })
  await first(event(records.slice(2, 7)), context())
  // Another sandbox gets what the first one had already; the first one then notices that it is not alone.
  const second = createHandler({ config: pipeline.config })
  await second(event(records.slice(0, 9)), context())
  await Promise.all([first(event(records), context()), second(event(records), context())])
  expect(await first(event([]), context())).toEqual({ batchItemFailures: [], state: { kept: 1 } })
  expect(await numbersIn(pipeline.topic)).toEqual({ c0: [0, 3, 6, 9], c1: [1, 4, 7], c2: [2, 5, 8] })
})

it('refuses what is no batch of its own, and a worker while it is its turn', async () => {
  await using table = await createLocalTable(inject('dynamodb').endpoint)
  await using other = await createLocalTable(inject('dynamodb').endpoint)
  const pipeline = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  await other.put({ id: { S: 'a' }, n: { N: '1' } })
  const { records, event } = await readStream(table)
  const handler = createHandler({ config: pipeline.config })
  const refusal = (batch: unknown): Promise<unknown> =>
    handler(batch, context()).then(
      () => 'taken',
      (error: Error) => error.name,
    )
  expect(await refusal({ Records: [{ eventSource: 'aws:sqs' }] })).toBe('LAMBDA_EVENT_UNKNOWN')
  expect(await refusal({ hello: 'world' })).toBe('LAMBDA_EVENT_UNKNOWN')
  expect(await refusal({ Records: records })).toBe('LAMBDA_NO_SHARD')
  const foreign = await readStream(other)
  expect(await refusal(foreign.event(foreign.records))).toBe('LAMBDA_WRONG_STREAM')
  expect(await refusal(event([...records, ...records]))).toBe('LAMBDA_EVENT_MIXED')
  expect(await refusal(event([...records, ...foreign.records]))).toBe('LAMBDA_EVENT_MIXED')
  await handler(event(records), context())
  const worker = startWorker(readConfig(JSON.stringify(pipeline.config)))
  await expect(worker.ended).rejects.toMatchObject({ code: 'WAY_CONFLICT' })
})

it('gives up in time when the brokers do not answer', async () => {
  await using table = await createLocalTable(inject('dynamodb').endpoint)
  const { config } = newPipeline(table)
  await table.put({ id: { S: 'a' }, n: { N: '1' } })
  const { records, event } = await readStream(table)
  const handler = createHandler({ config: { ...config, 'kafka.bootstrap.servers': '127.0.0.1:1' } })
  const startedAt = performance.now()
  await expect(handler(event(records), context(2_000))).rejects.toThrow(/LAMBDA_OUT_OF_TIME.*KAFKA_UNREACHABLE/)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

interface StreamBatches {
  readonly records: readonly JsonObject[]
  readonly event: (records: readonly JsonObject[]) => unknown
}

/** What the table's only shard holds, and how Lambda would hand parts of it over. */
async function readStream(table: LocalTable): Promise<StreamBatches> {
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
  return { records, event: (batch) => ({ Records: batch, shardId, eventSourceARN: streamArn, ...window }) }
}

function newPipeline(table: LocalTable): {
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

function context(remainingMs = 20_000): LambdaContext {
  return { awsRequestId: randomUUID(), invokedFunctionArn: 'arn', getRemainingTimeInMillis: () => remainingMs }
}

/** Of each item, in the order of the topic. */
async function numbersIn(topic: string): Promise<Readonly<Record<string, number[]>>> {
  const found: Record<string, number[]> = {}
  for (const { value } of await readRecords(inject('kafka').bootstrapServers, topic)) {
    const { after } = JSON.parse(value?.toString() ?? '{}') as { after: { id: string; n: number } }
    ;(found[after.id] ??= []).push(after.n)
  }
  return Object.fromEntries(Object.entries(found).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
