import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import type { HashKeyRange } from './hash-keys.ts'
import { endCount, kinesisSequenceNumber } from './kinesis-numbers.ts'
import type { NumberOrigin } from './kinesis-numbers.ts'

/** A record as it will be sent: made once, joined into pages as text. */
export interface StoredKinesisRecord {
  readonly sequenceNumber: string
  /** When it was taken in, by the clock that counts for trimming; the record may say another time. */
  readonly arrivedAtMs: number
  readonly partitionKey: string
  readonly data: Buffer
  readonly json: string
}

/** How listings show a shard, when they are to lie about it. */
export interface KinesisListingLies {
  /** Left out of this many more listings. */
  hiddenCalls: number
  /** Left out until then (Clock.now). */
  hiddenUntilMs: number
  /** Shown without its end this many more times. */
  openCalls: number
}

/** A shard with everything that was ever written to it; `trimmed` of its records are gone. */
export interface SimulatedKinesisShard extends HashKeyRange, NumberOrigin {
  readonly shardId: string
  /** None, the shard that was split, or the two that were merged. */
  readonly parents: readonly string[]
  readonly createdAtMs: number
  readonly startingSequenceNumber: string
  /** Greater than that of any record; set when the shard is closed. */
  endingSequenceNumber: string | undefined
  closedAtMs: number | undefined
  readonly records: StoredKinesisRecord[]
  trimmed: number
  /** Empty pages that GetRecords puts before each page with records. */
  emptyPages: number
  readonly lies: KinesisListingLies
  /** Numbers given so far, with their gaps. */
  count: bigint
}

/** A new open shard. */
export function createKinesisShard(
  range: HashKeyRange,
  parents: readonly SimulatedKinesisShard[],
  { index, nowMs }: { readonly index: number; readonly nowMs: number },
): SimulatedKinesisShard {
  // A child is made a second after its parents at least, so that its numbers are greater.
  const createdAtSeconds = Math.max(Math.floor(nowMs / 1000), ...parents.map((parent) => parent.createdAtSeconds + 1))
  const origin = { createdAtSeconds, index }
  return {
    ...origin,
    from: range.from,
    to: range.to,
    shardId: `shardId-${index.toString().padStart(12, '0')}`,
    parents: parents.map((parent) => parent.shardId),
    createdAtMs: nowMs,
    startingSequenceNumber: kinesisSequenceNumber(origin, 0n, createdAtSeconds),
    endingSequenceNumber: undefined,
    closedAtMs: undefined,
    records: [],
    trimmed: 0,
    emptyPages: 0,
    lies: { hiddenCalls: 0, hiddenUntilMs: 0, openCalls: 0 },
    count: 0n,
  }
}

/** Ends a shard; it gets no records any more. */
export function closeKinesisShard(shard: SimulatedKinesisShard, nowMs: number): void {
  shard.closedAtMs = nowMs
  shard.endingSequenceNumber = kinesisSequenceNumber(shard, endCount, nowMs / 1000)
}

/** Gives the shard's next sequence number. Numbers have gaps. */
export function nextSequenceNumber(shard: SimulatedKinesisShard, nowMs: number): string {
  shard.count += 1n + ((shard.count * 7n) % 11n)
  return kinesisSequenceNumber(shard, shard.count, nowMs / 1000)
}

/** Index of a shard's first record behind (or at) a sequence number, trimmed ones included. */
export function indexOfNumber(shard: SimulatedKinesisShard, sequenceNumber: string, isInclusive: boolean): number {
  return firstIndex(shard, (record) => {
    const order = compareSequenceNumbers(record.sequenceNumber, sequenceNumber)
    return order > 0 || (order === 0 && isInclusive)
  })
}

/** Index of a shard's first record that arrived at a time or later. */
export function indexOfTime(shard: SimulatedKinesisShard, ms: number): number {
  return firstIndex(shard, (record) => record.arrivedAtMs >= ms)
}

/** `is` must be false up to some record, and true from there on. */
function firstIndex(shard: SimulatedKinesisShard, is: (record: StoredKinesisRecord) => boolean): number {
  let low = 0
  let high = shard.records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const record = shard.records[middle]
    if (record !== undefined && is(record)) high = middle
    else low = middle + 1
  }
  return low
}
