import type { Clock } from '../../async/clock.ts'

/** Measurements of the last seconds. */
export interface RecentWindow {
  note(value: number): void
  /** Of what was noted within the window; undefined if nothing was. */
  summary(): WindowSummary | undefined
  /** Sum of the window's values by the second. */
  rate(): number
}

/** What a window holds. */
export interface WindowSummary {
  readonly count: number
  readonly mean: number
  readonly least: number
  readonly most: number
}

/** Kept by the second, so that a window holds no more than as many numbers as it has seconds. */
interface Bucket {
  readonly second: number
  count: number
  sum: number
  least: number
  most: number
}

export function createRecentWindow(clock: Clock, seconds: number): RecentWindow {
  let buckets: Bucket[] = []
  const secondNow = (): number => Math.floor(clock.monotonic() / 1000)
  const live = (): readonly Bucket[] => {
    const now = secondNow()
    buckets = buckets.filter(({ second }) => second > now - seconds)
    return buckets
  }
  return {
    note: (value) => {
      const second = secondNow()
      const last = buckets.at(-1)
      if (last?.second !== second) {
        live()
        buckets.push({ second, count: 1, sum: value, least: value, most: value })
        return
      }
      last.count++
      last.sum += value
      last.least = Math.min(last.least, value)
      last.most = Math.max(last.most, value)
    },
    summary: () => {
      const present = live()
      if (present.length === 0) return undefined
      const count = present.reduce((total, bucket) => total + bucket.count, 0)
      return {
        count,
        mean: present.reduce((total, { sum }) => total + sum, 0) / count,
        least: Math.min(...present.map(({ least }) => least)),
        most: Math.max(...present.map(({ most }) => most)),
      }
    },
    rate: () => live().reduce((total, { sum }) => total + sum, 0) / seconds,
  }
}
