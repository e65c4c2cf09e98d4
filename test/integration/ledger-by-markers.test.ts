import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import type { FetchedRecord, KafkaApi } from '../../src/kafka/kafka.ts'
import { createMarkerReader } from '../../src/kafka/marker-reader.ts'
import type { MarkerReader } from '../../src/kafka/marker-reader.ts'
import { createTransactionSessions } from '../../src/kafka/transaction-sessions.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { openRawProducer, textRecord } from '../servers/raw-producer.ts'

const { signal } = new AbortController()
let kafka: KafkaApi

beforeAll(() => {
  kafka = connectKafka(inject('kafka').bootstrapServers)
})

afterAll(() => kafka[Symbol.asyncDispose]())

const keysOf = (records: readonly FetchedRecord[]): readonly string[] => records.map(({ key }) => String(key))

async function pollUntilNothingIsPending(reader: MarkerReader): Promise<readonly string[]> {
  const records: FetchedRecord[] = []
  while (reader.pendingRecords > 0) records.push(...(await reader.poll(signal, 500)))
  return keysOf(records)
}

test.each(['commit', 'abort'] as const)(
  'an open transaction of another lane neither delays a take-over nor hides our newest position; it ends with a(n) %s',
  async (outcome) => {
    const ledger = await makeTopic(kafka, 1, { 'cleanup.policy': 'compact' })
    const sessions = createTransactionSessions({ kafka, clock, rng, delivery: 'exactly_once' })
    const before = await sessions.open(`${ledger}.0`, signal)
    await before.commit([[textRecord(ledger, 0, 'at-1')]], signal)
    const foreign = await openRawProducer(kafka, `${ledger}.1`)
    await foreign.write([textRecord(ledger, 0, 'begin-of-foreign')])
    await before.commit([[textRecord(ledger, 0, 'at-2')]], signal)

    const startedAt = clock.monotonic()
    await sessions.open(`${ledger}.0`, signal)
    const { highWatermark, lastStable } = await kafka.offsets(ledger, 0, signal)
    const reader = createMarkerReader({ kafka, topic: ledger, partition: 0 })
    const folded = keysOf(await reader.readTo(highWatermark, signal))
    expect(clock.monotonic() - startedAt).toBeLessThan(5000)
    expect(folded).toEqual(['at-1', 'at-2'])
    expect(reader.pendingRecords).toBe(1)
    // What a reader up to the last stable offset would have seen: not our newest position.
    expect(lastStable).toBeLessThan(highWatermark - 1n)

    await foreign.end(outcome)
    expect(await pollUntilNothingIsPending(reader)).toEqual(outcome === 'commit' ? ['begin-of-foreign'] : [])
  },
)

test('after the fence, what our predecessor had left open is aborted and never folded', async () => {
  const ledger = await makeTopic(kafka, 1, { 'cleanup.policy': 'compact' })
  const predecessor = await openRawProducer(kafka, `${ledger}.0`)
  await predecessor.write([textRecord(ledger, 0, 'at-1')])
  await predecessor.end('commit')
  await predecessor.write([textRecord(ledger, 0, 'at-2-in-doubt')])

  const sessions = createTransactionSessions({ kafka, clock, rng, delivery: 'exactly_once' })
  const session = await sessions.open(`${ledger}.0`, signal)
  const { highWatermark } = await kafka.offsets(ledger, 0, signal)
  const reader = createMarkerReader({ kafka, topic: ledger, partition: 0 })
  expect(keysOf(await reader.readTo(highWatermark, signal))).toEqual(['at-1'])
  expect(reader.pendingRecords).toBe(0)

  await session.commit([[textRecord(ledger, 0, 'at-2')]], signal)
  // The marker comes a little after the answer to the commit.
  const first = keysOf(await reader.poll(signal, 1000))
  expect([...first, ...(await pollUntilNothingIsPending(reader))]).toEqual(['at-2'])
})
