import type { Clock } from '../../../src/async/clock.ts'
import { withDeadline } from '../../../src/async/clock.ts'
import type { ProcessExit } from '../../../src/hosts/demo/guarded-process.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import { createStateWatch } from '../../sim/world/state-watch.ts'
import { readWorkerLine } from './worker-log.ts'
import { startWorkerProcess } from './worker-process.ts'
import type { WorkerCommand, WorkerProcess, WorkerStart, WorkerVariant } from './worker-process.ts'

/**
 * The workers of a pipeline as processes, each in its place. Whoever ends unasked is started again after a second, as an
 * orchestrator does. Disposing kills all of them.
 */
export interface WorkerPlaces extends AsyncDisposable {
  /** Places whose process runs and is not frozen. */
  running(): readonly number[]
  /** What the worker is doing, as far as its events tell. */
  stateOf(place: number): string
  nameOf(place: number): string
  pidOf(place: number): number
  /** Starts a process in an empty place. */
  start(place: number, env?: Readonly<Record<string, string>>): Promise<void>
  /** Starts one that differs from the others, and may end by itself: nobody takes its place unasked. */
  startVariant(place: number, variant: WorkerVariant, env?: Readonly<Record<string, string>>): Promise<void>
  /** Resolves when one of these has ended, and its place is empty; undefined if it goes on for `withinMs`. */
  endedBy(place: number, withinMs: number): Promise<LastWords | undefined>
  /** SIGKILL; resolves when it is gone and its place is empty. */
  kill(place: number): Promise<void>
  /** SIGTERM; resolves when the worker has ended by itself, and its place is empty. It is killed after `graceMs`. */
  terminate(place: number, graceMs: number): Promise<Termination>
  /** SIGTERM to one that is expected to end by itself; nothing waits for it. */
  tellToStop(place: number): void
  /** SIGSTOP. */
  freeze(place: number): void
  /** Lets a worker that was started with TAILRACE_FREEZE stop itself there; false if it did not get there in time. */
  freezeInside(place: number, withinMs: number): Promise<boolean>
  /** SIGCONT. */
  thaw(place: number): void
  /**
   * Lets the event loop of a worker that was started with TAILRACE_STALL stand still; it goes on by itself. Resolves when
   * that begins, with its length in milliseconds, or with undefined if it did not within that time, and may yet.
   */
  stall(place: number, withinMs: number): Promise<number | undefined>
  /** Resolves with the point when the worker that was started with TAILRACE_CRASH has died there, or undefined in vain. */
  crashed(place: number, withinMs: number): Promise<string | undefined>
  /** Whose lane it is, by the events: the name of the process that took it last and has not let it go. */
  readonly laneOwners: ReadonlyMap<number, string>
  /** Every lane that any worker has let go so far, in order. */
  readonly farewells: readonly Farewell[]
  /** Workers that ended unasked, one line each. */
  readonly deaths: readonly string[]
}

/**
 * How a worker took being told to stop: in order (exit code 0); before it listened to signals, when nothing of it was there
 * yet; killed at the end of the grace; or in some other way, which is wrong.
 */
export interface Termination {
  readonly kind: 'clean' | 'too-early' | 'killed' | 'failed'
  /** One line: who, how, how soon. */
  readonly text: string
}

/** How a process ended by itself, and the end of what it printed. */
export interface LastWords extends ProcessExit {
  readonly name: string
  readonly lines: readonly string[]
}

/** A worker lets a lane go: because it was told to, or because its session is in doubt. */
export interface Farewell {
  readonly worker: string
  readonly lane: number
  /** The message and the cause of the doubt. */
  readonly doubt: string | undefined
}

const restartAfterDeathMs = 1_000
/** A crash of V8 prints a stack of some forty lines. */
const keptLines = 100

/** No process yet. */
export function createWorkerPlaces(command: WorkerCommand, clock: Clock): WorkerPlaces {
  return new Places(command, clock)
}

interface Start extends Omit<WorkerStart, 'name'> {
  readonly isExpectedToEnd: boolean
}

interface Place {
  readonly process: WorkerProcess
  readonly lastLines: string[]
  isExpectedToEnd: boolean
  isFrozen: boolean
  hasSpoken: boolean
  isInside: boolean
  stalledMs: number | undefined
  crashPoint: string | undefined
  death: string | undefined
}

class Places implements WorkerPlaces {
  readonly #command: WorkerCommand
  readonly #clock: Clock
  readonly #places = new Map<number, Place>()
  readonly #watch: ReturnType<typeof createStateWatch>
  readonly laneOwners = new Map<number, string>()
  readonly farewells: Farewell[] = []
  readonly deaths: string[] = []
  #serial = 0
  #isOver = false

  constructor(command: WorkerCommand, clock: Clock) {
    this.#command = command
    this.#clock = clock
    this.#watch = createStateWatch(() => clock.monotonic())
  }

  running(): readonly number[] {
    const isUp = ({ process, isFrozen, isExpectedToEnd }: Place): boolean =>
      process.exit === undefined && !isFrozen && !isExpectedToEnd
    return [...this.#places].filter(([, place]) => isUp(place)).map(([index]) => index)
  }

  stateOf(place: number): string {
    return this.#watch.stateOf(this.nameOf(place))
  }

  nameOf(place: number): string {
    return this.#places.get(place)?.process.name ?? `nobody-${place}`
  }

  pidOf(index: number): number {
    return this.#at(index).process.pid
  }

  start(index: number, env: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#start(index, { env, variant: {}, isExpectedToEnd: env['TAILRACE_CRASH'] !== undefined })
  }

  startVariant(index: number, variant: WorkerVariant, env: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#start(index, { env, variant, isExpectedToEnd: true })
  }

  async endedBy(index: number, withinMs: number): Promise<LastWords | undefined> {
    const place = this.#at(index)
    try {
      await withDeadline(this.#clock, withinMs, place.process.closed, () => new Error('not in time'))
    } catch {
      return undefined
    }
    this.#vacate(index, place)
    const { name, exit = { code: null, signal: null } } = place.process
    return { name, ...exit, lines: place.lastLines }
  }

  async #start(index: number, how: Start): Promise<void> {
    if (this.#isOver) throw new Error('the run is over')
    if (this.#places.has(index)) throw new Error(`place ${index} is taken by ${this.nameOf(index)}`)
    const name = `worker-${index}.${++this.#serial}`
    const lines: string[] = []
    let onLine = (line: string): void => void lines.push(line)
    const process = await startWorkerProcess(this.#command, { name, ...how }, (line) => onLine(line))
    const place: Place = {
      process,
      lastLines: [],
      isExpectedToEnd: how.isExpectedToEnd,
      isFrozen: false,
      hasSpoken: false,
      isInside: false,
      stalledMs: undefined,
      crashPoint: undefined,
      death: undefined,
    }
    this.#places.set(index, place)
    onLine = (line) => this.#take(place, line)
    for (const line of lines) onLine(line)
    void process.exited.then((exit) => this.#ended(index, place, exit))
  }

  async kill(index: number): Promise<void> {
    const place = this.#leaving(index)
    place.process.send('SIGKILL')
    await place.process.exited
    this.#vacate(index, place)
  }

  async terminate(index: number, graceMs: number): Promise<Termination> {
    const place = this.#leaving(index)
    const startedAt = this.#clock.monotonic()
    place.process.send('SIGTERM')
    const late = new AbortController()
    void this.#clock.sleep(graceMs, late.signal).then(
      () => place.process.send('SIGKILL'),
      () => undefined,
    )
    const exit = await place.process.exited
    late.abort('it has ended')
    this.#vacate(index, place)
    const tookMs = (this.#clock.monotonic() - startedAt).toFixed(0)
    const text = `${place.process.name} ended with ${exit.signal ?? exit.code} ${tookMs} ms after SIGTERM`
    return { kind: terminationOf(place, exit), text }
  }

  tellToStop(index: number): void {
    this.#leaving(index).process.send('SIGTERM')
  }

  freeze(index: number): void {
    this.#at(index).isFrozen = true
    this.#at(index).process.send('SIGSTOP')
  }

  async freezeInside(index: number, withinMs: number): Promise<boolean> {
    const place = this.#at(index)
    // From now on nobody else chooses it.
    place.isFrozen = true
    place.isInside = false
    place.process.send('SIGUSR2')
    for (let waitedMs = 0; waitedMs < withinMs && !place.isInside; waitedMs += 20) await this.#clock.sleep(20)
    if (!place.isInside) place.process.send('SIGSTOP')
    return place.isInside
  }

  thaw(index: number): void {
    this.#at(index).process.send('SIGCONT')
    this.#at(index).isFrozen = false
  }

  async stall(index: number, withinMs: number): Promise<number | undefined> {
    const place = this.#at(index)
    place.stalledMs = undefined
    place.process.send('SIGUSR2')
    for (let waitedMs = 0; waitedMs < withinMs && place.stalledMs === undefined; waitedMs += 20) {
      await this.#clock.sleep(20)
    }
    return place.stalledMs
  }

  async crashed(index: number, withinMs: number): Promise<string | undefined> {
    const place = this.#at(index)
    try {
      await withDeadline(this.#clock, withinMs, place.process.exited, () => new Error('not in time'))
    } catch {
      return undefined
    }
    // Its last line may still be on the way.
    for (let wait = 0; wait < 20 && place.crashPoint === undefined; wait++) await this.#clock.sleep(10)
    this.#vacate(index, place)
    return place.crashPoint
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    for (const { process } of this.#places.values()) process.send('SIGKILL')
    await Promise.all([...this.#places.values()].map(({ process }) => process.exited))
  }

  #at(index: number): Place {
    const place = this.#places.get(index)
    if (place === undefined) throw new Error(`nobody is in place ${index}`)
    return place
  }

  #leaving(index: number): Place {
    const place = this.#at(index)
    place.isExpectedToEnd = true
    return place
  }

  #vacate(index: number, place: Place): void {
    if (this.#places.get(index) === place) this.#places.delete(index)
  }

  #ended(index: number, place: Place, { code, signal }: ProcessExit): void {
    const { name } = place.process
    this.#watch.died(name)
    for (const [lane, owner] of this.laneOwners) if (owner === name) this.laneOwners.delete(lane)
    if (place.isExpectedToEnd || this.#isOver) return
    this.#vacate(index, place)
    this.deaths.push(`${name} ended with ${signal ?? code}: ${place.death ?? 'it did not say why'}`)
    void this.#comeBack(index)
  }

  async #comeBack(index: number): Promise<void> {
    await this.#clock.sleep(restartAfterDeathMs)
    if (!this.#isOver && !this.#places.has(index)) await this.start(index)
  }

  #take(place: Place, line: string): void {
    place.hasSpoken = true
    if (place.lastLines.push(line) > keptLines) place.lastLines.shift()
    const read = readWorkerLine(line)
    if (read === undefined) return
    if (read.kind === 'crash-point') place.crashPoint = read.point
    else if (read.kind === 'freeze-point') this.#frozen(place)
    else if (read.kind === 'stalled') place.stalledMs = read.ms
    else if (read.kind === 'died') place.death = read.reason
    else this.#hear(place.process.name, read.event)
  }

  #frozen(place: Place): void {
    place.isInside = true
    // It got there too late, when nobody waits for it any more: it says so a moment before it stops.
    if (!place.isFrozen) void this.#clock.sleep(200).finally(() => place.process.send('SIGCONT'))
  }

  #hear(worker: string, event: PipelineEvent): void {
    this.#watch.onEvent(worker, event)
    if (event.kind === 'lane-taken') this.laneOwners.set(event.lane, worker)
    else if (event.kind === 'lane-released') {
      if (this.laneOwners.get(event.lane) === worker) this.laneOwners.delete(event.lane)
      this.farewells.push({ worker, lane: event.lane, doubt: undefined })
    } else if (event.kind === 'lane-in-doubt') {
      const { message, cause } = event.error
      this.farewells.push({ worker, lane: event.lane, doubt: `${message} ${String(cause)}` })
    }
  }
}

function terminationOf({ hasSpoken }: Place, { code, signal }: ProcessExit): Termination['kind'] {
  if (code === 0) return 'clean'
  if (signal === 'SIGKILL') return 'killed'
  return signal === 'SIGTERM' && !hasSpoken ? 'too-early' : 'failed'
}
