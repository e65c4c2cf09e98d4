import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import { createCommittedReader } from '../../src/kafka/committed-reader.ts'
import { createClusterMetadata } from '../../src/kafka/cluster-metadata.ts'
import { createCoordinators } from '../../src/kafka/coordinators.ts'
import { createGroupRequests } from '../../src/kafka/group-requests.ts'
import type { GroupRequests } from '../../src/kafka/group-requests.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { createWire } from '../../src/kafka/wire.ts'
import { apiKeys } from '../faults/kafka-apis.ts'
import { startProxiedKafka } from '../faults/proxied-kafka.ts'
import type { ProxiedKafka } from '../faults/proxied-kafka.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { openRawProducer, textRecord } from '../servers/raw-producer.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { signal } = new AbortController()
const stack = new AsyncDisposableStack()
const fencedCodes = [47, 90]
let proxied: ProxiedKafka
let kafka: KafkaApi
let direct: KafkaApi

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder())
  proxied = stack.use(await startProxiedKafka({ directory: folder.path, clock, rng }))
  kafka = stack.use(connectKafka(proxied.bootstrapServers, { requestTimeoutMs: 1500 }))
  direct = stack.use(connectKafka(proxied.directServers))
})

afterEach(async () => {
  await proxied.proxy.clear()
  const [error] = proxied.proxy.errors
  if (error !== undefined) throw error
})

afterAll(() => stack.disposeAsync())

/** Keys of the committed records of partition 0, read past the proxy. */
async function committedKeys(topic: string): Promise<readonly string[]> {
  const { highWatermark } = await direct.offsets(topic, 0, signal)
  const keys: string[] = []
  // Up to the high watermark: this also waits until nothing is open below it.
  const reader = createCommittedReader({ kafka: direct, topic, partition: 0, from: 0n, until: highWatermark })
  for await (const { records } of reader.read(signal)) keys.push(...records.map(({ key }) => String(key)))
  return keys
}

test('a client that comes in through the proxy stays on it, and a transaction passes untouched', async () => {
  const topic = await makeTopic(kafka)
  const before = proxied.proxy.requests.get('EndTxn') ?? 0
  const producer = await openRawProducer(kafka, `${topic}.lane`)
  await producer.write([textRecord(topic, 0, 'first')])
  await producer.end('commit')
  await producer.write([textRecord(topic, 0, 'second')])
  await producer.end('abort')
  await producer.write([textRecord(topic, 0, 'third')])
  await producer.end('commit')
  expect(await committedKeys(topic)).toEqual(['first', 'third'])
  expect(proxied.proxy.requests.get('EndTxn')).toBe(before + 3)
  expect(proxied.proxy.requests.get('Produce')).toBeGreaterThanOrEqual(3)
})

test('frames in crumbs are still frames', async () => {
  const { proxy } = proxied
  const topic = await makeTopic(kafka)
  proxy.add({ kind: 'slicer', direction: 'upstream', minBytes: 1, maxBytes: 7 })
  proxy.add({ kind: 'slicer', direction: 'downstream', minBytes: 1, maxBytes: 7 })
  const producer = await openRawProducer(kafka, `${topic}.lane`)
  await producer.write([textRecord(topic, 0, 'crumbs')])
  await producer.end('commit')
  expect(await committedKeys(topic)).toEqual(['crumbs'])
})

test.each([
  ['close', 'KAFKA_UNREACHABLE'],
  ['black-hole', 'KAFKA_TIMEOUT'],
] as const)(
  'drop-response of Produce (%s): the record is there, the client sees a failure',
  async (afterwards, code) => {
    const topic = await makeTopic(kafka)
    const producer = await openRawProducer(kafka, null)
    const lost = proxied.proxy.add({ kind: 'drop-response', apiKey: apiKeys.Produce, afterwards, count: 1 })
    await expect(producer.write([textRecord(topic, 0, 'applied')])).rejects.toMatchObject({ code })
    expect(lost.struck).toBe(1)
    expect(await committedKeys(topic)).toEqual(['applied'])
    // The same batch once more is known to the broker by its sequence number.
    await producer.write([textRecord(topic, 0, 'applied')])
    expect(await committedKeys(topic)).toEqual(['applied'])
  },
)

test('duplicate-request of Produce: the broker knows the batch by its sequence number', async () => {
  const topic = await makeTopic(kafka)
  const producer = await openRawProducer(kafka, null)
  const twice = proxied.proxy.add({ kind: 'duplicate-request', apiKey: apiKeys.Produce, afterMs: 20, count: 1 })
  await producer.write([textRecord(topic, 0, 'once')])
  await expect.poll(() => twice.answers).toMatchObject([{ apiKey: apiKeys.Produce, errorCode: 0 }])
  expect(await committedKeys(topic)).toEqual(['once'])
})

test('duplicate-request of EndTxn: a copy after it is done gets the same answer, and the next one is untouched', async () => {
  const topic = await makeTopic(kafka)
  const transactionalId = `${topic}.lane`
  const producer = await openRawProducer(kafka, transactionalId)
  const twice = proxied.proxy.add({ kind: 'duplicate-request', apiKey: apiKeys.EndTxn, count: 1 })
  await producer.write([textRecord(topic, 0, 'first')])
  await producer.end('commit')
  const state = async (): Promise<string | undefined> =>
    (await direct.describeTransactions([transactionalId], signal)).get(transactionalId)?.state
  await expect.poll(state).toBe('CompleteCommit')
  const { producerId, producerEpoch } = producer.identity
  expect(await twice.release()).toMatchObject([{ errorCode: 0, fields: { producerId, producerEpoch } }])
  await producer.write([textRecord(topic, 0, 'second')])
  await producer.end('commit')
  expect(await committedKeys(topic)).toEqual(['first', 'second'])
})

test('duplicate-request of EndTxn: a copy amid the next transaction is refused and does not touch it', async () => {
  const topic = await makeTopic(kafka)
  const transactionalId = `${topic}.lane`
  const producer = await openRawProducer(kafka, transactionalId)
  const twice = proxied.proxy.add({
    kind: 'duplicate-request',
    apiKey: apiKeys.EndTxn,
    count: 1,
    whenRequest: ({ fields }) => fields?.['transactionalId'] === transactionalId && fields['committed'] === true,
  })
  await producer.write([textRecord(topic, 0, 'first')])
  await producer.end('commit')
  await producer.write([textRecord(topic, 0, 'second')])
  expect(twice).toMatchObject({ holding: 1, answers: [] })

  const [answer] = await twice.release()
  expect(fencedCodes).toContain(answer?.errorCode)
  expect((await direct.describeTransactions([transactionalId], signal)).get(transactionalId)?.state).toBe('Ongoing')
  await producer.write([textRecord(topic, 0, 'third')])
  await producer.end('commit')
  expect(await committedKeys(topic)).toEqual(['first', 'second', 'third'])
})

test('delay-request of EndTxn: released past the time-out, amid the next transaction, it is refused', async () => {
  const topic = await makeTopic(kafka)
  const transactionalId = `${topic}.lane`
  const producer = await openRawProducer(kafka, transactionalId)
  const late = proxied.proxy.add({ kind: 'delay-request', apiKey: apiKeys.EndTxn, count: 1 })
  await producer.write([textRecord(topic, 0, 'in doubt')])
  await expect(producer.end('commit')).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
  const successor = await openRawProducer(kafka, transactionalId)
  await successor.write([textRecord(topic, 0, 'second')])

  expect(late.holding).toBe(1)
  const [answer] = await late.release()
  expect(fencedCodes).toContain(answer?.errorCode)
  expect((await direct.describeTransactions([transactionalId], signal)).get(transactionalId)?.state).toBe('Ongoing')
  await successor.end('commit')
  expect(await committedKeys(topic)).toEqual(['second'])
})

test('delay-request with a time only delays, and what is late past the time-out still has its effect', async () => {
  const topic = await makeTopic(kafka)
  const producer = await openRawProducer(kafka, null)
  const slow = proxied.proxy.add({ kind: 'delay-request', apiKey: apiKeys.Produce, ms: 100, count: 1 })
  const since = clock.monotonic()
  await producer.write([textRecord(topic, 0, 'slow')])
  expect(clock.monotonic() - since).toBeGreaterThan(90)
  await slow.remove()

  const late = proxied.proxy.add({ kind: 'delay-request', apiKey: apiKeys.Produce, count: 1 })
  await expect(producer.write([textRecord(topic, 0, 'late')])).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
  expect(await committedKeys(topic)).toEqual(['slow'])
  const [answer] = await late.release()
  expect(answer).toMatchObject({ apiKey: apiKeys.Produce, errorCode: 0 })
  expect(await committedKeys(topic)).toEqual(['slow', 'late'])
})

test('reorder: the request that came second is done first', async () => {
  const topic = await makeTopic(kafka)
  const [one, two] = [await openRawProducer(kafka, null), await openRawProducer(kafka, null)]
  const swap = proxied.proxy.add({ kind: 'reorder', apiKey: apiKeys.Produce, count: 1 })
  const first = one.write([textRecord(topic, 0, 'sent first')])
  await swap.whenStruck()
  await two.write([textRecord(topic, 0, 'sent second')])
  await first
  expect(await committedKeys(topic)).toEqual(['sent second', 'sent first'])
})

test('close-mid-frame: of an answer the client gets a part, of a request the broker does', async () => {
  const topic = await makeTopic(kafka)
  const producer = await openRawProducer(kafka, null)
  const { proxy } = proxied
  const cut = proxy.add({ kind: 'close-mid-frame', apiKey: apiKeys.Produce, bytes: 11, count: 1 })
  await expect(producer.write([textRecord(topic, 0, 'applied')])).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  expect(await committedKeys(topic)).toEqual(['applied'])
  await cut.remove()
  proxy.add({
    kind: 'close-mid-frame',
    apiKey: apiKeys.Produce,
    bytes: 60,
    direction: 'upstream',
    ending: 'reset',
    count: 1,
  })
  const other = await openRawProducer(kafka, null)
  await expect(other.write([textRecord(topic, 0, 'not whole')])).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  expect(await committedKeys(topic)).toEqual(['applied'])
})

test('latency is added to every answer', async () => {
  await kafka.topics([], signal)
  proxied.proxy.add({ kind: 'latency', direction: 'upstream', ms: 100 })
  proxied.proxy.add({ kind: 'latency', direction: 'downstream', ms: 100 })
  const since = clock.monotonic()
  await kafka.topics([], signal)
  expect(clock.monotonic() - since).toBeGreaterThanOrEqual(195)
})

test('the proxy goes down and comes back', async () => {
  await kafka.topics([], signal)
  const down = proxied.proxy.add({ kind: 'down' })
  await expect(kafka.topics([], signal)).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  await down.remove()
  expect((await kafka.cluster(signal)).transactionVersion).toBe(2)
})

/** What the client makes of a code: a KafkaError, or an error with the code among its details. */
async function codeSeen(attempt: Promise<unknown>): Promise<unknown> {
  const error = await attempt.then(
    (value) => value,
    (failure: unknown) =>
      failure as { readonly errorCode?: number; readonly details?: { readonly errorCode?: number } },
  )
  if (typeof error !== 'object' || error === null) return error
  if ('errorCode' in error) return error.errorCode
  return 'details' in error ? (error.details as { readonly errorCode?: number }).errorCode : error
}

interface Caller {
  readonly topic: string
  readonly groups: GroupRequests
}

const identity = { producerId: 5n, producerEpoch: 0 }
const page = { partition: 0, offset: 0n, maxBytes: 1000, maxWaitMs: 100, isolation: 'read_committed' } as const
const member = { memberId: 'nobody', generation: 1 }
const v1 = { transactionVersion: 1 } as const

test.each<[keyof typeof apiKeys, number, (caller: Caller) => Promise<unknown>]>([
  [
    'Produce',
    47,
    ({ topic }) => {
      const batches = [{ topic, partition: 0, baseSequence: 0, records: [textRecord(topic, 0, 'never there')] }]
      return kafka.produce({ ...identity, ...v1, transactionalId: null, batches }, signal)
    },
  ],
  ['Fetch', 1, ({ topic }) => kafka.fetch({ ...page, topic }, signal)],
  ['ListOffsets', 6, ({ topic }) => kafka.offsets(topic, 0, signal)],
  ['Metadata', 29, ({ topic }) => kafka.topics([topic], signal)],
  ['FindCoordinator', 53, ({ topic }) => kafka.initProducerId({ transactionalId: topic, timeoutMs: 60_000 }, signal)],
  ['InitProducerId', 53, ({ topic }) => kafka.initProducerId({ transactionalId: topic, timeoutMs: 60_000 }, signal)],
  [
    'AddPartitionsToTxn',
    48,
    ({ topic }) =>
      kafka.addPartitions({ ...identity, transactionalId: topic, partitions: [{ topic, partition: 0 }] }, signal),
  ],
  [
    'EndTxn',
    90,
    ({ topic }) =>
      kafka.endTransaction({ ...identity, transactionVersion: 2, transactionalId: topic, outcome: 'commit' }, signal),
  ],
  ['JoinGroup', 25, ({ groups }) => groups.join({ ...member, owned: [] }, signal)],
  ['SyncGroup', 27, ({ groups }) => groups.sync({ ...member, shares: new Map([['nobody', [0]]]) }, signal)],
  ['Heartbeat', 82, ({ groups }) => groups.heartbeat(member, signal)],
])('answer-with-code for %s: the client sees %i, the broker nothing', async (name, errorCode, call) => {
  const topic = await makeTopic(kafka)
  await using wire = createWire({ connection: { brokers: [proxied.bootstrapServers] }, clock, rng })
  const coordinators = createCoordinators(wire, createClusterMetadata(wire, [proxied.bootstrapServers]))
  const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 }
  const groups = createGroupRequests({ coordinators, group: topic, topic, ...timeouts })
  const refusal = proxied.proxy.add({ kind: 'answer-with-code', apiKey: apiKeys[name], errorCode })
  expect(await codeSeen(call({ topic, groups }))).toBe(errorCode)
  expect(refusal.struck).toBe(1)
  await refusal.remove()
  expect(await committedKeys(topic)).toEqual([])
  expect(await direct.groupMembers(topic, signal)).toBe(0)
  // A client that was told about a topic alone still knows the brokers.
  expect((await kafka.topics([topic], signal)).size).toBe(1)
})
