/** Hands the newest value to one taker; values that were not taken in time are skipped. */
export interface LatestValue<T> {
  put(value: T): void
  /** Waits for a value that was not taken yet. Undefined once `end` was called or `signal` aborts. */
  take(signal: AbortSignal): Promise<T | undefined>
  /** Resolves as soon as the taker waits for the next value, so has dealt with the last one; at once after `end`. */
  idle(): Promise<void>
  end(): void
}

/** Makes an empty one. */
export function createLatestValue<T>(): LatestValue<T> {
  let fresh: { readonly value: T } | undefined
  let isEnded = false
  let waiting: (() => void) | undefined
  let onIdle = Promise.withResolvers<void>()

  return {
    put: (value) => {
      fresh = { value }
      onIdle = Promise.withResolvers<void>()
      waiting?.()
    },
    take: async (signal) => {
      if (fresh === undefined && !isEnded && !signal.aborted) {
        onIdle.resolve()
        const woken = Promise.withResolvers<void>()
        const wake = (): void => woken.resolve()
        waiting = wake
        signal.addEventListener('abort', wake, { once: true })
        await woken.promise
        signal.removeEventListener('abort', wake)
        waiting = undefined
      }
      if (isEnded || signal.aborted) onIdle.resolve()
      if (fresh === undefined || isEnded || signal.aborted) return undefined
      const { value } = fresh
      fresh = undefined
      return value
    },
    idle: () => onIdle.promise,
    end: () => {
      isEnded = true
      onIdle.resolve()
      waiting?.()
    },
  }
}
