import { TailraceError } from '../errors.ts'
import type { FetchedBatch, FetchedPartition, FetchedRecord, KafkaApi } from './kafka.ts'

export interface MarkerReaderOptions {
  readonly kafka: Pick<KafkaApi, 'fetch' | 'offsets'>
  readonly topic: string
  readonly partition: number
  /** Asked for at once; a larger first batch comes all the same. Default 1 MiB. */
  readonly maxBytes?: number
}

/**
 * Reads a partition by markers instead of by the last stable offset: a transactional record is handed out when the
 * commit marker of its own transaction has been read, and dropped when it was an abort marker. An open transaction of
 * somebody else delays only its own records. Not safe for concurrent calls.
 */
export interface MarkerReader {
  /**
   * Reads from the position (at first: from the beginning of the log) to `highWatermark` and hands out all that is
   * resolved there: transaction by transaction as their markers came, each in offset order (so not in offset order over
   * all); records outside transactions stand where they were met. Records whose marker lies behind the mark stay pending
   * and come from a later call. Rejects with KAFKA_TIMEOUT when the log shows nothing new for about half a minute
   * although it should reach the mark.
   */
  readTo(highWatermark: bigint, signal: AbortSignal): Promise<readonly FetchedRecord[]>
  /** One more fetch, which the broker holds for up to `maxWaitMs` while there is nothing; what it resolved. */
  poll(signal: AbortSignal, maxWaitMs: number): Promise<readonly FetchedRecord[]>
  /** The next offset to read; undefined before the first read. */
  readonly position: bigint | undefined
  /** Where the log began when reading began: everything before it is gone. Undefined before the first read. */
  readonly logStart: bigint | undefined
  /** Records read whose transaction is still open. */
  readonly pendingRecords: number
  /**
   * The producer ids of those transactions. After a fence, none of them should be the fenced id's own: then the broker
   * has settled a transaction without writing its marker (KAFKA-20734).
   */
  readonly pendingProducers: ReadonlySet<bigint>
}

/** Makes a reader. Asks nothing before it is read. */
export function createMarkerReader(options: MarkerReaderOptions): MarkerReader {
  return new RawMarkerReader(options)
}

const emptyWaitMs = 500
const maxEmptyAnswers = 60

class RawMarkerReader implements MarkerReader {
  readonly #options: MarkerReaderOptions
  readonly #pending = new Map<bigint, FetchedRecord[]>()
  #logStart: bigint | undefined
  #position: bigint | undefined

  constructor(options: MarkerReaderOptions) {
    this.#options = options
  }

  get position(): bigint | undefined {
    return this.#position
  }

  get logStart(): bigint | undefined {
    return this.#logStart
  }

  get pendingRecords(): number {
    let count = 0
    for (const records of this.#pending.values()) count += records.length
    return count
  }

  get pendingProducers(): ReadonlySet<bigint> {
    return new Set(this.#pending.keys())
  }

  async readTo(highWatermark: bigint, signal: AbortSignal): Promise<readonly FetchedRecord[]> {
    const resolved: FetchedRecord[] = []
    let position = await this.#begin(signal)
    let emptyAnswers = 0
    while (position < highWatermark) {
      const before = position
      for (const record of await this.#readOnce(position, emptyWaitMs, signal)) resolved.push(record)
      position = this.#position ?? position
      emptyAnswers = position > before ? 0 : emptyAnswers + 1
      if (emptyAnswers >= maxEmptyAnswers) throw this.#stuck(position, highWatermark)
    }
    return resolved
  }

  async poll(signal: AbortSignal, maxWaitMs: number): Promise<readonly FetchedRecord[]> {
    return this.#readOnce(await this.#begin(signal), maxWaitMs, signal)
  }

  async #begin(signal: AbortSignal): Promise<bigint> {
    if (this.#position !== undefined) return this.#position
    const { logStart } = await this.#options.kafka.offsets(this.#options.topic, this.#options.partition, signal)
    this.#logStart = logStart
    this.#position = logStart
    return logStart
  }

  async #readOnce(offset: bigint, maxWaitMs: number, signal: AbortSignal): Promise<FetchedRecord[]> {
    const { kafka, topic, partition, maxBytes = 1_048_576 } = this.#options
    const isolation = 'read_uncommitted'
    const fetched: FetchedPartition = await kafka.fetch(
      { topic, partition, offset, maxBytes, maxWaitMs, isolation },
      signal,
    )
    const resolved: FetchedRecord[] = []
    for (const batch of fetched.batches) {
      this.#take(batch, offset, resolved)
      if (batch.nextOffset > (this.#position ?? offset)) this.#position = batch.nextOffset
    }
    return resolved
  }

  // A producer id has at most one open transaction in a partition, so the id alone says whose marker it is.
  #take(batch: FetchedBatch, from: bigint, resolved: FetchedRecord[]): void {
    if (batch.marker !== undefined) {
      const records = this.#pending.get(batch.producerId) ?? []
      this.#pending.delete(batch.producerId)
      // Not pushed as arguments: a large transaction would overflow the stack.
      if (batch.marker === 'commit') for (const record of records) resolved.push(record)
      return
    }
    const target = batch.isTransactional ? this.#pendingOf(batch) : resolved
    for (const record of batch.records) if (record.offset >= from) target.push(record)
  }

  #pendingOf(batch: FetchedBatch): FetchedRecord[] {
    const records = this.#pending.get(batch.producerId) ?? []
    if (batch.records.length > 0) this.#pending.set(batch.producerId, records)
    return records
  }

  #stuck(position: bigint, highWatermark: bigint): TailraceError {
    const { topic, partition } = this.#options
    const message = `Fetch on ${topic}-${partition}: nothing follows offset ${position}, but the log should reach ${highWatermark}.`
    return new TailraceError('KAFKA_TIMEOUT', message, { details: { topic, partition } })
  }
}
