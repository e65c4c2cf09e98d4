import type { Clock } from '../../async/clock.ts'

/** Whether the event loop turns: work that never lets go of it would hold up commits, heartbeats and answers. */
export interface LagWatch extends AsyncDisposable {
  /** The least lateness of the last looks: by so much everything is late, not just once. Milliseconds. */
  readonly lagMs: number
}

/** Above this a process is better started anew. Brokers give its lanes away after a session of 45 seconds anyway. */
export const lagBoundMs: number = 10_000

const lookEveryMs = 1000
/** A single late look is a pause of the machine, which a restart would not mend. */
const looks = 3

/** Looks every second until it is disposed. */
export function startLagWatch(clock: Clock): LagWatch {
  const stop = new AbortController()
  let late: readonly number[] = []
  const look = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const dueAt = clock.monotonic() + lookEveryMs
      await clock.sleep(lookEveryMs, stop.signal).catch(() => undefined)
      late = [...late, Math.max(0, clock.monotonic() - dueAt)].slice(-looks)
    }
  }
  const looking = look()
  return {
    get lagMs() {
      return late.length < looks ? 0 : Math.min(...late)
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('nobody asks any more'))
      await looking
    },
  }
}
