import { calledOff, withDeadline } from './clock.ts'
import type { Clock } from './clock.ts'

/** How long something may take, in milliseconds, and what is said when it takes longer. */
export interface TimeLimit {
  readonly ms: number
  readonly late: () => Error
}

/**
 * As `work`, but rejects with `late()` after `ms`. The signal of `work` aborts then, with the same reason, and with that of `signal`; what it has
 * begun may still happen. It aborts in any case when the outcome is known, so that nobody goes on with what is not waited for any more.
 */
export async function inTime<T>(
  clock: Clock,
  { ms, late }: TimeLimit,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const scope = new AbortController()
  try {
    return await withDeadline(clock, ms, work(AbortSignal.any([signal, scope.signal])), () => {
      const error = late()
      scope.abort(error)
      return error
    })
  } finally {
    scope.abort(calledOff)
  }
}
