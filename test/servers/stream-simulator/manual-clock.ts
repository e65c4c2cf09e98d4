import type { Clock } from '../../../src/async/clock.ts'

/** Time that passes only when somebody sleeps or says so: waits are over at once, and are written down. */
export interface ManualClock extends Clock {
  /** Every wait so far, in milliseconds. */
  readonly sleeps: readonly number[]
  /** Lets both clocks run on. */
  advance(ms: number): void
  /** Sets the wall clock alone, as an administrator or NTP does. */
  jump(ms: number): void
}

/** A clock that stands at `startMs` of wall time. */
export function createManualClock(startMs = 1_800_000_000_000): ManualClock {
  const sleeps: number[] = []
  let elapsed = 0
  let offset = startMs
  return {
    sleeps,
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    advance: (ms) => void (elapsed += ms),
    jump: (ms) => void (offset += ms),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      sleeps.push(ms)
      elapsed += ms
      // A turn of the event loop, so that a loop that waits does not starve what it waits for.
      await new Promise((resolve) => setImmediate(resolve))
      signal?.throwIfAborted()
    },
  }
}
