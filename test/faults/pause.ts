import type { Clock } from '../../src/async/clock.ts'

/** Waits for `ms` (without: for ever), or until the signal aborts. Never rejects; true when it was not cut short. */
export async function pause(clock: Clock, ms: number | undefined, until: AbortSignal): Promise<boolean> {
  if (until.aborted) return false
  if (ms === undefined) {
    await new Promise<void>((resolve) => until.addEventListener('abort', () => resolve(), { once: true }))
    return false
  }
  return clock.sleep(ms, until).then(
    () => true,
    () => false,
  )
}
