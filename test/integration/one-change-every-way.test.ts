import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { createEventSourceMapping } from '../servers/event-source-mapping/event-source-mapping.ts'
import { defaultMappingSettings } from '../servers/event-source-mapping/mapping.ts'
import { startBridgeUnderTest } from '../servers/kinesis-bridge.ts'
import { createKinesisStream } from '../servers/kinesis-commands.ts'
import { kinesisAccount, kinesisRegion, startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'
import { readRecords } from '../servers/whole-records.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')
const stream = 'golden'
/** What the changes below come to. */
const records = 5

let kinesis: KinesisUnderTest
let cli: CliUnderTest
beforeAll(async () => {
  kinesis = await startKinesisUnderTest()
  cli = openCli()
  await createKinesisStream(kinesis.api, stream, 1)
})
afterAll(async () => {
  cli[Symbol.dispose]()
  await kinesis[Symbol.asyncDispose]()
})

/** When the record was made. */
const ofProcessing = ['value.ts_ms', 'value.ts_us', 'value.ts_ns']
/** What a Kinesis stream says of a change, and cannot know of DynamoDB's own stream; and a more exact time. */
const ofKinesis = [
  'value.source.ts_ms',
  'value.source.ts_us',
  'value.source.ts_ns',
  'value.source.sequence',
  'value.source.sequence_number',
  'value.source.shard_id',
  'headers.tailrace.shard',
  'headers.tailrace.seq',
  // DynamoDB Local has a region and an account of its own in its ARNs, the local Kinesis has others.
  'value.source.db',
  'value.source.account',
]

/** A record, taken apart. */
interface Seen {
  readonly key: string | undefined
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly value: unknown
}

it('makes the same record of a change, whichever way it comes', async () => {
  await using table = await createLocalTable(endpoint)
  await using bridge = startBridgeUnderTest({
    dynamodbEndpoint: endpoint,
    kinesisEndpoint: kinesis.endpoint,
    tables: [table.name],
    stream,
  })
  await change(table)
  await bridge.untilDelivered(4)

  const streams = { type: 'dynamodb-streams', tables: `[${table.name}]` }
  const changes = { type: 'kinesis', 'kinesis.stream': stream, 'kinesis.repair': 'off' }
  const worker = await byWorker(table, streams)
  expect(worker).toHaveLength(records)
  const others = {
    'a function on the table': await byFunction(table, streams),
    'a worker on Kinesis': await byWorker(table, changes),
    'a function on Kinesis': await byFunction(table, changes),
  }
  expect(worker.map(({ value }) => value === null)).toEqual([false, false, false, true, false])
  for (const [way, seen] of Object.entries(others)) {
    const mayDiffer = new Set(way.includes('Kinesis') ? [...ofProcessing, ...ofKinesis] : ofProcessing)
    expect(
      [...differences(worker, seen)].filter((path) => !mayDiffer.has(path)),
      way,
    ).toEqual([])
    expect(seen, way).toHaveLength(records)
  }
}, 120_000)

async function change(table: LocalTable): Promise<void> {
  await table.put({ id: { S: 'a' }, n: { N: '1.10' }, tags: { SS: ['x', 'y'] }, raw: { B: 'AAEC' } })
  await table.put({ id: { S: 'a' }, n: { N: '123456789012345678901234567890.12345678' }, tags: { SS: ['z'] } })
  await table.delete('a')
  await table.put({ id: { S: 'b' }, list: { L: [{ NULL: true }, { M: { deep: { BOOL: false } } }] } })
}

function file(
  name: string,
  table: LocalTable,
  source: Readonly<Record<string, string>>,
): { path: string; topic: string } {
  const topic = `golden-${randomUUID().slice(0, 8)}`
  const lines = Object.entries(source).map(([property, value]) => `source.${property}: ${value}`)
  const text = `
pipeline: ${topic}
lanes: 2
${lines.join('\n')}
source.region: ${kinesisRegion}
source.endpoint: ${endpoint}
${source['type'] === 'kinesis' ? `source.kinesis.endpoint: ${kinesis.endpoint}` : ''}
source.access.key.id: '${kinesisAccount}'
source.secret.access.key: not-a-secret
kafka.bootstrap.servers: ${bootstrapServers}
topic.prefix: golden
topic.name: '${topic}.{table}'
topic.partitions: 1
snapshot.mode: never
http.listen: off
poll.idle.max.ms: 200
log.level: warn
`
  return { path: `${cli.folder}/${cli.file(`${name}-${topic}.yaml`, text)}`, topic: `${topic}.${table.name}` }
}

async function byWorker(table: LocalTable, source: Readonly<Record<string, string>>): Promise<readonly Seen[]> {
  const { path, topic } = file('worker', table, source)
  const worker = cli.start(['run', path])
  try {
    return await written(topic)
  } finally {
    await worker.interrupt()
  }
}

async function byFunction(table: LocalTable, source: Readonly<Record<string, string>>): Promise<readonly Seen[]> {
  const { path, topic } = file('function', table, source)
  const handler = createHandler({ config: path })
  await using streams = connectTo(endpoint)
  const isKinesis = source['type'] === 'kinesis'
  const stop = new AbortController()
  const mapping = createEventSourceMapping({
    kind: isKinesis ? 'kinesis' : 'dynamodb',
    streamArn: isKinesis
      ? `arn:aws:kinesis:${kinesisRegion}:${kinesisAccount}:stream/${stream}`
      : await streamArnOf(streams, table),
    api: isKinesis ? kinesis.api : streams,
    clock: systemClock,
    rng: seededRng(3),
    settings: { ...defaultMappingSettings, tumblingWindowSeconds: isKinesis ? 0 : 1 },
    pace: { pollMs: 100 },
    invoke: async (event) => ({ kind: 'answer', body: await handler(event, context) }),
  })
  const running = mapping.run(stop.signal)
  try {
    return await Promise.race([written(topic), running.then(() => [])])
  } finally {
    stop.abort(new Error('enough'))
    await running
  }
}

const context = { awsRequestId: 'request', invokedFunctionArn: 'arn', getRemainingTimeInMillis: () => 30_000 }

async function streamArnOf(api: AwsApi, table: LocalTable): Promise<string> {
  const request = { service: 'streams', action: 'ListStreams', body: { TableName: table.name } } as const
  const { Streams: streams } = (await api.call(request, AbortSignal.timeout(10_000))) as {
    readonly Streams: readonly { readonly StreamArn: string }[]
  }
  return streams[0]?.StreamArn ?? ''
}

async function written(topic: string): Promise<readonly Seen[]> {
  await expect
    .poll(async () => (await readRecords(bootstrapServers, topic)).length, { timeout: 30_000, interval: 200 })
    .toBeGreaterThanOrEqual(records)
  return (await readRecords(bootstrapServers, topic)).map(({ key, headers, value }) => ({
    key: key?.toString(),
    headers: Object.fromEntries(headers.map(([name, content]) => [name, content?.toString()])),
    value: value === null ? null : (JSON.parse(value.toString()) as unknown),
  }))
}

/** Names of what is not the same in two lists of records. */
function differences(a: readonly Seen[], b: readonly Seen[]): ReadonlySet<string> {
  return new Set(a.flatMap((one, at) => differing(one, b[at], [])))
}

function differing(a: unknown, b: unknown, path: readonly string[]): readonly string[] {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null)
    return Object.is(a, b) ? [] : [path.join('.')]
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  const of = (value: object, name: string): unknown => (value as Readonly<Record<string, unknown>>)[name]
  return [...names].flatMap((name) => differing(of(a, name), of(b, name), [...path, name]))
}
