import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import type { CrashPointName } from '../../crash/crash-point.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import { startSimulatedWorker } from './simulated-worker.ts'
import type { SimulatedWorker } from './simulated-worker.ts'
import type { Surroundings } from './surroundings.ts'
import type { PipelineState, StateWatch } from './state-watch.ts'

/** The workers of a pipeline, each in its place; whoever dies or ends is started anew, as an orchestrator does. */
export interface SimulatedFleet {
  readonly places: number
  /** The workers that are there now, by place. */
  readonly workers: ReadonlyMap<number, SimulatedWorker>
  /** SIGKILL; a new process comes after `restartMs`. */
  kill(place: number, restartMs: number): void
  /** Kills whoever reaches the point next, or at its `hit`th time. */
  armCrashPoint(point: CrashPointName, hit: number, restartMs: number): void
  /** SIGSTOP when the worker reaches the point, or where it is after a second; `onFrozen` sees to its SIGCONT. */
  freezeAt(place: number, point: CrashPointName, onFrozen: (process: SimulatedProcess) => void): void
  /** SIGTERM; a new process comes a second after it has ended. */
  restart(place: number): void
  /** Places are added, or their workers are told to stop for good. */
  scale(places: number): void
  /** No more faults: crash points are disarmed, stopped processes go on, every place has a worker. */
  heal(): void
  /** SIGTERM to all; nobody comes back. */
  terminateAll(): void
  /** After the run: frees the memory of those who were killed. */
  buryDead(): void
  /** True when nobody is left that runs. */
  readonly isGone: boolean
  /** Crashes so far: by point, and in which state they met the pipeline. */
  readonly crashes: CrashCounts
  /** Errors that workers ended with. */
  readonly failures: readonly unknown[]
}

/** How often, where and when. */
export interface CrashCounts {
  readonly kills: number
  /** When, in virtual milliseconds. */
  readonly moments: readonly number[]
  readonly byPoint: ReadonlyMap<CrashPointName, ReadonlyMap<PipelineState, number>>
  readonly byState: ReadonlyMap<PipelineState, number>
}

/** Starts the workers of a configuration. */
export function startFleet(parts: {
  readonly surroundings: Surroundings
  readonly config: PipelineConfig
  readonly workers: number
  readonly seed: number
  /** How often it looks for workers that have ended. */
  readonly dutyMs?: number
  readonly watch: StateWatch
  readonly onEvent: (worker: string, event: PipelineEvent) => void
}): SimulatedFleet {
  return new Fleet(parts)
}

interface Armed {
  readonly point: CrashPointName
  hitsLeft: number
  readonly restartMs: number
}

/** A worker that is to stop at a point. */
interface Freezing {
  readonly point: CrashPointName
  readonly freeze: () => void
}

const freezeWithinMs = 1_000
const endedCheckMs = 250
const restartAfterErrorMs = 1_000

class Fleet implements SimulatedFleet {
  readonly #parts: Parameters<typeof startFleet>[0]
  readonly workers = new Map<number, SimulatedWorker>()
  readonly failures: unknown[] = []
  readonly #dead: SimulatedWorker[] = []
  readonly #armed = new Set<Armed>()
  readonly #freezing = new Map<string, Freezing>()
  readonly #byPoint = new Map<CrashPointName, Map<PipelineState, number>>()
  readonly #byState = new Map<PipelineState, number>()
  readonly #moments: number[] = []
  #places: number
  #serial = 0
  #isOver = false
  readonly #coming = new Set<number>()

  constructor(parts: Parameters<typeof startFleet>[0]) {
    this.#parts = parts
    this.#places = parts.workers
    for (let place = 0; place < parts.workers; place++) this.#start(place)
    this.#lookAfter()
  }

  get places(): number {
    return this.#places
  }

  get isGone(): boolean {
    return [...this.workers.values()].every(({ ended, process }) => ended !== undefined || process.state === 'killed')
  }

  get crashes(): CrashCounts {
    return { kills: this.#moments.length, moments: this.#moments, byPoint: this.#byPoint, byState: this.#byState }
  }

  kill(place: number, restartMs: number): void {
    const worker = this.workers.get(place)
    if (worker === undefined || worker.ended !== undefined || worker.process.state === 'killed') return
    this.#die(worker, place)
    worker.process.kill()
    this.#come(place, restartMs)
  }

  armCrashPoint(point: CrashPointName, hit: number, restartMs: number): void {
    this.#armed.add({ point, hitsLeft: hit, restartMs })
  }

  freezeAt(place: number, point: CrashPointName, onFrozen: (process: SimulatedProcess) => void): void {
    const process = this.workers.get(place)?.process
    if (process === undefined || this.#freezing.has(process.name)) return
    const freeze = (): void => {
      if (!this.#freezing.delete(process.name)) return
      process.stop()
      onFrozen(process)
    }
    this.#freezing.set(process.name, { point, freeze })
    this.#parts.surroundings.time.after(freezeWithinMs, freeze)
  }

  restart(place: number): void {
    this.#parts.surroundings.trace.note(`worker ${place} is told to stop`)
    this.workers.get(place)?.terminate()
  }

  scale(places: number): void {
    for (let place = places; place < this.#places; place++) this.workers.get(place)?.terminate()
    this.#places = places
  }

  heal(): void {
    this.#armed.clear()
    this.#freezing.clear()
    for (const { process } of this.workers.values()) {
      process.resume()
      process.skewWallClock(0)
    }
  }

  terminateAll(): void {
    this.#isOver = true
    for (const { process, terminate } of this.workers.values()) {
      process.resume()
      terminate()
    }
  }

  buryDead(): void {
    for (const worker of this.#dead.splice(0)) worker.bury()
  }

  #start(place: number): void {
    const { surroundings, config, seed } = this.#parts
    const name = `worker-${place}.${++this.#serial}`
    const worker = startSimulatedWorker(name, {
      surroundings,
      config,
      seed: seed * 1_000 + this.#serial,
      reach: (point) => this.#reach(name, place, point),
      onEvent: (event) => this.#parts.onEvent(name, event),
    })
    this.workers.set(place, worker)
  }

  #reach(name: string, place: number, point: CrashPointName): Promise<void> | undefined {
    return this.#crashAt(name, place, point) ?? this.#freezeAt(name, place, point)
  }

  #freezeAt(name: string, place: number, point: CrashPointName): Promise<void> | undefined {
    const freezing = this.#freezing.get(name)
    const process = this.workers.get(place)?.process
    if (freezing?.point !== point || process?.name !== name || process.state !== 'running') return undefined
    this.#parts.surroundings.trace.note(`${name} freezes at ${point}`)
    freezing.freeze()
    // It goes on from here when it is told to.
    return process.await<void>(({ resolve }) => this.#parts.surroundings.time.after(0, resolve))
  }

  #crashAt(name: string, place: number, point: CrashPointName): Promise<void> | undefined {
    for (const armed of this.#armed) {
      if (armed.point !== point || --armed.hitsLeft > 0) continue
      const worker = this.workers.get(place)
      if (worker?.process.name !== name || worker.process.state !== 'running') return undefined
      this.#armed.delete(armed)
      const state = this.#die(worker, place)
      const counts = this.#byPoint.get(point) ?? new Map<PipelineState, number>()
      this.#byPoint.set(point, counts.set(state, (counts.get(state) ?? 0) + 1))
      this.#parts.surroundings.trace.note(`${name} dies at ${point}`)
      worker.process.kill()
      this.#come(place, armed.restartMs)
      return new Promise(() => {})
    }
    return undefined
  }

  #die(worker: SimulatedWorker, place: number): PipelineState {
    const { name } = worker.process
    const state = this.#parts.watch.stateOf(name)
    this.#dead.push(worker)
    this.#moments.push(this.#parts.surroundings.time.elapsedMs)
    this.#byState.set(state, (this.#byState.get(state) ?? 0) + 1)
    this.#parts.watch.died(name)
    this.#parts.surroundings.trace.note(`worker ${place} is killed (${state})`)
    return state
  }

  #come(place: number, afterMs: number): void {
    if (this.#coming.has(place)) return
    this.#coming.add(place)
    this.#parts.surroundings.time.after(afterMs, () => {
      this.#coming.delete(place)
      if (!this.#isOver && place < this.#places) this.#start(place)
    })
  }

  /** Fills the places of workers that ended by themselves. */
  #lookAfter(): void {
    this.#parts.surroundings.time.after(this.#parts.dutyMs ?? endedCheckMs, () => {
      for (const [place, worker] of this.workers) {
        if (worker.ended === undefined) continue
        this.workers.delete(place)
        this.#parts.watch.died(worker.process.name)
        if (worker.ended.error !== undefined) this.failures.push(worker.ended.error)
      }
      for (let place = 0; place < this.#places && !this.#isOver; place++) {
        if (!this.workers.has(place)) this.#come(place, restartAfterErrorMs)
      }
      if (!this.#isOver) this.#lookAfter()
    })
  }
}
