import type { Clock } from './clock.ts'

/** Wakes one waiting loop. A ring that nobody waits for is remembered, once, so that no wake-up is lost. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring (at once if it has rung since the last wait), or after `ms`. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** Without a reason of its own, each abort would make an exception with a stack. */
const calledOff = 'called off'

/** Makes a bell for one waiter. */
export function createBell(clock: Clock): Bell {
  let hasRung = false
  let wake: (() => void) | undefined
  return {
    ring: () => {
      hasRung = true
      wake?.()
    },
    wait: async (ms, signal) => {
      signal.throwIfAborted()
      if (!hasRung) {
        const timer = new AbortController()
        const rung = new Promise<void>((resolve) => {
          wake = resolve
        })
        // Not by AbortSignal.any: the signal lives long, and would have to forget a dependent of each wait.
        const onAbort = (): void => timer.abort(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        const expired = clock.sleep(ms, timer.signal)
        try {
          await Promise.race([rung, expired])
        } finally {
          wake = undefined
          signal.removeEventListener('abort', onAbort)
          timer.abort(calledOff)
          await expired.catch(() => undefined)
        }
      }
      hasRung = false
    },
  }
}
