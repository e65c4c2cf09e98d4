import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import type { KafkaApi, ProducerRecord } from '../../src/kafka/kafka.ts'
import { createTransactionSessions } from '../../src/kafka/transaction-sessions.ts'
import type { TransactionSessionsOptions } from '../../src/kafka/transaction-sessions.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { createJavaReader } from '../servers/java-reader.ts'
import { textRecord } from '../servers/raw-producer.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { signal } = new AbortController()
const partitions = 3
let shared: KafkaApi

beforeAll(() => {
  shared = connectKafka(inject('kafka').bootstrapServers)
})

afterAll(() => shared[Symbol.asyncDispose]())

interface WrittenAndRead {
  readonly written: readonly (readonly string[])[]
  readonly read: readonly (readonly string[])[]
}

type Choice = Pick<TransactionSessionsOptions, 'delivery' | 'maxBatchBytes' | 'transactionVersion'>

/** Keys by partition, as written and as Java read them, of 40 commits of two phases each, of 1 to 60 records; batches are cut small, so some commits take several rounds. */
async function writtenAndRead(kafka: KafkaApi, bootstrapServers: string, choice: Choice): Promise<WrittenAndRead> {
  const topic = await makeTopic(kafka, partitions)
  const sessions = createTransactionSessions({ kafka, clock, rng, maxBatchBytes: 1500, ...choice })
  const session = await sessions.open(topic, signal)
  const expected: string[][] = [...Array(partitions)].map(() => [])
  let written = 0
  const phase = (size: number): ProducerRecord[] =>
    [...Array(size)].map(() => {
      const partition = (written * 7) % partitions
      expected[partition]?.push(`key-${written}`)
      return textRecord(topic, partition, `key-${written++}`)
    })
  for (let round = 0; round < 40; round++) await session.commit([phase((round * 13) % 60), phase(1)], signal)

  const java = await createJavaReader(bootstrapServers)
  const found: string[][] = [...Array(partitions)].map(() => [])
  for (const [partition, , key] of await java.readCompact(topic, [])) {
    found[partition]?.push(Buffer.from(key ?? '', 'base64').toString())
  }
  return { written: expected, read: found }
}

test.each<[string, Choice]>([
  ['transactions as the cluster offers them (V2)', { delivery: 'exactly_once' }],
  ['transactions V1 on the same cluster', { delivery: 'exactly_once', transactionVersion: 1 }],
  ['no transactions', { delivery: 'at_least_once' }],
])('%s: every record once, in order', async (_, choice) => {
  const { written, read } = await writtenAndRead(shared, inject('kafka').bootstrapServers, choice)
  expect(read).toEqual(written)
})

describe.each([0, 1] as const)('a broker with transaction.version=%i', (transactionVersion) => {
  test('gets transactions V1 by itself', async () => {
    await using folder = await temporaryFolder()
    await using server = await startLocalKafka({ directory: folder.path, transactionVersion })
    await using kafka = connectKafka(server.bootstrapServers)
    expect((await kafka.cluster(signal)).transactionVersion).toBe(transactionVersion)
    const { written, read } = await writtenAndRead(kafka, server.bootstrapServers, { delivery: 'exactly_once' })
    expect(read).toEqual(written)
  })
})

test('an empty commit makes no request', async () => {
  const kafka = connectKafka(inject('kafka').bootstrapServers)
  const sessions = createTransactionSessions({ kafka, clock, rng, delivery: 'exactly_once' })
  const session = await sessions.open('test-empty-commit', signal)
  await kafka[Symbol.asyncDispose]()
  await expect(session.commit([], signal)).resolves.toBeUndefined()
  await expect(session.commit([[], []], signal)).resolves.toBeUndefined()
})

test('a record that no broker takes is named, and does not hurt its successor', async () => {
  const topic = await makeTopic(shared)
  const sessions = createTransactionSessions({ kafka: shared, clock, rng, delivery: 'exactly_once' })
  const session = await sessions.open(topic, signal)
  const tooLarge = textRecord(topic, 0, 'large', 'x'.repeat(3_000_000))
  await expect(session.commit([[textRecord(topic, 0, 'small'), tooLarge]], signal)).rejects.toMatchObject({
    code: 'RECORD_TOO_LARGE',
    details: { topic, partition: 0 },
  })
  const next = await sessions.open(topic, signal)
  await next.commit([[textRecord(topic, 0, 'next')]], signal)
  const java = await createJavaReader(inject('kafka').bootstrapServers)
  expect((await java.readAll(topic)).map(({ key }) => Buffer.from(key ?? '', 'base64').toString())).toEqual(['next'])
})

test('a topic that takes only small batches is learned, not taken for a record that is too large', async () => {
  const topic = await makeTopic(shared, 1, { 'max.message.bytes': '20000' })
  const sessions = createTransactionSessions({ kafka: shared, clock, rng, delivery: 'exactly_once' })
  const records = [...Array(200).keys()].map((n) => textRecord(topic, 0, `key-${n}`, 'x'.repeat(500)))
  let attempts = 0
  for (let isDone = false; !isDone; attempts++) {
    const session = await sessions.open(topic, signal)
    isDone = await session.commit([records], signal).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'TRANSACTION_IN_DOUBT' })
        return false
      },
    )
  }
  expect(attempts).toBeLessThan(6)
  const java = await createJavaReader(inject('kafka').bootstrapServers)
  expect(await java.readAll(topic)).toHaveLength(200)
})
