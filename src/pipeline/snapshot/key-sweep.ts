import { backoffDelay } from '../../async/backoff.ts'
import type { ByteBudget } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { TailraceError } from '../../errors.ts'
import type { FetchedRecord } from '../../kafka/kafka.ts'
import { textHash } from '../../lanes/text-hash.ts'
import type { ScanPage } from '../../sources/source.ts'
import type { RecordPresence } from '../stages.ts'
import type { RecentKeys } from './recent-keys.ts'
import type { PageReader, ReadPage } from './segment-feed.ts'
import type { TopicLog } from './topic-log.ts'

/** What the sweep of one partition of a table's topic needs. */
export interface KeySweepOptions {
  readonly log: TopicLog
  readonly topic: string
  readonly partition: number
  /** The first offset behind what was there when the scan began: what the table holds has a record from here on. */
  readonly baseline: bigint
  /** What a record of the topic says of its item. */
  readonly presenceOf: (record: FetchedRecord) => RecordPresence
  readonly recent: RecentKeys
  readonly budget: ByteBudget
  /** Resolves when every record that was noted before the call has been committed. */
  readonly settled: (signal: AbortSignal) => Promise<void>
  /** Bytes that the keys which are held at a time may take. */
  readonly maxKeyBytes: number
  readonly clock: Clock
  readonly rng: Rng
  readonly onRetry: (error: unknown, retryInMs: number) => void
}

/** Keys on a page: as many deletes as fit well into a transaction. */
const pageKeys = 2_000
/** What a key takes besides its bytes, as a rule of thumb. */
const keyOverheadBytes = 100
const retryBackoff = { baseMs: 200, capMs: 10_000 }

/**
 * Reads the keys of items that are gone back from the topic itself, never from a memory that a crash could lose: their last
 * record says that they are there, and neither a row nor a change has mentioned them since the scan began. The pages hold
 * record keys instead of items.
 *
 * Keys are gone through range by range (of a hash), each in one reading of the partition, so that what is held stays
 * bounded. Progress is `<range>/<ranges>/<page>`; after an interruption a range is read again: what was deleted has a record
 * by then, so nothing is deleted twice. As with rows, a key that gets a record of a newer change after the range was begun
 * is displaced by it.
 */
export function createKeySweep(options: KeySweepOptions): PageReader {
  return new KeySweep(options)
}

/** A range that was read: its keys, of which some were handed out. */
interface OpenRange {
  readonly range: number
  readonly keys: readonly Buffer[]
  readonly request: number
  next: number
}

interface Place {
  readonly range: number
  readonly ranges: number
  readonly page: number
}

class KeySweep implements PageReader {
  readonly #options: KeySweepOptions
  #open: OpenRange | undefined

  constructor(options: KeySweepOptions) {
    this.#options = options
  }

  async read(afterKey: string | undefined, signal: AbortSignal): Promise<ReadPage> {
    const { recent, budget, clock } = this.#options
    const place = afterKey === undefined ? await this.#begin(signal) : placeOf(afterKey)
    const requestedAtMs = clock.now()
    const open = await this.#rangeAt(place, signal)
    const keys = open.keys.slice(open.next, open.next + pageKeys)
    open.next += keys.length
    const isRangeDone = open.next >= open.keys.length
    const next = isRangeDone ? { range: place.range + 1, page: 0 } : { range: place.range, page: place.page + 1 }
    const bytes = keys.reduce((sum, key) => sum + key.length, 0)
    const share = await budget.take(bytes, signal)
    recent.keep(open.request)
    if (isRangeDone) this.close()
    const page: ScanPage = {
      items: keys,
      lastKey: next.range >= place.ranges ? undefined : `${next.range}/${place.ranges}/${next.page}`,
      units: 0,
      throttles: 0,
      bytes,
      requestedAtMs,
      receivedAtMs: clock.now(),
    }
    return { page, request: open.request, share }
  }

  close(): void {
    if (this.#open !== undefined) this.#options.recent.settle(this.#open.request)
    this.#open = undefined
  }

  /** Into how many ranges the keys are cut is decided once, by what is there now. */
  async #begin(signal: AbortSignal): Promise<Place> {
    let bytes = 0
    await this.#eachRecord(0n, this.#options.baseline, signal, ({ key }) => {
      bytes += (key?.length ?? 0) + keyOverheadBytes
    })
    return { range: 0, ranges: Math.max(1, Math.ceil(bytes / this.#options.maxKeyBytes)), page: 0 }
  }

  /**
   * What displaced keys of the range while it was read may be more than can be remembered. But all of it is in the log by
   * then: so only the rest is read, until little enough has come meanwhile.
   */
  async #rangeAt({ range, ranges }: Place, signal: AbortSignal): Promise<OpenRange> {
    const { recent, log, topic, partition } = this.#options
    if (this.#open?.range === range && recent.isKnown(this.#open.request)) return this.#open
    const left = new Map<string, Buffer>()
    for (let from = 0n; ;) {
      this.close()
      const request = recent.request()
      this.#open = { range, keys: [], request, next: 0 }
      // What was noted before the request must be in the log before its end is asked for; the rest counts as newer.
      await this.#options.settled(signal)
      const { highWatermark } = await this.#patiently(() => log.offsets(topic, partition, signal), signal)
      await this.#eachRecord(from, highWatermark, signal, (record) => this.#take(record, { range, ranges }, left))
      if (recent.isKnown(request)) return (this.#open = { range, keys: [...left.values()], request, next: 0 })
      from = highWatermark
    }
  }

  #take(record: FetchedRecord, { range, ranges }: Omit<Place, 'page'>, left: Map<string, Buffer>): void {
    const { baseline, presenceOf } = this.#options
    const { key, offset } = record
    const text = key?.toString('latin1') ?? ''
    if (key === null || (ranges > 1 && textHash(text) % ranges !== range)) return
    const presence = presenceOf(record)
    if (presence === 'foreign') return
    if (offset >= baseline || presence === 'gone') left.delete(text)
    // A copy: a view would keep the whole answer that the record came in.
    else if (!left.has(text)) left.set(text, Buffer.from(key))
  }

  async #eachRecord(
    start: bigint,
    until: bigint,
    signal: AbortSignal,
    take: (record: FetchedRecord) => void,
  ): Promise<void> {
    const { log, topic, partition } = this.#options
    let from = start
    await this.#patiently(async () => {
      // The log's begin moves: by compaction, or by retention while it is read.
      const { logStart } = await log.offsets(topic, partition, signal)
      if (logStart > from) from = logStart
      for await (const { records, nextOffset } of log.committed({ topic, partition, from, until }, signal)) {
        for (const record of records) take(record)
        from = nextOffset
      }
    }, signal)
  }

  /** Readers have no progress to lose: what fails is asked for again, for as long as it takes, but not what is forbidden. */
  async #patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, rng } = this.#options
    for (let attempt = 0; ; attempt++) {
      try {
        return await ask()
      } catch (error) {
        const known = error instanceof TailraceError ? error : undefined
        if (signal.aborted || known?.policy === 'refuse' || known?.code === 'KAFKA_AUTHORIZATION') throw error
        const retryInMs = backoffDelay(retryBackoff, attempt, rng)
        this.#options.onRetry(error, retryInMs)
        await clock.sleep(retryInMs, signal)
      }
    }
  }
}

function placeOf(afterKey: string): Place {
  const [range = 0, ranges = 1, page = 0] = afterKey.split('/').map(Number)
  return { range, ranges, page }
}
