import type { Clock } from './clock.ts'

/** A signal that aborts `ms` after `signal` did: for work that should be finished rather than cut off. */
export interface Grace extends Disposable {
  readonly signal: AbortSignal
}

/** Starts to count when `signal` aborts. Dispose it when the work is done, or a timer stays behind. */
export function createGrace(clock: Clock, signal: AbortSignal, ms: number): Grace {
  const hard = new AbortController()
  const timer = new AbortController()
  const onAbort = (): void => {
    clock.sleep(ms, timer.signal).then(
      () => hard.abort(signal.reason),
      // Disposed in time: nothing is left to cut off.
      () => undefined,
    )
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return {
    signal: hard.signal,
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', onAbort)
      timer.abort()
    },
  }
}
