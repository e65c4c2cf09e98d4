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
        const expired = clock.sleep(ms, AbortSignal.any([signal, timer.signal]))
        try {
          await Promise.race([rung, expired])
        } finally {
          wake = undefined
          timer.abort(calledOff)
          await expired.catch(() => undefined)
        }
      }
      hasRung = false
    },
  }
}
