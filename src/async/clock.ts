/**
 * Time as tailrace sees it. Everything that waits or reads the time does it here, so that a whole pipeline can run
 * on simulated time.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. May jump; never used to decide ownership or to drop data. */
  now(): number
  /** Milliseconds from an arbitrary origin; never runs backwards. For durations and deadlines. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** A reason for what nobody hears of: without one, each abort would make an exception with a stack. */
export const calledOff = 'called off'

/**
 * Waits for `work`, but not longer than `ms`: then rejects with `onTimeout()`. The work itself goes on; whoever owns it
 * must make its late result harmless.
 */
export async function withDeadline<T>(clock: Clock, ms: number, work: Promise<T>, onTimeout: () => Error): Promise<T> {
  const timer = new AbortController()
  const expiry = clock.sleep(ms, timer.signal).then(
    () => {
      throw onTimeout()
    },
    () => new Promise<never>(() => {}),
  )
  try {
    return await Promise.race([work, expiry])
  } finally {
    timer.abort(calledOff)
  }
}
