import { withDeadline } from './clock.ts'
import type { Clock } from './clock.ts'

/** How long somebody waits for an answer, and what is said afterwards. */
export interface Patience {
  readonly clock: Clock
  readonly ms: number
  readonly onTimeout: () => Error
}

/**
 * Asks something and waits for the answer, but not longer than `ms`: then rejects with `onTimeout()`. Whatever the outcome is, what
 * was asked is called off, so that nobody goes on asking for what is not waited for any more.
 */
export async function askInTime<T>(
  { clock, ms, onTimeout }: Patience,
  question: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const late = new AbortController()
  try {
    const answer = question(AbortSignal.any([signal, late.signal]))
    return await withDeadline(clock, ms, answer, onTimeout)
  } finally {
    late.abort()
  }
}
