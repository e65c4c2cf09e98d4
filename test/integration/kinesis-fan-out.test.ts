import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { createAwsStreams } from '../../src/aws/event-stream-api.ts'
import { isJsonObject } from '../../src/aws/json-object.ts'
import type { AwsStreams } from '../../src/aws/aws-streams.ts'
import type { SourceEvent } from '../../src/sources/source-event.ts'
import { createFanOutPages } from '../../src/sources/kinesis/fan-out-pages.ts'
import { createKinesisContext } from '../../src/sources/kinesis/kinesis-context.ts'
import type { KinesisContext } from '../../src/sources/kinesis/kinesis-context.ts'
import { createPolledPages } from '../../src/sources/kinesis/polled-pages.ts'
import { defaultPolling } from '../../src/sources/kinesis/polling.ts'
import type { PageStart, PlainRecord, RecordPages } from '../../src/sources/kinesis/record-pages.ts'
import { createStreamConsumer } from '../../src/sources/kinesis/stream-consumer.ts'
import type { StreamConsumer } from '../../src/sources/kinesis/stream-consumer.ts'
import {
  createKinesisStream,
  deleteKinesisStream,
  kinesisCall,
  putKinesisRecords,
} from '../servers/kinesis-commands.ts'
import { kinesisAccount, kinesisRegion, startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'

let kinesis: KinesisUnderTest
let streams: AwsStreams
let context: KinesisContext
const events: SourceEvent[] = []

beforeAll(async () => {
  kinesis = await startKinesisUnderTest()
  const clock = systemClock
  context = createKinesisContext({
    api: kinesis.api,
    clock,
    rng: seededRng(1),
    onEvent: (event) => events.push(event),
  })
  streams = createAwsStreams({
    clock,
    region: kinesisRegion,
    overrides: { kinesis: kinesis.endpoint },
    credentials: createCredentialsCache({
      clock,
      load: () => Promise.resolve({ accessKeyId: kinesisAccount, secretAccessKey: 'local' }),
    }),
  })
})

afterAll(() => kinesis[Symbol.asyncDispose]())

const never = new AbortController().signal
const shardIds = ['shardId-000000000000', 'shardId-000000000001']

interface OpenStream {
  readonly name: string
  readonly label: string
  readonly consumer: StreamConsumer
}

async function openStream(name: string): Promise<OpenStream> {
  await createKinesisStream(kinesis.api, name, shardIds.length)
  const description = await context.descriptions.get(name, systemClock.monotonic(), never)
  const label = description?.label ?? ''
  return { name, label, consumer: createStreamConsumer(context, { streamArn: label, name: 'tailrace-test' }) }
}

function byFanOut({ label, consumer }: OpenStream, shardId: string, start: PageStart): RecordPages {
  return createFanOutPages(context, { streamArn: label, shardId, start, consumer, streams })
}

function byPolling({ label }: OpenStream, shardId: string, start: PageStart): RecordPages {
  const shard = { streamArn: label, shardId, start, polling: defaultPolling, recordLimit: 100 }
  return createPolledPages(context, shard)
}

/** All records up to a page that says that nothing is behind it. */
async function readAll(pages: RecordPages): Promise<readonly PlainRecord[]> {
  const records: PlainRecord[] = []
  for (;;) {
    const page = await pages.next(AbortSignal.timeout(30_000))
    records.push(...page.records)
    if (page.records.length === 0 && page.millisBehindLatest === 0) return records
  }
}

async function consumersOf({ label }: OpenStream): Promise<unknown> {
  const StreamARN = label.slice(0, label.lastIndexOf('/'))
  const answer = await kinesisCall(kinesis.api, 'ListStreamConsumers', { StreamARN })
  return isJsonObject(answer) ? answer['Consumers'] : undefined
}

const put = (name: string, from: number, count: number): Promise<unknown> =>
  putKinesisRecords(
    kinesis.api,
    name,
    Array.from({ length: count }, (_, i) => ({
      partitionKey: `key-${(from + i) % 50}`,
      data: Buffer.from(`${from + i} ${'x'.repeat((i * 37) % 900)}`),
    })),
  )

test('fan-out gives the very records that polling gives, from the oldest, a position and a time', async () => {
  const stream = await openStream('same')
  await put('same', 0, 1_500)
  for (const [index, shardId] of shardIds.entries()) {
    const polled = byPolling(stream, shardId, { kind: 'oldest' })
    const pushed = byFanOut(stream, shardId, { kind: 'oldest' })
    const expected = await readAll(polled)
    expect(expected.length).toBeGreaterThan(500)
    expect(await readAll(pushed)).toEqual(expected)
    // Both go on where they are.
    await put('same', 2_000 + 1_000 * index, 300)
    const further = await readAll(polled)
    expect(further.length).toBeGreaterThan(50)
    expect(await readAll(pushed)).toEqual(further)
    await pushed.close()

    const middle = expected[expected.length >> 1]
    const start: PageStart = { kind: 'after', sequenceNumber: middle?.sequenceNumber ?? '' }
    const behind = byFanOut(stream, shardId, start)
    // Its subscription takes the place of the one that was closed, as soon as that is five seconds old.
    expect(await readAll(behind)).toEqual(await readAll(byPolling(stream, shardId, start)))
    await behind.close()
  }
  const late: PageStart = { kind: 'time', atMs: systemClock.now() }
  const [shardId = ''] = shardIds
  const since = byFanOut(stream, shardId, late)
  expect(await readAll(since)).toEqual([])
  await put('same', 9_000, 200)
  expect(await readAll(since)).toEqual(await readAll(byPolling(stream, shardId, late)))
  await since.close()
})

// The real service gives the shard to whoever comes last; this one leaves it with whoever is there.
test('a reader waits for a shard that another one has subscribed to, and each goes on where it was', async () => {
  const stream = await openStream('contested')
  const [shardId = ''] = shardIds
  await put('contested', 0, 200)
  const first = byFanOut(stream, shardId, { kind: 'oldest' })
  const earlier = await readAll(first)
  const second = byFanOut(stream, shardId, { kind: 'oldest' })
  events.length = 0
  const waiting = readAll(second)
  const inUse = expect.objectContaining({ code: 'SUBSCRIPTION_IN_USE', shardId })
  await expect.poll(() => events, { timeout: 10_000 }).toContainEqual(inUse)
  await first.close()
  expect(await waiting).toEqual(earlier)
  await second.close()
  await put('contested', 200, 200)
  const all = await readAll(byPolling(stream, shardId, { kind: 'oldest' }))
  expect(all.length).toBeGreaterThan(earlier.length)
  expect([...earlier, ...(await readAll(first))]).toEqual(all)
  await first.close()
})

test('a consumer that the service does not know is registered anew', async () => {
  const stream = await openStream('renewed')
  const [shardId = ''] = shardIds
  await put('renewed', 0, 100)
  // As if it had been deregistered; this service often leaves one that is in the state DELETING for ever.
  let unknown: string | undefined = `${stream.label.slice(0, stream.label.lastIndexOf('/'))}/consumer/gone:1`
  const consumer: StreamConsumer = {
    arn: (signal) => (unknown === undefined ? stream.consumer.arn(signal) : Promise.resolve(unknown)),
    forget: (arn) => {
      if (arn === unknown) unknown = undefined
    },
  }
  const pages = byFanOut({ ...stream, consumer }, shardId, { kind: 'oldest' })
  expect(await readAll(pages)).toEqual(await readAll(byPolling(stream, shardId, { kind: 'oldest' })))
  expect(await consumersOf(stream)).toMatchObject([{ ConsumerName: 'tailrace-test', ConsumerStatus: 'ACTIVE' }])
  await pages.close()
})

test('a stream that takes the name of a deleted one is neither read nor given a consumer', async () => {
  const stream = await openStream('recreated')
  const [shardId = ''] = shardIds
  await deleteKinesisStream(kinesis.api, 'recreated')
  await createKinesisStream(kinesis.api, 'recreated', shardIds.length)
  await put('recreated', 0, 10)
  const orphan = byFanOut(stream, shardId, { kind: 'oldest' })
  await expect(readAll(orphan)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
  expect(await consumersOf(stream)).toEqual([])
})
