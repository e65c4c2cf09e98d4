import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { ServiceLog } from '../../../src/service/service-state.ts'
import type { StrikableFleet } from '../world/nemesis.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import type { Surroundings } from '../world/surroundings.ts'
import { startServiceProcess } from './simulated-service-process.ts'
import type { CommitMoment, SimulatedServiceProcess } from './simulated-service-process.ts'

/** The processes of a service, each in its place; whoever dies or ends comes again as a process of another name. */
export interface ServiceFleet extends StrikableFleet {
  readonly workers: ReadonlyMap<number, SimulatedServiceProcess>
  /** Errors that processes ended with although nobody had told them to. */
  readonly failures: readonly string[]
  readonly kills: number
  terminateAll(): void
  readonly isGone: boolean
  buryAll(): void
}

const moments: readonly CommitMoment[] = ['before-end', 'after-end', 'answer']
const freezeWithinMs = 1_000
const lookMs = 250

/** Starts them. */
export function startServiceFleet(parts: {
  readonly surroundings: Surroundings
  readonly places: number
  readonly seed: number
  readonly onState: (name: string, log: ServiceLog) => void
}): ServiceFleet {
  return new Fleet(parts)
}

class Fleet implements ServiceFleet {
  readonly #parts: Parameters<typeof startServiceFleet>[0]
  readonly workers = new Map<number, SimulatedServiceProcess>()
  readonly failures: string[] = []
  readonly #all: SimulatedServiceProcess[] = []
  /** What happens to whoever reaches a moment of a commit next. */
  readonly #armed: { readonly moment: CommitMoment; hitsLeft: number; readonly restartMs: number }[] = []
  readonly #freezing = new Map<string, () => void>()
  readonly #coming = new Set<number>()
  readonly #rng: Rng
  #serial = 0
  #isOver = false
  kills = 0

  constructor(parts: Parameters<typeof startServiceFleet>[0]) {
    this.#parts = parts
    this.#rng = seededRng(parts.seed ^ 0xf1ee)
    for (let place = 0; place < parts.places; place++) this.#start(place)
    this.#lookAfter()
  }

  get isGone(): boolean {
    return [...this.workers.values()].every(({ ended, process }) => ended !== undefined || process.state === 'killed')
  }

  kill(place: number, restartMs: number): void {
    const worker = this.workers.get(place)
    if (worker === undefined || worker.ended !== undefined || worker.process.state === 'killed') return
    this.kills++
    worker.process.kill()
    this.#come(place, restartMs)
  }

  /** The points of a pipeline mean nothing here: a commit is struck before or behind its end, or its answer is lost. */
  armCrashPoint(_point: unknown, hit: number, restartMs: number): void {
    this.#armed.push({
      moment: moments[Math.floor(this.#rng.next() * moments.length)] ?? 'answer',
      hitsLeft: hit,
      restartMs,
    })
  }

  freezeAt(place: number, _point: unknown, onFrozen: (process: SimulatedProcess) => void): void {
    const process = this.workers.get(place)?.process
    if (process === undefined || this.#freezing.has(process.name)) return
    // With its machine, at any moment: when it goes on, it has no reason to think that another one leads by then.
    if (this.#rng.next() < 0.5) {
      process.suspend()
      onFrozen(process)
      return
    }
    const freeze = (): void => {
      if (!this.#freezing.delete(process.name)) return
      process.stop()
      onFrozen(process)
    }
    this.#freezing.set(process.name, freeze)
    this.#parts.surroundings.time.after(freezeWithinMs, freeze)
  }

  restart(place: number): void {
    this.workers.get(place)?.terminate()
  }

  scale(): void {
    // A service has as many processes as it has.
  }

  heal(): void {
    this.#armed.length = 0
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

  buryAll(): void {
    for (const one of this.#all.splice(0)) one.bury()
  }

  #start(place: number): void {
    const { surroundings, seed, onState } = this.#parts
    const name = `process-${place}.${++this.#serial}`
    const worker = startServiceProcess(name, {
      surroundings,
      seed: seed * 1_000 + this.#serial,
      reach: (moment) => this.#reach(name, place, moment),
      onState: (log) => onState(name, log),
    })
    this.workers.set(place, worker)
    this.#all.push(worker)
  }

  #reach(name: string, place: number, moment: CommitMoment): Promise<void> | undefined {
    const { time, trace } = this.#parts.surroundings
    const process = this.workers.get(place)?.process
    if (process?.name !== name || process.state !== 'running') return undefined
    const at = this.#armed.findIndex((armed) => armed.moment === moment && --armed.hitsLeft <= 0)
    const [struck] = at < 0 ? [] : this.#armed.splice(at, 1)
    if (struck?.moment === 'answer') {
      trace.note(`${name} does not hear of the end of a commit`)
      return Promise.reject(new TailraceError('KAFKA_TIMEOUT', 'EndTxn: no answer in time'))
    }
    if (struck !== undefined) {
      trace.note(`${name} dies ${moment} of a commit`)
      this.kill(place, struck.restartMs)
      return new Promise(() => {})
    }
    if (moment !== 'before-end' || !this.#freezing.has(name)) return undefined
    trace.note(`${name} freezes ${moment} of a commit`)
    this.#freezing.get(name)?.()
    // It goes on from here when it is told to.
    return process.await<void>(({ resolve }) => time.after(0, resolve))
  }

  #come(place: number, afterMs: number): void {
    if (this.#coming.has(place)) return
    this.#coming.add(place)
    this.#parts.surroundings.time.after(afterMs, () => {
      this.#coming.delete(place)
      if (!this.#isOver) this.#start(place)
    })
  }

  #lookAfter(): void {
    this.#parts.surroundings.time.after(lookMs, () => {
      for (const [place, { ended, process }] of this.workers) {
        if (ended === undefined || this.#isOver) continue
        this.workers.delete(place)
        if (ended.error instanceof Error) this.failures.push(`${process.name}: ${ended.error.message}`)
        this.#come(place, 1_000)
      }
      if (!this.#isOver) this.#lookAfter()
    })
  }
}
