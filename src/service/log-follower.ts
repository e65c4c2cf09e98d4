import { backoffDelay } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { untilAborted } from '../async/until-aborted.ts'
import { TailraceError } from '../errors.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import { KafkaError } from '../kafka/kafka.ts'
import { createMarkerReader } from '../kafka/marker-reader.ts'
import type { MarkerReader } from '../kafka/marker-reader.ts'
import { createServiceFold } from './service-fold.ts'
import type { ServiceFold } from './service-fold.ts'

/** The one reader of a service's log in a process. Whoever wants to know something newer waits until it has come by. */
export interface LogFollower {
  /** Another object after the log was read again from its beginning; its state never goes back. */
  readonly fold: ServiceFold
  /** {@link loss}, or what the fold has to say. */
  readonly trouble: TailraceError | undefined
  /** SERVICE_LOG_LOST, for good. */
  readonly loss: TailraceError | undefined
  /** Reads up to the end that the log has now. Goes on where it was if it is called again after a failure. */
  catchUp(signal: AbortSignal): Promise<void>
  /**
   * Reads on until `signal` aborts; waits troubles out. After {@link catchUp}. When nothing could be read for half an hour, it begins again at the
   * beginning of the log: what was removed meanwhile may have left no trace behind the position.
   */
  follow(signal: AbortSignal): Promise<void>
  /** Resolves once `isTrue`, looked at whenever something was read; rejects as soon as `signal` aborts, or nothing more can be read (SERVICE_LOG_LOST). */
  until(isTrue: () => boolean, signal: AbortSignal): Promise<void>
  /** The next offset to read. */
  readonly position: bigint
  /** Whether records of that producer are waiting for their marker. */
  hasPending(producerId: bigint): boolean
  /** The log is not the one that was read so far. */
  lose(reason: string): void
}

/** What following needs. */
export interface LogFollowerOptions {
  readonly kafka: KafkaApi
  readonly clock: Clock
  readonly rng: Rng
  readonly group: string
  readonly topic: string
  readonly onProblem: (error: unknown) => void
  /** Whenever the fold or `trouble` has changed. */
  readonly onChange: () => void
}

/** Reads nothing before it is told to. */
export function createLogFollower(options: LogFollowerOptions): LogFollower {
  return new Follower(options)
}

const parkMs = 1_000
/** Of the hour for which tombstones are kept (`shortLogConfig`) the rest is for reading. By the wall clock: the other one may stand still with the machine. */
const longGapMs = 1_800_000
const pause = { baseMs: 100, capMs: 5_000 }

class Follower implements LogFollower {
  readonly #options: LogFollowerOptions
  #reader: MarkerReader
  fold: ServiceFold
  /** Up to where `fold` holds what was read. */
  position = -1n
  #answeredAt: number | undefined
  readonly #waiting = new Set<() => void>()
  loss: TailraceError | undefined

  constructor(options: LogFollowerOptions) {
    this.#options = options
    this.#reader = this.#openReader()
    this.fold = createServiceFold(options)
  }

  get trouble(): TailraceError | undefined {
    return this.loss ?? this.fold.trouble
  }

  hasPending(producerId: bigint): boolean {
    return this.#reader.pendingProducers.has(producerId)
  }

  lose(reason: string): void {
    const { topic, onChange } = this.#options
    if (this.loss !== undefined) return
    this.loss = new TailraceError('SERVICE_LOG_LOST', `${topic} ${reason}`)
    onChange()
    this.#wake()
  }

  async catchUp(signal: AbortSignal): Promise<void> {
    const { kafka, topic } = this.#options
    const { highWatermark } = await kafka.offsets(topic, 0, signal)
    // Not by `readTo`, which would forget what it had read when a later fetch fails.
    while (this.position < highWatermark) await this.#read(signal, 0)
    // A compacted log keeps the newest record of every key, so it begins at 0 unless somebody deletes records.
    const { logStart = 0n } = this.#reader
    if (logStart > 0n) {
      throw new TailraceError('SERVICE_LOG_LOST', `records of ${topic} before offset ${logStart} were deleted`)
    }
  }

  async follow(signal: AbortSignal): Promise<void> {
    const { clock, rng, onProblem } = this.#options
    for (let failures = 0; !signal.aborted;) {
      try {
        if (this.loss !== undefined) return
        await this.#read(signal, parkMs)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        onProblem(error)
        if (error instanceof KafkaError && error.errorName === 'OFFSET_OUT_OF_RANGE') {
          this.lose(`has no offset ${this.position} any more: it was cut off, or made anew`)
        }
        // Rejects only when following ends, which the loop sees.
        await clock.sleep(backoffDelay(pause, failures++, rng), signal).catch(() => undefined)
      }
    }
  }

  async until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isTrue()) {
      if (this.loss !== undefined) throw this.loss
      const read = Promise.withResolvers<void>()
      this.#waiting.add(read.resolve)
      try {
        await untilAborted(read.promise, signal)
      } finally {
        this.#waiting.delete(read.resolve)
      }
    }
  }

  async #read(signal: AbortSignal, waitMs: number): Promise<void> {
    const { clock, onChange } = this.#options
    const records = await this.#reader.poll(signal, waitMs)
    const at = clock.now()
    // What was polled is not looked at then: nobody may believe that `fold` holds everything in front of it.
    if (at - (this.#answeredAt ?? at) > longGapMs) await this.#readAnew(signal)
    else if (this.fold.apply(records)) onChange()
    this.position = this.#reader.position ?? -1n
    this.#answeredAt = at
    this.#wake()
  }

  async #readAnew(signal: AbortSignal): Promise<void> {
    const { kafka, topic, onChange } = this.#options
    const reader = this.#openReader()
    const fold = createServiceFold(this.#options)
    const { highWatermark } = await kafka.offsets(topic, 0, signal)
    fold.apply(await reader.readTo(highWatermark, signal))
    const hasLess = (reader.logStart ?? 0n) > 0n || fold.state.revision < this.fold.state.revision
    if (hasLess) return this.lose('holds less than it did: it was cut off, or made anew')
    this.#reader = reader
    this.fold = fold
    onChange()
  }

  #openReader(): MarkerReader {
    const { kafka, topic } = this.#options
    return createMarkerReader({ kafka, topic, partition: 0 })
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}
