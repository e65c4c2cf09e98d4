import type { FetchedBatch, FetchedPartition, FetchedRecord, KafkaApi } from './kafka.ts'

export interface CommittedReaderOptions {
  readonly kafka: Pick<KafkaApi, 'fetch'>
  readonly topic: string
  readonly partition: number
  /** The first offset to hand out. */
  readonly from: bigint
  /** Reading ends before this offset; without it, it follows the partition for ever. */
  readonly until?: bigint
  /** Asked for at once; a larger first batch comes all the same. Default 1 MiB. */
  readonly maxBytes?: number
  /** How long the broker holds an empty answer. Milliseconds; default 1,000. */
  readonly maxWaitMs?: number
}

/** What one answer held for a read_committed reader. */
export interface CommittedPage {
  /** In offset order; never empty. Keys and values are views into the answer's bytes. */
  readonly records: readonly FetchedRecord[]
  /** Where reading goes on. */
  readonly nextOffset: bigint
  readonly highWatermark: bigint
}

/** Reads the committed records of one partition, as Java's consumer does under `isolation.level=read_committed`. */
export interface CommittedReader {
  /** The next offset to read; behind everything handed out. */
  readonly position: bigint
  /**
   * Pages from the position on. With `until` it ends there, and waits for transactions that are still open below.
   * Nothing is retried: it rejects as `fetch` does (OFFSET_OUT_OF_RANGE when the log no longer holds the position),
   * and calling it again goes on after the last page that was handed out.
   */
  read(signal: AbortSignal): AsyncIterable<CommittedPage>
}

/** Makes a reader. Asks nothing before it is read. */
export function createCommittedReader(options: CommittedReaderOptions): CommittedReader {
  const { kafka, topic, partition, until, maxBytes = 1_048_576, maxWaitMs = 1000 } = options
  let position = options.from
  return {
    get position() {
      return position
    },
    read: async function* read(signal) {
      const isBelowEnd = (): boolean => until === undefined || position < until
      while (isBelowEnd()) {
        const request = {
          topic,
          partition,
          offset: position,
          maxBytes,
          maxWaitMs,
          isolation: 'read_committed',
        } as const
        const page = committedRecords(await kafka.fetch(request, signal), position, until)
        position = page.nextOffset
        if (page.records.length > 0) yield page
      }
    },
  }
}

/**
 * The rule of Java's consumer: batches are walked in offset order; a producer is in an aborted transaction from the
 * first offset that the answer names for it until its abort marker, and its transactional batches in between are
 * dropped. The state lives for one answer: the next one names again what overlaps it.
 */
export function committedRecords(fetched: FetchedPartition, from: bigint, until?: bigint): CommittedPage {
  const upcoming = fetched.abortedTransactions.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const aborted = new Set<bigint>()
  const records: FetchedRecord[] = []
  let nextOffset = from
  for (const batch of fetched.batches) {
    for (let next = upcoming[0]; next !== undefined && next.firstOffset < batch.nextOffset; next = upcoming[0]) {
      aborted.add(next.producerId)
      upcoming.shift()
    }
    if (batch.marker === 'abort') aborted.delete(batch.producerId)
    else if (!(batch.isTransactional && aborted.has(batch.producerId))) collect(batch, { from, until, into: records })
    if (batch.nextOffset > nextOffset) nextOffset = batch.nextOffset
  }
  return { records, nextOffset, highWatermark: fetched.highWatermark }
}

// A batch is delivered whole although only its end was asked for.
function collect(
  batch: FetchedBatch,
  { from, until, into }: { from: bigint; until: bigint | undefined; into: FetchedRecord[] },
): void {
  for (const record of batch.records) {
    if (record.offset >= from && (until === undefined || record.offset < until)) into.push(record)
  }
}
