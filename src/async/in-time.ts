import { withDeadline } from './clock.ts'
import type { Clock } from './clock.ts'

/** How long something may take, and what is said when it takes longer. */
export interface TimeLimit {
  readonly ms: number
  readonly late: () => Error
}

/**
 * As `work`, but rejects with `late()` after `ms`. The signal of `work` aborts then, with the same reason, and with that of `signal`; what it has
 * begun may still happen.
 */
export async function inTime<T>(
  clock: Clock,
  { ms, late }: TimeLimit,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  return withDeadline(clock, ms, work(AbortSignal.any([signal, deadline.signal])), () => {
    const error = late()
    deadline.abort(error)
    return error
  })
}
