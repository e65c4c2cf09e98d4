import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventMaker } from '../bench/lambda-events.ts'
import { priceOf, spreadOf, summaryOf } from '../bench/lambda-report.ts'
import type { Invocation } from '../bench/lambda-sandbox.ts'
import { findFromTail } from '../bench/ledger-tail.ts'
import { compareSequenceNumbers } from '../src/change/sequence-number.ts'
import type { FetchedBatch, FetchedPartition, FetchRequest } from '../src/kafka/kafka.ts'

const { signal } = new AbortController()

/** A transaction of one record, or the end of a producer's open one. */
interface Step {
  readonly producer: number
  readonly key: number
  readonly outcome: 'open' | 'commit' | 'abort'
}

const steps = fc.array(
  fc.record({
    producer: fc.nat({ max: 3 }),
    key: fc.nat({ max: 4 }),
    outcome: fc.constantFrom('open' as const, 'open' as const, 'commit' as const, 'abort' as const),
  }),
  { maxLength: 400, size: 'max' },
)

/** A log in which every transaction is settled, and the offsets of committed records by key. */
function logOf(plan: readonly Step[]): { batches: FetchedBatch[]; committed: Map<number, bigint[]>; end: bigint } {
  const batches: FetchedBatch[] = []
  const committed = new Map<number, bigint[]>()
  const open = new Map<number, { key: number; offset: bigint }[]>()
  let end = 0n
  const append = (producer: number, key: number | undefined, marker: 'commit' | 'abort' | undefined): void => {
    const records =
      key === undefined ? [] : [{ offset: end, timestamp: 0, key: Buffer.from([key]), value: null, headers: [] }]
    const identity = { producerId: BigInt(producer), producerEpoch: 0, isTransactional: true }
    batches.push({ baseOffset: end, nextOffset: end + 1n, ...identity, marker, records })
    end++
  }
  const settle = (producer: number, outcome: 'commit' | 'abort'): void => {
    const records = open.get(producer) ?? []
    if (records.length === 0) return
    append(producer, undefined, outcome)
    open.delete(producer)
    if (outcome === 'abort') return
    for (const { key, offset } of records) committed.set(key, [...(committed.get(key) ?? []), offset])
  }
  for (const { producer, key, outcome } of plan) {
    open.set(producer, [...(open.get(producer) ?? []), { key, offset: end }])
    append(producer, key, undefined)
    if (outcome !== 'open') settle(producer, outcome)
  }
  for (const producer of open.keys()) settle(producer, 'commit')
  return { batches, committed, end }
}

/** Aborted records go, and all but the newest committed one of a key, below a mark; so does what is empty then. */
function compacted(log: ReturnType<typeof logOf>, below: bigint): readonly FetchedBatch[] {
  const kept = new Set([...log.committed.values()].map((offsets) => newest(offsets)))
  return log.batches
    .map((batch) => ({ ...batch, records: batch.records.filter(({ offset }) => offset >= below || kept.has(offset)) }))
    .filter((batch) => batch.marker !== undefined || batch.records.length > 0)
}

function newest(offsets: readonly bigint[]): bigint | undefined {
  return offsets.reduce<bigint | undefined>((most, one) => (most === undefined || one > most ? one : most), undefined)
}

function serving(batches: readonly FetchedBatch[], end: bigint): Parameters<typeof findFromTail>[0]['kafka'] {
  return {
    offsets: () => Promise.resolve({ logStart: 0n, highWatermark: end, lastStable: end }),
    fetch: ({ offset }: FetchRequest): Promise<FetchedPartition> => {
      const found = batches.filter(({ nextOffset }) => nextOffset > offset).slice(0, 7)
      return Promise.resolve({
        batches: found,
        highWatermark: end,
        lastStable: end,
        logStart: 0n,
        abortedTransactions: [],
      })
    },
  }
}

describe('the newest committed record of a key', () => {
  test('is found from the end backwards, with aborted transactions in between and below a compaction', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat({ max: 100 }), async (plan, share) => {
        const log = logOf(plan)
        const batches = compacted(log, (log.end * BigInt(share)) / 100n)
        for (let key = 0; key <= 4; key++) {
          const search = { kafka: serving(batches, log.end), topic: 'ledger', partition: 0, key: Buffer.from([key]) }
          const { record } = await findFromTail(search, signal)
          expect(record?.offset).toBe(newest(log.committed.get(key) ?? []))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('is not made up where a transaction is open', async () => {
    const { batches, end } = logOf([{ producer: 1, key: 2, outcome: 'commit' }])
    const kafka = serving(batches.slice(0, 1), end - 1n)
    const search = { kafka, topic: 'ledger', partition: 0, key: Buffer.from([2]) }
    await expect(findFromTail(search, signal)).rejects.toThrow('a transaction that is still open')
  })
})

describe('the report', () => {
  const invocation = (wallMs: number, peakMiB = 100): Invocation => ({
    answer: null,
    wallMs,
    cpuMs: wallMs / 2,
    peakMiB,
  })

  test('gives percentiles, rates by the median batch, and the price of a million changes', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ p50: 2, p99: 3 })
    const runs = [
      { cold: invocation(900), batches: [invocation(100), invocation(120, 180)] },
      { cold: invocation(1_100), batches: [invocation(110), invocation(90, 200)] },
    ]
    const { cold, warm, recordsPerSecond, peakMiB } = summaryOf(runs, 1_000)
    expect(cold.wallMs).toEqual({ p50: 1_100, p99: 1_100 })
    expect(warm.wallMs).toEqual({ p50: 110, p99: 120 })
    expect([recordsPerSecond, peakMiB]).toEqual([9_091, 190])
    // 1,000 invocations of 0.1 s with 2 GB: 200 GB-seconds.
    const memory = { megabytes: 2_048, batch: 1_000 }
    expect(priceOf(100, memory, { gigabyteSecond: 0.01, request: 0.001 })).toBe(3)
  })
})

test('events of a shard go on behind each other and name its stream', () => {
  const events = createEventMaker({ streamArn: 'arn:aws:dynamodb:us-east-1:1:table/t/stream/s', shardId: 'shardId-1' })
  const parsed = [events.next(3), events.next(2)].map((event) => JSON.parse(event.toString()) as WireEvent)
  const numbers = parsed.flatMap(({ Records }) => Records.map(({ dynamodb }) => dynamodb.SequenceNumber))
  expect(numbers).toHaveLength(5)
  expect(numbers.toSorted(compareSequenceNumbers)).toEqual(numbers)
  expect(new Set(numbers).size).toBe(5)
  expect(parsed[1]?.Records.map(({ eventSourceARN }) => eventSourceARN.split('/')[1])).toEqual(['t', 't'])
  expect([parsed[0]?.shardId, parsed[0]?.state]).toEqual(['shardId-1', {}])
})

interface WireEvent {
  readonly shardId: string
  readonly state: unknown
  readonly Records: readonly {
    readonly eventSourceARN: string
    readonly dynamodb: { readonly SequenceNumber: string }
  }[]
}
