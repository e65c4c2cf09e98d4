import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { createCommittedReader } from '../../src/kafka/committed-reader.ts'
import type { FetchedRecord, KafkaApi } from '../../src/kafka/kafka.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { createJavaReader } from '../servers/java-reader.ts'
import type { JavaReader } from '../servers/java-reader.ts'
import { openRawProducer, textRecord } from '../servers/raw-producer.ts'
import type { RawProducer } from '../servers/raw-producer.ts'

const { signal } = new AbortController()
const { bootstrapServers } = inject('kafka')
const seed = 20_261
let kafka: KafkaApi
let java: JavaReader

beforeAll(async () => {
  kafka = connectKafka(bootstrapServers)
  java = await createJavaReader(bootstrapServers)
})

afterAll(() => kafka[Symbol.asyncDispose]())

async function read(topic: string, until: bigint, from: bigint, maxBytes: number): Promise<FetchedRecord[]> {
  const reader = createCommittedReader({ kafka, topic, partition: 0, from, until, maxBytes })
  const records: FetchedRecord[] = []
  for await (const page of reader.read(signal)) for (const record of page.records) records.push(record)
  return records
}

function rangesOf(records: readonly FetchedRecord[]): string {
  const ranges: [number, number][] = []
  for (const record of records) {
    const offset = Number(record.offset)
    const last = ranges.at(-1)
    if (last !== undefined && offset === last[1] + 1) last[1] = offset
    else ranges.push([offset, offset])
  }
  return ranges.map((range) => range.join('-')).join(',')
}

/** A commit is answered before its markers are written. */
async function untilAllMarked(topic: string): Promise<void> {
  for (let isMarked = false; !isMarked;) {
    const { highWatermark, lastStable } = await kafka.offsets(topic, 0, signal)
    isMarked = lastStable === highWatermark
  }
}

/** Several producers, transactions interleaved at random until 500 are ended; the last one stays open. */
async function writeInterleaved(topic: string): Promise<void> {
  const rng = seededRng(seed)
  const producers = await Promise.all([...Array(8).keys()].map((n) => openRawProducer(kafka, `${topic}.${n}`)))
  const plain = await openRawProducer(kafka, null)
  const open = new Set<RawProducer>()
  let written = 0
  const batch = () => {
    const value = 'v'.repeat(rng.next() < 0.02 ? 3_000 : Math.floor(rng.next() * 40))
    return [...Array(1 + Math.floor(rng.next() * 2)).keys()].map(() => textRecord(topic, 0, `key-${written++}`, value))
  }
  for (let ended = 0; ended < 500;) {
    const steps = producers
      .filter(() => rng.next() < 0.6)
      .map((producer) => {
        if (!open.has(producer) || rng.next() < 0.3) return { producer, records: batch() }
        return { producer, outcome: rng.next() < 0.55 ? ('commit' as const) : ('abort' as const) }
      })
    await Promise.all(
      steps.map(async ({ producer, records, outcome }) => {
        if (records === undefined) await producer.end(outcome)
        else await producer.write(records)
      }),
    )
    for (const { producer, records } of steps) {
      if (records !== undefined) open.add(producer)
      else ended += open.delete(producer) ? 1 : 0
    }
    if (rng.next() < 0.2) await plain.write(batch())
  }
  for (const producer of open) await producer.end('commit')
  await untilAllMarked(topic)
  const [hanging] = producers
  await hanging?.write(batch())
  await plain.write(batch())
}

test('500 interleaved commits and aborts read as by Java, record for record and from every start offset', async () => {
  const topic = await makeTopic(kafka)
  await writeInterleaved(topic)
  const { lastStable, highWatermark } = await kafka.offsets(topic, 0, signal)
  expect(lastStable).toBeLessThan(highWatermark)

  const ours = (await read(topic, lastStable, 0n, 1_048_576)).map((record) => ({
    partition: 0,
    offset: Number(record.offset),
    key: record.key?.toString('base64') ?? null,
    value: record.value?.toString('base64') ?? null,
    timestamp: record.timestamp,
    headers: record.headers.map(([name, value]) => [name, value?.toString('base64') ?? null]),
  }))
  expect(ours).toEqual(await java.readAll(topic))
  expect(ours.length).toBeGreaterThan(300)

  const javasReading = java.readFromEachStart(topic, 0)
  const starts = [...Array(Number(lastStable)).keys()]
  const oursFrom = async (start: number, maxBytes: number): Promise<[number, string]> => {
    return [start, rangesOf(await read(topic, lastStable, BigInt(start), maxBytes))]
  }
  const oursReading: [number, string][] = []
  for (let at = 0; at < starts.length; at += 8) {
    oursReading.push(...(await Promise.all(starts.slice(at, at + 8).map((start) => oursFrom(start, 32_768)))))
  }
  const javas = await javasReading
  expect(new Map(oursReading)).toEqual(javas)
  // One batch an answer: every transaction is cut across answers.
  for (const start of starts.filter((offset) => offset % 211 === 0)) {
    expect(await oursFrom(start, 1)).toEqual([start, javas.get(start)])
  }
})

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  '%s: batches of Java and ours are read alike',
  async (compression) => {
    await using compressing = connectKafka(bootstrapServers, { compression })
    const topic = await makeTopic(kafka)
    await java.write(topic, { compression, records: 2000, bytes: 400 })
    const producer = await openRawProducer(compressing, topic)
    await producer.write([...Array(1500).keys()].map((n) => textRecord(topic, 0, `ours-${n}`, 'abcdefghij'.repeat(30))))
    await producer.end('commit')

    // Up to the high watermark: the commit's marker may still be on its way.
    const { highWatermark } = await kafka.offsets(topic, 0, signal)
    const ours = await read(topic, highWatermark, 0n, 100_000)
    const javas = await java.readAll(topic)
    expect(ours.length).toBe(3500)
    expect(
      ours.map(({ offset, key, value }) => [Number(offset), key?.toString('base64'), value?.toString('base64')]),
    ).toEqual(javas.map(({ offset, key, value }) => [offset, key, value]))
  },
)

test('an offset that the log does not hold is an error for the caller', async () => {
  const topic = await makeTopic(kafka)
  const reader = createCommittedReader({ kafka, topic, partition: 0, from: 99n })
  await expect(reader.read(signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    errorName: 'OFFSET_OUT_OF_RANGE',
  })
})
