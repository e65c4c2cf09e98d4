import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import { createCommittedReader } from '../../src/kafka/committed-reader.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { createTransactionSessions } from '../../src/kafka/transaction-sessions.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { createJavaReader } from '../servers/java-reader.ts'
import { openRawProducer, textRecord } from '../servers/raw-producer.ts'

const { signal } = new AbortController()
const { bootstrapServers } = inject('kafka')
const transactionVersion = 2
const fenced = { errorName: expect.stringMatching(/^(PRODUCER_FENCED|INVALID_PRODUCER_EPOCH)$/) as string }
let kafka: KafkaApi

beforeAll(() => {
  kafka = connectKafka(bootstrapServers)
})

afterAll(() => kafka[Symbol.asyncDispose]())

async function committedKeys(topic: string): Promise<readonly string[]> {
  const { highWatermark } = await kafka.offsets(topic, 0, signal)
  const keys: string[] = []
  // Up to the high watermark: this also waits until nothing is open below it.
  const reader = createCommittedReader({ kafka, topic, partition: 0, from: 0n, until: highWatermark })
  for await (const { records } of reader.read(signal)) keys.push(...records.map(({ key }) => String(key)))
  const java = await createJavaReader(bootstrapServers)
  expect((await java.readAll(topic)).map(({ key }) => Buffer.from(key ?? '', 'base64').toString())).toEqual(keys)
  return keys
}

test.each(['abort', 'commit'] as const)(
  'a late EndTxn(%s) of a finished transaction does not touch the next one',
  async (outcome) => {
    const topic = await makeTopic(kafka)
    const transactionalId = `${topic}.lane`
    const producer = await openRawProducer(kafka, transactionalId)
    await producer.write([textRecord(topic, 0, 'first')])
    const finished = producer.identity
    await producer.end('commit')
    await producer.write([textRecord(topic, 0, 'second')])

    const stray = kafka.endTransaction({ ...finished, transactionalId, transactionVersion, outcome }, signal)
    await expect(stray).rejects.toMatchObject(fenced)
    expect((await kafka.describeTransactions([transactionalId], signal)).get(transactionalId)?.state).toBe('Ongoing')
    await producer.write([textRecord(topic, 0, 'third')])
    await producer.end('commit')
    expect(await committedKeys(topic)).toEqual(['first', 'second', 'third'])
  },
)

test('a zombie can neither write nor end anything, and what it had written is never committed', async () => {
  const topic = await makeTopic(kafka)
  const transactionalId = `${topic}.lane`
  const zombie = await openRawProducer(kafka, transactionalId)
  await zombie.write([textRecord(topic, 0, 'zombie-before')])
  const owner = await openRawProducer(kafka, transactionalId)
  await owner.write([textRecord(topic, 0, 'owner-1')])

  await expect(zombie.write([textRecord(topic, 0, 'zombie-after')])).rejects.toMatchObject(fenced)
  await expect(zombie.end('commit')).rejects.toMatchObject(fenced)
  await expect(zombie.end('abort')).rejects.toMatchObject(fenced)
  await owner.write([textRecord(topic, 0, 'owner-2')])
  await owner.end('commit')
  expect(await committedKeys(topic)).toEqual(['owner-1', 'owner-2'])
})

test('a fenced session says so, once and for all', async () => {
  const topic = await makeTopic(kafka)
  const sessions = createTransactionSessions({ kafka, clock, rng, delivery: 'exactly_once' })
  const zombie = await sessions.open(topic, signal)
  await zombie.commit([[textRecord(topic, 0, 'zombie-1')]], signal)
  const owner = await sessions.open(topic, signal)

  await expect(zombie.commit([[textRecord(topic, 0, 'zombie-2')]], signal)).rejects.toMatchObject({
    code: 'KAFKA_FENCED',
  })
  await expect(zombie.commit([], signal)).rejects.toMatchObject({ code: 'TRANSACTION_IN_DOUBT' })
  await owner.commit([[textRecord(topic, 0, 'owner')]], signal)
  expect(await committedKeys(topic)).toEqual(['zombie-1', 'owner'])
})
