import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCommittedReader } from './committed-reader.ts'
import type { CommittedPage } from './committed-reader.ts'
import { KafkaError } from './kafka.ts'
import type { FetchedBatch, FetchedPartition, FetchedRecord, FetchRequest, PartitionOffsets } from './kafka.ts'
import { createMarkerReader } from './marker-reader.ts'

/** A partition's log as a broker keeps it: batches, markers, an index of aborted transactions, compaction. */
class MemoryLog {
  readonly batches: FetchedBatch[] = []
  readonly #firstOffsets = new Map<bigint, bigint>()
  readonly #aborted: { producerId: bigint; firstOffset: bigint; lastOffset: bigint }[] = []
  readonly outcomes = new Map<bigint, 'commit' | 'abort'>()
  readonly #openRecords = new Map<bigint, bigint[]>()
  end = 0n
  logStart = 0n

  write(producerId: bigint, keys: readonly number[], isTransactional: boolean): void {
    const baseOffset = this.end
    const records = keys.map((key, index) => record(baseOffset + BigInt(index), key))
    this.end += BigInt(keys.length)
    const marker = undefined
    const producer = { producerId, producerEpoch: 0, isTransactional }
    this.batches.push({ baseOffset, nextOffset: this.end, ...producer, marker, records })
    const offsets = records.map(({ offset }) => offset)
    if (!isTransactional) for (const offset of offsets) this.outcomes.set(offset, 'commit')
    else this.#openRecords.set(producerId, [...(this.#openRecords.get(producerId) ?? []), ...offsets])
    if (isTransactional && !this.#firstOffsets.has(producerId)) this.#firstOffsets.set(producerId, baseOffset)
  }

  finish(producerId: bigint, marker: 'commit' | 'abort'): void {
    const firstOffset = this.#firstOffsets.get(producerId)
    if (firstOffset === undefined) return
    const baseOffset = this.end++
    const producer = { producerId, producerEpoch: 0, isTransactional: true }
    this.batches.push({ baseOffset, nextOffset: this.end, ...producer, marker, records: [] })
    this.#firstOffsets.delete(producerId)
    for (const offset of this.#openRecords.get(producerId) ?? []) this.outcomes.set(offset, marker)
    this.#openRecords.delete(producerId)
    if (marker === 'abort') this.#aborted.push({ producerId, firstOffset, lastOffset: baseOffset })
  }

  get lastStable(): bigint {
    return [...this.#firstOffsets.values()].reduce((least, offset) => (offset < least ? offset : least), this.end)
  }

  /** Below the last stable offset: aborted records go, overwritten ones go; what is empty then may go or stay empty. */
  compact(keepsEmpty: boolean): void {
    const stable = this.lastStable
    const newest = new Map<number, bigint>()
    for (const { offset, key } of this.records()) {
      if (offset < stable && this.outcomes.get(offset) === 'commit') newest.set(keyOf(key), offset)
    }
    const isKept = ({ offset, key }: FetchedRecord): boolean => offset >= stable || newest.get(keyOf(key)) === offset
    const cleaned = this.batches.map((batch) => ({ ...batch, records: batch.records.filter(isKept) }))
    const isNeeded = (batch: FetchedBatch): boolean =>
      batch.records.length > 0 || batch.nextOffset >= stable || keepsEmpty
    const kept = cleaned.filter((batch) => batch.marker !== undefined || isNeeded(batch))
    this.batches.splice(0, this.batches.length, ...kept)
  }

  records(): readonly FetchedRecord[] {
    return this.batches.flatMap(({ records }) => records)
  }

  readonly fetch = (request: FetchRequest): Promise<FetchedPartition> => {
    if (request.offset < this.logStart || request.offset > this.end) {
      return Promise.reject(new KafkaError(1, 'OFFSET_OUT_OF_RANGE', 'out of range'))
    }
    const limit = request.isolation === 'read_committed' ? this.lastStable : this.end
    const readable = this.batches.filter((batch) => batch.nextOffset > request.offset && batch.baseOffset < limit)
    const batches = readable.slice(0, Math.max(1, request.maxBytes))
    const upper = batches.at(-1)?.nextOffset ?? request.offset
    const overlapping = this.#aborted.filter(
      ({ firstOffset, lastOffset }) => lastOffset >= request.offset && firstOffset < upper,
    )
    // In no useful order: nothing is promised about it.
    const abortedTransactions = request.isolation === 'read_committed' ? overlapping.toReversed() : []
    const { logStart, lastStable } = this
    return Promise.resolve({ batches, highWatermark: this.end, lastStable, logStart, abortedTransactions })
  }

  readonly offsets = (): Promise<PartitionOffsets> =>
    Promise.resolve({ logStart: this.logStart, highWatermark: this.end, lastStable: this.lastStable })
}

function record(offset: bigint, key: number): FetchedRecord {
  return { offset, timestamp: 0, key: Buffer.from([key]), value: null, headers: [] }
}

function keyOf(key: Buffer | null): number {
  return key?.[0] ?? -1
}

type Step =
  | {
      readonly kind: 'write'
      readonly producer: number
      readonly keys: readonly number[]
      readonly isTransactional: boolean
    }
  | { readonly kind: 'finish'; readonly producer: number; readonly outcome: 'commit' | 'abort' }

const producer = fc.nat({ max: 3 })
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('write' as const),
      producer,
      keys: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 3 }),
      isTransactional: fc.integer({ min: 0, max: 5 }).map((chance) => chance > 0),
    }),
    fc.record({
      kind: fc.constant('finish' as const),
      producer,
      outcome: fc.constantFrom('commit' as const, 'abort' as const),
    }),
  ),
  // Without a size, most would be too short for transactions to overlap.
  { maxLength: 80, size: 'max' },
)

function apply(log: MemoryLog, step: Step): void {
  // Plain writes have producer ids of their own: a producer is in a transaction or has none.
  if (step.kind === 'write')
    log.write(BigInt(step.producer + (step.isTransactional ? 0 : 100)), step.keys, step.isTransactional)
  else log.finish(BigInt(step.producer), step.outcome)
}

const compaction = fc.constantFrom('none', 'empty batches stay', 'empty batches go')

function compact(log: MemoryLog, kind: string): void {
  if (kind !== 'none') log.compact(kind === 'empty batches stay')
}

const { signal } = new AbortController()
const topic = 'log'
const partition = 0

describe('committed reader', () => {
  test('from every offset, whatever the answer sizes: what is committed below the last stable offset, in order', async () => {
    await fc.assert(
      fc.asyncProperty(steps, compaction, fc.integer({ min: 1, max: 5 }), async (all, kind, maxBytes) => {
        const log = new MemoryLog()
        for (const step of all) apply(log, step)
        compact(log, kind)
        for (let from = 0n; from <= log.lastStable; from++) {
          const until = log.lastStable
          const reader = createCommittedReader({ kafka: log, topic, partition, from, until, maxBytes })
          const read: bigint[] = []
          for await (const { records } of reader.read(signal)) read.push(...records.map(({ offset }) => offset))
          const expected = log.records().filter(({ offset }) => {
            return offset >= from && offset < until && log.outcomes.get(offset) === 'commit'
          })
          expect(read).toEqual(expected.map(({ offset }) => offset))
          expect(reader.position).toBeGreaterThanOrEqual(from)
        }
      }),
    )
  })

  test('an end inside a batch is kept; reading again goes on behind the last page', async () => {
    const log = new MemoryLog()
    log.write(1n, [1, 2, 3], false)
    log.write(1n, [4], false)
    const reader = createCommittedReader({ kafka: log, topic, partition, from: 1n, until: 2n })
    for await (const { records } of reader.read(signal)) expect(records.map(({ offset }) => offset)).toEqual([1n])
    const following = createCommittedReader({ kafka: log, topic, partition, from: 0n, maxBytes: 1 })
    const first = await following.read(signal)[Symbol.asyncIterator]().next()
    const second = await following.read(signal)[Symbol.asyncIterator]().next()
    expect(
      [first, second].map(({ value }: IteratorResult<CommittedPage, undefined>) =>
        value?.records.map(({ offset }) => offset),
      ),
    ).toEqual([[0n, 1n, 2n], [3n]])
  })
})

describe('marker reader', () => {
  test('at every mark: all that is committed there, nothing else, nothing twice, each transaction in offset order', async () => {
    const reads = fc.func<[number], boolean>(fc.boolean())
    await fc.assert(
      fc.asyncProperty(steps, steps, compaction, reads, async (before, after, kind, isRead) => {
        const log = new MemoryLog()
        for (const step of before) apply(log, step)
        compact(log, kind)
        const reader = createMarkerReader({ kafka: log, topic, partition, maxBytes: 3 })
        const read: FetchedRecord[] = []
        const readOn = async (): Promise<void> => {
          read.push(...(await reader.readTo(log.end, signal)))
          const committed = log.records().filter(({ offset }) => log.outcomes.get(offset) === 'commit')
          expect(new Set(read.map(({ offset }) => offset))).toEqual(new Set(committed.map(({ offset }) => offset)))
          expect(read).toHaveLength(committed.length)
          const open = log.records().filter(({ offset }) => !log.outcomes.has(offset))
          expect(reader.pendingRecords).toBe(open.length)
        }
        await readOn()
        for (const [index, step] of after.entries()) {
          apply(log, step)
          if (isRead(index)) await readOn()
        }
        await readOn()
        for (const id of new Set(log.batches.map(({ producerId }) => producerId))) {
          const its = new Set(
            log.batches.filter(({ producerId }) => producerId === id).flatMap(({ records }) => records),
          )
          const inOrder = read.filter((found) => its.has(found)).map(({ offset }) => offset)
          expect(inOrder).toEqual(inOrder.toSorted((a, b) => Number(a - b)))
        }
      }),
    )
  })

  test('begins where the log begins, even amid a transaction and amid a batch', async () => {
    const log = new MemoryLog()
    log.write(1n, [1], true)
    log.write(1n, [2, 3], true)
    log.finish(1n, 'commit')
    log.write(2n, [4], true)
    log.batches.shift()
    log.logStart = 2n
    const reader = createMarkerReader({ kafka: log, topic, partition })
    expect((await reader.readTo(log.end, signal)).map(({ offset }) => offset)).toEqual([2n])
    expect([reader.logStart, reader.position, reader.pendingRecords]).toEqual([2n, 5n, 1])
    expect(reader.pendingProducers).toEqual(new Set([2n]))
    log.finish(2n, 'commit')
    expect((await reader.poll(signal, 0)).map(({ offset }) => offset)).toEqual([4n])
  })

  test('a log that ends before the mark is an error, not a wait for ever', async () => {
    const log = new MemoryLog()
    log.write(1n, [1], false)
    const reader = createMarkerReader({ kafka: log, topic, partition })
    await expect(reader.readTo(5n, signal)).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
  })
})
