import type { Clock } from '../../../async/clock.ts'

/** Counts failures by who made them, and says who must wait. */
export interface FailureLimit {
  /** Milliseconds until another try is allowed; 0 if it is now. */
  waitMs(key: string): number
  failed(key: string): void
  /** Takes the last failure back: tries are counted before they are judged, so that many at once do not slip through. */
  forgive(key: string): void
}

/** Failures within this time count. */
const windowMs = 60_000
/** Keys that are remembered; beyond it the oldest are forgotten, so that memory is bounded. */
const maximumKeys = 10_000

/** At most `limit` failures a minute for each key. */
export function createFailureLimit(clock: Clock, limit: number): FailureLimit {
  const failures = new Map<string, readonly number[]>()
  const recent = (key: string): readonly number[] => {
    const now = clock.monotonic()
    return (failures.get(key) ?? []).filter((at) => now - at < windowMs)
  }
  const keep = (key: string, times: readonly number[]): void => {
    failures.delete(key)
    if (times.length > 0) failures.set(key, times)
    const [oldest] = failures.keys()
    if (failures.size > maximumKeys && oldest !== undefined) failures.delete(oldest)
  }
  return {
    waitMs: (key) => {
      const times = recent(key)
      const [first] = times.slice(-limit)
      return times.length < limit || first === undefined ? 0 : first + windowMs - clock.monotonic()
    },
    failed: (key) => keep(key, [...recent(key), clock.monotonic()].slice(-limit)),
    forgive: (key) => keep(key, recent(key).slice(0, -1)),
  }
}
