import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import type { InvokeResult, StreamEvent } from '../../servers/event-source-mapping/mapping.ts'
import type { CrashPointName } from '../../crash/crash-point.ts'
import { numbersOf } from '../mapping-world.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import type { StrikableFleet } from '../world/nemesis.ts'
import type { Surroundings } from '../world/surroundings.ts'
import type { FunctionPlan } from './function-plan.ts'
import { startSandbox } from './simulated-sandbox.ts'
import type { SandboxCode, SimulatedSandbox } from './simulated-sandbox.ts'

/** One invocation, as somebody sees it who sees everything. */
export interface Invocation {
  /** Its records, in the event's order, by {@link nameOfRecord}. */
  readonly records: readonly string[]
  /** How often the function may have written its records: once, and again after each doubt. */
  attempts: number
  /** Undefined while it runs. */
  result: InvokeResult | undefined
  /** Virtual milliseconds; the end is infinite while it runs. */
  readonly startedAtMs: number
  endedAtMs: number
}

/** Streams of two tables may have the same numbers. */
export function nameOfRecord(streamArn: string, sequenceNumber: string): string {
  return `${streamArn} ${sequenceNumber}`
}

function recordsOf(event: StreamEvent): readonly string[] {
  const [first] = event.Records
  return numbersOf(event).map((number) => nameOfRecord(String(first?.['eventSourceARN']), number))
}

/** A function of Lambda: as many sandboxes as it takes, started cold, kept warm, frozen in between, replaced by deployments. */
export interface SimulatedFunction extends StrikableFleet {
  /** Never rejects. */
  invoke(event: StreamEvent): Promise<InvokeResult>
  readonly invocations: readonly Invocation[]
  /** What happened to sandboxes, by kind; and to those that were reset, what they had reached last. */
  readonly counts: ReadonlyMap<string, number>
  readonly statesAtReset: ReadonlyMap<string, number>
  readonly running: number
  /** After the run: frees the memory of everything. */
  bury(): void
}

/** What a function is made of. */
export interface FunctionParts {
  readonly surroundings: Surroundings
  readonly config: PipelineConfig
  readonly plan: FunctionPlan
  readonly code: SandboxCode
  readonly seed: number
}

/** Nothing runs before the first invocation. */
export function createSimulatedFunction(parts: FunctionParts): SimulatedFunction {
  return new Pool(parts)
}

interface Armed {
  readonly point: CrashPointName
  hitsLeft: number
}

interface Place {
  readonly sandbox: SimulatedSandbox
  readonly deployment: number
  reached: string
  readonly open: Set<Invocation>
}

const freezeWithinMs = 1_000
/** So long after a deployment some invocations still go to what was there before. */
const switchOverMs = 3_000

class Pool implements SimulatedFunction {
  readonly #parts: FunctionParts
  readonly #rng: Rng
  readonly #places = new Map<number, Place>()
  readonly #dead: SimulatedSandbox[] = []
  readonly #armed = new Set<Armed>()
  readonly #freezing = new Map<number, { readonly point: CrashPointName; readonly freeze: () => void }>()
  readonly invocations: Invocation[] = []
  readonly counts = new Map<string, number>()
  readonly statesAtReset = new Map<string, number>()
  #deployment = 0
  #deployedAtMs = Number.NEGATIVE_INFINITY
  #serial = 0
  #isHealed = false

  constructor(parts: FunctionParts) {
    this.#parts = parts
    this.#rng = seededRng(parts.seed ^ 0xf00d)
  }

  get workers(): ReadonlyMap<number, { readonly process: SimulatedProcess }> {
    return new Map([...this.#places].map(([place, { sandbox }]) => [place, sandbox]))
  }

  get running(): number {
    return [...this.#places.values()].reduce((sum, { sandbox }) => sum + sandbox.running, 0)
  }

  async invoke(event: StreamEvent): Promise<InvokeResult> {
    const { plan, surroundings } = this.#parts
    const [number, place] = this.#choose()
    const { sandbox } = place
    const invocation: Invocation = {
      records: recordsOf(event),
      attempts: 1,
      result: undefined,
      startedAtMs: surroundings.time.elapsedMs,
      endedAtMs: Number.POSITIVE_INFINITY,
    }
    this.invocations.push(invocation)
    place.open.add(invocation)
    const isEarly = !this.#isHealed && this.#rng.next() < plan.earlyDeadlineShare
    const limitMs = isEarly ? this.#rng.next() ** 2 * 400 : plan.timeLimitMs
    if (sandbox.running === 0) place.reached = 'begin'
    surroundings.trace.note(`${sandbox.process.name} is invoked with ${invocation.records.length}`)
    const result = await sandbox.invoke(event, limitMs)
    place.open.delete(invocation)
    invocation.result = result
    invocation.endedAtMs = surroundings.time.elapsedMs
    if (result.kind === 'timeout') {
      this.#count(isEarly ? 'early-deadline' : 'deadline')
      this.#met(place.reached)
    }
    if (sandbox.process.state === 'killed') this.#bury(number)
    else if (place.deployment < this.#deployment && sandbox.running === 0) this.#reset(number, 'retired')
    return result
  }

  kill(place: number): void {
    this.#reset(place, 'reset')
  }

  armCrashPoint(point: CrashPointName, hit: number): void {
    this.#armed.add({ point, hitsLeft: hit })
  }

  freezeAt(place: number, point: CrashPointName, onFrozen: (process: SimulatedProcess) => void): void {
    const process = this.#places.get(place)?.sandbox.process
    if (process === undefined || this.#freezing.has(place)) return
    const freeze = (): void => {
      if (!this.#freezing.delete(place) || process.state !== 'running') return
      process.stop()
      onFrozen(process)
    }
    this.#freezing.set(place, { point, freeze })
    this.#parts.surroundings.time.after(freezeWithinMs, freeze)
  }

  /** A new version of the function, or of its configuration. */
  restart(): void {
    this.#count('deployment')
    this.#deployment++
    this.#deployedAtMs = this.#parts.surroundings.time.elapsedMs
    for (const [number, { sandbox }] of this.#places) if (sandbox.running === 0) this.#reset(number, 'retired')
  }

  scale(): void {
    // Lambda does that by itself.
  }

  heal(): void {
    this.#isHealed = true
    this.#armed.clear()
    this.#freezing.clear()
    for (const { sandbox } of this.#places.values()) {
      sandbox.process.skewWallClock(0)
      if (sandbox.running > 0) sandbox.process.resume()
    }
  }

  bury(): void {
    for (const number of this.#places.keys()) this.#reset(number, 'retired')
    for (const sandbox of this.#dead.splice(0)) sandbox.bury()
  }

  /** A warm one with room, mostly; otherwise a cold one. */
  #choose(): readonly [number, Place] {
    const { plan, surroundings } = this.#parts
    const mayBeOld = surroundings.time.elapsedMs - this.#deployedAtMs < switchOverMs && this.#rng.next() < 0.3
    const warm = [...this.#places].filter(
      ([, { sandbox, deployment }]) =>
        sandbox.running < plan.concurrency &&
        sandbox.process.state !== 'killed' &&
        (mayBeOld || deployment === this.#deployment),
    )
    const found = warm[Math.floor(this.#rng.next() * warm.length)]
    if (found === undefined || this.#rng.next() < plan.coldShare) return this.#start()
    if (found[1].sandbox.running === 0) {
      this.#count('thaw')
      this.#maybeCut(found[1].sandbox.process.name)
    }
    return found
  }

  /** The peer has closed the connection, or something in between has forgotten it. */
  #maybeCut(name: string): void {
    const { surroundings, plan } = this.#parts
    if (this.#isHealed || this.#rng.next() >= plan.deadSocketShare) return
    const remove = surroundings.link.add(({ process }) => {
      if (process !== name) return undefined
      remove()
      this.#count('dead-socket')
      return { request: 'reset' }
    })
    surroundings.time.after(1_000, remove)
  }

  #start(): readonly [number, Place] {
    const { surroundings, config, code, plan, seed } = this.#parts
    const number = ++this.#serial
    this.#count('cold-start')
    const place: Place = {
      sandbox: startSandbox(`sandbox-${number}`, {
        surroundings,
        config,
        code,
        timeLimitMs: plan.timeLimitMs,
        seed: seed * 1_000 + number,
        reach: (point) => this.#reach(number, point),
        onEvent: (event) => {
          if (event.kind !== 'batch-in-doubt') return
          surroundings.trace.note(`sandbox-${number} doubts: ${event.error.message}`)
          for (const invocation of place.open) invocation.attempts++
        },
      }),
      deployment: this.#deployment,
      reached: 'begin',
      open: new Set(),
    }
    this.#places.set(number, place)
    return [number, place]
  }

  #reach(number: number, point: CrashPointName): Promise<void> | undefined {
    const place = this.#places.get(number)
    if (place === undefined) return undefined
    place.reached = point
    const { process } = place.sandbox
    for (const armed of this.#armed) {
      if (armed.point !== point || --armed.hitsLeft > 0) continue
      if (process.state !== 'running') return undefined
      this.#armed.delete(armed)
      this.#reset(number, 'crash')
      return new Promise(() => {})
    }
    const freezing = this.#freezing.get(number)
    if (freezing?.point !== point || process.state !== 'running') return undefined
    freezing.freeze()
    return process.await<void>(({ resolve }) => this.#parts.surroundings.time.after(0, resolve))
  }

  /** Lambda calls it a runtime that has exited. */
  #reset(number: number, kind: 'crash' | 'reset' | 'retired'): void {
    const place = this.#places.get(number)
    if (place === undefined) return
    this.#count(kind)
    if (kind !== 'retired') this.#met(place.sandbox.running === 0 ? 'frozen' : place.reached)
    place.sandbox.reset({ kind: 'error', errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited' })
    this.#bury(number)
  }

  #bury(number: number): void {
    const place = this.#places.get(number)
    this.#places.delete(number)
    if (place !== undefined) this.#dead.push(place.sandbox)
  }

  #met(state: string): void {
    this.statesAtReset.set(state, (this.statesAtReset.get(state) ?? 0) + 1)
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }
}
