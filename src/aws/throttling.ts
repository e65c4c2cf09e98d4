import type { Clock } from '../async/clock.ts'

/**
 * A bound on the rate of requests, separately for each key (a stream's ARN). It bounds this process only: whoever
 * configures a fleet gives each process its share.
 */
export interface RequestBudget {
  /** Waits for this request's turn; turns are given in order of arrival. An aborted wait still uses its turn up. */
  take(key: string, signal: AbortSignal): Promise<void>
}

/** Makes a budget of `perSecond` requests, of which `burst` may come at once after a pause. */
export function createRequestBudget(options: {
  readonly clock: Clock
  readonly perSecond: number
  readonly burst?: number
}): RequestBudget {
  const { clock } = options
  const intervalMs = 1000 / options.perSecond
  const burstMs = ((options.burst ?? 1) - 1) * intervalMs
  /** When the next request of a key would be due if all of them were evenly spaced (clock.monotonic). */
  const dueAt = new Map<string, number>()

  return {
    take: async (key, signal) => {
      signal.throwIfAborted()
      const now = clock.monotonic()
      const due = Math.max(dueAt.get(key) ?? now, now)
      if (dueAt.size > 1_000) forgetPast(dueAt, now)
      dueAt.set(key, due + intervalMs)
      const waitMs = due - burstMs - now
      if (waitMs > 0) await clock.sleep(waitMs, signal)
    },
  }
}

function forgetPast(dueAt: Map<string, number>, now: number): void {
  for (const [key, due] of dueAt) if (due <= now) dueAt.delete(key)
}
