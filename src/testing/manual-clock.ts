import type { Clock } from '../async/clock.ts'

/** A clock that stands still until it is told to go on. Sleepers wake in the order of their times. */
export interface ManualClock extends Clock {
  /** Lets `ms` pass; resolves when everything that fell due, and what followed at once from it, has run. */
  advance(ms: number): Promise<void>
  /** How many sleepers wait. */
  readonly sleepers: number
}

interface Sleeper {
  readonly dueAt: number
  readonly wake: () => void
}

/** Makes a clock whose wall time begins at `startMs`. */
export function createManualClock(startMs = 1_800_000_000_000): ManualClock {
  let elapsed = 0
  const sleepers = new Set<Sleeper>()
  const nextDue = (until: number): Sleeper | undefined =>
    [...sleepers].filter(({ dueAt }) => dueAt <= until).sort((a, b) => a.dueAt - b.dueAt)[0]
  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    get sleepers() {
      return sleepers.size
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const end = (settle: () => void): void => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', onAbort)
          settle()
        }
        const onAbort = (): void => end(() => reject(signal?.reason))
        const sleeper: Sleeper = { dueAt: elapsed + ms, wake: () => end(resolve) }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
    advance: async (ms) => {
      const until = elapsed + ms
      await settle()
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        elapsed = Math.max(elapsed, due.dueAt)
        due.wake()
        await settle()
      }
      elapsed = until
    },
  }
}

/** Lets promises that are already decided run their course; nothing here waits on real time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
