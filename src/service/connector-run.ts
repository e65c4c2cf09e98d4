import { backoffDelay } from '../async/backoff.ts'
import { createBell } from '../async/bell.ts'
import type { Bell } from '../async/bell.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { TailraceError, isAbort } from '../errors.ts'
import { knownFailure } from './known-failure.ts'
import type { RunConnector } from './pipeline-runs.ts'
import type { RunReport } from './process-reports.ts'
import type { ConnectorEntry, RestartWish } from './service-state.ts'

/** One connector in this process: what is wanted of it, and the one run that there is of it at any time. */
export interface ConnectorRun extends AsyncDisposable {
  /** The newest wins; undefined = nothing any more. What runs is ended before anything else begins. */
  want(entry: ConnectorEntry | undefined): void
}

/** What runs it; see `PipelineRunsOptions`. */
export interface ConnectorRunOptions {
  readonly process: string
  readonly clock: Clock
  readonly rng: Rng
  readonly run: RunConnector
  readonly hasSameMeaning: (a: ConnectorEntry, b: ConnectorEntry) => boolean | Promise<boolean>
  readonly onFailure: (error: unknown, retryInMs: number | undefined) => void
  /** Takes secrets out of what is told of a failure; see `PipelineRunsOptions`. */
  readonly hide?: ((text: string) => string) | undefined
}

/** Who hears of it. */
export interface ConnectorRunEvents {
  /** Undefined while it is not wanted. */
  onReport(report: RunReport | undefined): void
  /** It is not wanted, and nothing of it runs any more. */
  onIdle(): void
}

/** Nothing is wanted yet. */
export function createConnectorRun(options: ConnectorRunOptions, events: ConnectorRunEvents): ConnectorRun {
  return new Slot(options, events)
}

const restartPause = { baseMs: 1_000, capMs: 60_000, floorMs: 1_000 }
/** Who ran for this long begins again with short pauses. */
const provenAfterMs = 300_000

/** How a run ended. */
interface RunEnd {
  readonly error: unknown
}

interface Run {
  readonly stop: AbortController
  /** Of the configuration that it carries out. */
  readonly entry: ConnectorEntry
  readonly begunAtMs: number
  /** Undefined as long as it works. */
  end: RunEnd | undefined
}

/** Failed, and begun again when `retryAtMs` has come, or never by itself. */
interface Failure {
  readonly entry: ConnectorEntry
  readonly trace: string
  readonly retryAtMs: number | undefined
}

class Slot implements ConnectorRun {
  readonly #options: ConnectorRunOptions
  readonly #events: ConnectorRunEvents
  readonly #bell: Bell
  readonly #life = new AbortController()
  #wanted: ConnectorEntry | undefined
  /** Of the wishes that are kept, those that were carried out, or stood there already when this slot came: those are older than what runs. */
  #doneWishes: ReadonlySet<string> = new Set()
  #run: Run | undefined
  #failure: Failure | undefined
  #failures = 0
  #told: RunReport | undefined
  #working: Promise<void> | undefined

  constructor(options: ConnectorRunOptions, events: ConnectorRunEvents) {
    this.#options = options
    this.#events = events
    this.#bell = createBell(options.clock)
  }

  want(entry: ConnectorEntry | undefined): void {
    if (this.#life.signal.aborted) return
    // One that was removed and made again is another one: its wishes are, too.
    if (this.#wanted === undefined) this.#doneWishes = idsOf(wishesOf(entry))
    this.#wanted = entry
    this.#report()
    this.#working ??= this.#work()
    this.#bell.ring()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new Error('the process stops'))
    await this.#working
  }

  /** One step after the other, each decided by what is wanted at that moment. Never rejects. */
  async #work(): Promise<void> {
    const { signal } = this.#life
    while (!signal.aborted && (this.#wanted !== undefined || this.#run !== undefined)) {
      await this.#step()
      this.#report()
      // Whoever gave up waiting has been told to stop, which the loop sees.
      if (this.#wanted !== undefined) await this.#bell.wait(this.#restMs(), signal).catch(() => undefined)
    }
    await this.#endRun()
    this.#working = undefined
    // What is wanted anew since the last look.
    if (!signal.aborted && this.#wanted !== undefined) this.#working = this.#work()
    else this.#events.onIdle()
  }

  async #step(): Promise<void> {
    const entry = this.#wanted
    const wishes = wishesOf(entry)
    const isWished = wishes.some((wish) => !this.#doneWishes.has(wish.id) && this.#concerns(wish))
    if (entry !== undefined) this.#doneWishes = idsOf(wishes)
    this.#takeEnd()
    if (entry === undefined || entry.target !== 'RUNNING') {
      await this.#endRun()
      this.#failure = undefined
      this.#failures = 0
      return
    }
    if (this.#run !== undefined) await this.#reconsider(this.#run, entry, isWished)
    if (this.#failure !== undefined && this.#mayBeginAgain(this.#failure, entry, isWished)) this.#failure = undefined
    // Somebody may want something else since: the next step sees it.
    if (this.#run === undefined && this.#failure === undefined && this.#wanted === entry) this.#begin(entry)
  }

  #concerns({ process, onlyFailed }: RestartWish): boolean {
    if (process !== undefined && process !== this.#options.process) return false
    return (
      !onlyFailed || this.#failure !== undefined || (this.#run?.end !== undefined && this.#run.end.error !== undefined)
    )
  }

  async #reconsider(run: Run, entry: ConnectorEntry, isWished: boolean): Promise<void> {
    const isKept = !isWished && (entry.configId === run.entry.configId || (await this.#meansTheSame(run.entry, entry)))
    if (isKept) this.#run = this.#run === run ? Object.assign(run, { entry }) : this.#run
    else await this.#endRun()
  }

  async #meansTheSame(a: ConnectorEntry, b: ConnectorEntry): Promise<boolean> {
    try {
      return await this.#options.hasSameMeaning(a, b)
    } catch {
      return false
    }
  }

  #mayBeginAgain({ entry: failed, retryAtMs }: Failure, entry: ConnectorEntry, isWished: boolean): boolean {
    if (isWished || failed.configId !== entry.configId) {
      this.#failures = 0
      return true
    }
    return retryAtMs !== undefined && this.#options.clock.monotonic() >= retryAtMs
  }

  #begin(entry: ConnectorEntry): void {
    const { clock, run } = this.#options
    const stop = new AbortController()
    const begun: Run = { stop, entry, begunAtMs: clock.monotonic(), end: undefined }
    const end = (error: unknown): void => {
      begun.end = { error }
      this.#bell.ring()
    }
    this.#run = begun
    // In a turn of its own, so that what it throws at once is its own failure, too.
    Promise.resolve()
      .then(() => run(entry, stop.signal))
      .then(
        () => end(undefined),
        (error: unknown) => end(error ?? new Error('a run gave no reason')),
      )
  }

  /** A run that ended by itself: with an error, it is a failure; without, it has nothing left to do and stays as it is. */
  #takeEnd(): void {
    const run = this.#run
    if (run?.end?.error === undefined) return
    const { clock, rng, onFailure, hide = asIs } = this.#options
    const { error } = run.end
    this.#run = undefined
    if (clock.monotonic() - run.begunAtMs >= provenAfterMs) this.#failures = 0
    const isFinal = error instanceof TailraceError && error.policy === 'refuse'
    const retryInMs = isFinal ? undefined : backoffDelay(restartPause, this.#failures++, rng)
    const retryAtMs = retryInMs === undefined ? undefined : clock.monotonic() + retryInMs
    this.#failure = { entry: run.entry, trace: hide(traceOf(error)), retryAtMs }
    onFailure(error, retryInMs)
  }

  async #endRun(): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    run.stop.abort(new Error('the connector is to end'))
    while (run.end === undefined) await this.#bell.wait(3_600_000, new AbortController().signal)
    const { error } = run.end
    if (error !== undefined && !isAbort(error, run.stop.signal)) this.#options.onFailure(error, undefined)
    this.#run = undefined
    this.#bell.ring()
  }

  #restMs(): number {
    const { retryAtMs } = this.#failure ?? {}
    return retryAtMs === undefined ? 3_600_000 : Math.max(0, retryAtMs - this.#options.clock.monotonic())
  }

  #report(): void {
    const report = this.#reportOf(this.#wanted)
    const { state, configId, trace } = this.#told ?? {}
    if (report?.state === state && report?.configId === configId && report?.trace === trace) return
    this.#told = report
    this.#events.onReport(report)
  }

  #reportOf(entry: ConnectorEntry | undefined): RunReport | undefined {
    if (entry === undefined) return undefined
    const { configId } = entry
    // One that is still ending is not stopped yet, whatever is wanted.
    if (this.#run !== undefined) return { state: 'RUNNING', configId: this.#run.entry.configId }
    if (entry.target !== 'RUNNING') return { state: entry.target, configId }
    const failure = this.#failure
    if (failure === undefined) return { state: 'RUNNING', configId }
    const state = failure.retryAtMs === undefined ? 'FAILED' : 'RESTARTING'
    return { state, configId: failure.entry.configId, trace: failure.trace }
  }
}

function wishesOf(entry: ConnectorEntry | undefined): readonly RestartWish[] {
  const { restart, earlierRestarts = [] } = entry ?? {}
  return restart === undefined ? [] : [...earlierRestarts, restart]
}

function idsOf(wishes: readonly RestartWish[]): ReadonlySet<string> {
  return new Set(wishes.map(({ id }) => id))
}

function asIs(text: string): string {
  return text
}

function traceOf(error: unknown): string {
  const { code, message, remedy } = knownFailure(error)
  return `${code}: ${message}\n${remedy}`
}
