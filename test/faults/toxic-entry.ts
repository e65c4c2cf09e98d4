import type { Rng } from '../../src/async/rng.ts'
import type { ActiveToxic, ConnectionInfo, KafkaAnswer, Toxic, ToxicKind } from './toxic.ts'

/** A toxic in a proxy, as those see it who carry it out. */
export interface ToxicEntry extends ActiveToxic {
  /** Aborts when the toxic is removed. */
  readonly removed: AbortSignal
  /** The requests and copies that it holds. */
  readonly holds: ReadonlySet<Hold>
  /** True when this victim is struck; it is counted then. */
  tryStrike(connection: ConnectionInfo): boolean
  /** False for connections that the toxic spares. */
  isFor(connection: ConnectionInfo): boolean
  /** Holds something until `letGo`, which `release` and `remove` call. */
  hold(connection: ConnectionInfo): Hold
}

/** One thing that is held. */
export interface Hold {
  readonly connection: ConnectionInfo
  /** Resolves when it may go. */
  readonly released: Promise<void>
  letGo(): void
  /** Called once, by whoever carries out the toxic: the broker's answer, or undefined when there will be none. */
  settle(answer: KafkaAnswer | undefined): void
  /** Resolves when it is settled. */
  readonly settled: Promise<KafkaAnswer | undefined>
}

/** What an entry tells the proxy. */
export interface ToxicEntryOptions {
  readonly toxic: Toxic
  readonly rng: Rng
  onStrike(kind: ToxicKind): void
  /** Awaited by `remove`, which calls it once. */
  onRemove(): Promise<void>
}

/** Makes an entry; the toxic has been checked. */
export function createToxicEntry(options: ToxicEntryOptions): ToxicEntry {
  return new Entry(options)
}

class Entry implements ToxicEntry {
  readonly toxic: Toxic
  readonly holds = new Set<Hold>()
  readonly answers: KafkaAnswer[] = []
  readonly #options: ToxicEntryOptions
  readonly #removal = new AbortController()
  readonly #waiting = new Set<{ readonly times: number; readonly promise: PromiseWithResolvers<void> }>()
  #struck = 0
  #removing: Promise<void> | undefined

  constructor(options: ToxicEntryOptions) {
    this.toxic = options.toxic
    this.#options = options
  }

  get removed(): AbortSignal {
    return this.#removal.signal
  }

  get struck(): number {
    return this.#struck
  }

  get holding(): number {
    return this.holds.size
  }

  isFor(connection: ConnectionInfo): boolean {
    return !this.removed.aborted && (this.toxic.whenConnection?.(connection) ?? true)
  }

  tryStrike(connection: ConnectionInfo): boolean {
    const { probability, count, kind } = this.toxic
    if (this.#struck >= (count ?? Number.POSITIVE_INFINITY) || !this.isFor(connection)) return false
    if (probability !== undefined && this.#options.rng.next() >= probability) return false
    this.#struck += 1
    this.#options.onStrike(kind)
    for (const waiting of this.#waiting) {
      if (this.#struck < waiting.times) continue
      this.#waiting.delete(waiting)
      waiting.promise.resolve()
    }
    return true
  }

  hold(connection: ConnectionInfo): Hold {
    const release = Promise.withResolvers<void>()
    const outcome = Promise.withResolvers<KafkaAnswer | undefined>()
    const hold: Hold = {
      connection,
      released: release.promise,
      letGo: () => {
        this.holds.delete(hold)
        release.resolve()
      },
      settle: (answer) => {
        if (answer !== undefined) this.answers.push(answer)
        outcome.resolve(answer)
      },
      settled: outcome.promise,
    }
    this.holds.add(hold)
    return hold
  }

  async whenStruck(times = 1): Promise<void> {
    if (this.#struck >= times) return
    if (this.removed.aborted) throw this.#gone(times)
    const promise = Promise.withResolvers<void>()
    this.#waiting.add({ times, promise })
    await promise.promise
  }

  async release(): Promise<readonly KafkaAnswer[]> {
    const holds = [...this.holds]
    for (const hold of holds) hold.letGo()
    const answers = await Promise.all(holds.map(({ settled }) => settled))
    return answers.filter((answer) => answer !== undefined)
  }

  remove(): Promise<void> {
    this.#removing ??= this.#remove()
    return this.#removing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove()
  }

  async #remove(): Promise<void> {
    this.#removal.abort('removed')
    for (const hold of this.holds) hold.letGo()
    for (const { times, promise } of this.#waiting) promise.reject(this.#gone(times))
    this.#waiting.clear()
    await this.#options.onRemove()
  }

  #gone(times: number): Error {
    return new Error(`Toxic ${this.toxic.kind} was removed after ${this.#struck} of ${times} strikes.`)
  }
}
