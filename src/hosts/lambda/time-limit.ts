import type { Clock } from '../../async/clock.ts'
import { TailraceError } from '../../errors.ts'

/** What is kept back of an invocation's time, so that it ends by itself: for the answer, and for a slow machine. */
const marginMs = 500

/**
 * Does the work with a signal that aborts shortly before the time of the invocation is over. Then the work must end at once, and
 * LAMBDA_OUT_OF_TIME is thrown; `doubt` is asked why it took so long. Nothing of the timer outlives the work.
 */
export async function withinTime<T>(
  clock: Clock,
  remainingMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  doubt: () => TailraceError | undefined,
): Promise<T> {
  const limitMs = Math.max(0, remainingMs - Math.min(marginMs, remainingMs * 0.2))
  const over = new AbortController()
  const done = new AbortController()
  const expiry = clock.sleep(limitMs, done.signal).then(
    () => over.abort(new Error('the time is over')),
    () => undefined,
  )
  try {
    return await work(over.signal)
  } catch (error) {
    if (!over.signal.aborted) throw error
    const cause = doubt()
    const why = cause === undefined ? '' : `; the last trouble was [${cause.code}] ${cause.message}`
    const message = `the batch was given up after ${Math.round(limitMs)} ms, nearly all of the invocation's time${why}`
    throw new TailraceError('LAMBDA_OUT_OF_TIME', message, { cause })
  } finally {
    done.abort(new Error('done'))
    await expiry
  }
}
