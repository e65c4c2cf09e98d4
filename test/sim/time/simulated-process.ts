import type { Clock } from '../../../src/async/clock.ts'
import type { VirtualTime } from './virtual-time.ts'

/**
 * One operating system process of the simulation: what it waits for comes to it while it runs, waits while it is stopped,
 * and never comes once it is killed. Code of a killed process is suspended at an await for ever, as if it were gone.
 */
export interface SimulatedProcess {
  readonly name: string
  readonly clock: Clock
  readonly state: 'running' | 'stopped' | 'killed'
  /** Its wall clock against the true one; monotonic time is not touched. Milliseconds. */
  skewWallClock(ms: number): void
  /** SIGKILL. */
  kill(): void
  /** SIGSTOP: time goes on, the process does not. */
  stop(): void
  /** Its machine is suspended: as `stop`, but its monotonic clock stands still, too, so that it cannot tell how long it was away. */
  suspend(): void
  /** SIGCONT, or the machine goes on: everything that fell due meanwhile comes now, in its order. */
  resume(): void
  /**
   * Starts something outside of the process and waits for it. `start` gets the two ways to settle; it may call them at
   * any time, or never. A killed process starts nothing and hears nothing. Rejects at once when `signal` aborts; what
   * `start` returned is called then.
   */
  await<T>(start: (settle: Settle<T>) => void | (() => void), signal?: AbortSignal): Promise<T>
  /** Runs `work` if the process is running, later if it is stopped, never if it is killed. */
  deliver(work: () => void): void
}

/** How something outside of a process answers it. */
export interface Settle<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/** A running process. `originMs` is the wall clock at the beginning of the simulation. */
export function createSimulatedProcess(name: string, time: VirtualTime, originMs: number): SimulatedProcess {
  return new Process(name, time, originMs)
}

class Process implements SimulatedProcess {
  readonly name: string
  readonly clock: Clock
  readonly #due: (() => void)[] = []
  #state: SimulatedProcess['state'] = 'running'
  #skewMs = 0
  #suspendedMs = 0
  #suspendedAtMs: number | undefined
  readonly #time: VirtualTime

  constructor(name: string, time: VirtualTime, originMs: number) {
    this.name = name
    this.#time = time
    this.clock = {
      now: () => Math.floor(originMs + time.elapsedMs + this.#skewMs),
      monotonic: () => (this.#suspendedAtMs ?? time.elapsedMs) - this.#suspendedMs,
      sleep: (ms, signal) => this.await<void>(({ resolve }) => time.after(ms, resolve), signal),
    }
  }

  get state(): SimulatedProcess['state'] {
    return this.#state
  }

  skewWallClock(ms: number): void {
    this.#skewMs = ms
  }

  kill(): void {
    this.#state = 'killed'
    this.#due.length = 0
  }

  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped'
  }

  suspend(): void {
    if (this.#state !== 'running') return
    this.stop()
    this.#suspendedAtMs = this.#time.elapsedMs
  }

  resume(): void {
    if (this.#state !== 'stopped') return
    if (this.#suspendedAtMs !== undefined) this.#suspendedMs += this.#time.elapsedMs - this.#suspendedAtMs
    this.#suspendedAtMs = undefined
    this.#state = 'running'
    for (const work of this.#due.splice(0)) work()
  }

  await<T>(start: (settle: Settle<T>) => void | (() => void), signal?: AbortSignal): Promise<T> {
    // Whoever awaits a killed process's request is that process: it never hears of anything again.
    if (this.#state === 'killed') return new Promise<T>(() => {})
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        callOff?.()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      const settle = (work: () => void): void =>
        this.deliver(() => {
          signal?.removeEventListener('abort', onAbort)
          work()
        })
      const callOff = start({
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
      })
    })
  }

  deliver(work: () => void): void {
    if (this.#state === 'running') work()
    else if (this.#state === 'stopped') this.#due.push(work)
  }
}
