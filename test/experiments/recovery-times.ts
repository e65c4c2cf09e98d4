/** How long recoveries took, in a form that can be added up over runs. Milliseconds. */
export interface RecoveryTimes {
  readonly count: number
  /** Upper bounds of buckets: at most an eighth too high from 10 ms on; null without a recovery. */
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly max: number | null
  /** How many took at most fifteen seconds. */
  readonly within15s: number
  /** Count by upper bound. */
  readonly histogram: Readonly<Record<string, number>>
}

/** Twenty buckets to a decade, from 10 ms to 11 days: the same for every run, so that histograms can be added. */
const bounds: readonly number[] = Array.from({ length: 161 }, (_, step) => Math.round(10 ** (1 + step / 20)))

/** The times of one run. */
export function recoveryTimesOf(times: readonly number[]): RecoveryTimes {
  const histogram: Record<string, number> = {}
  for (const time of times) {
    const bound = bounds.find((upper) => time <= upper)
    if (bound === undefined) throw new Error(`a recovery of ${time} ms is beyond what is measured`)
    histogram[bound] = (histogram[bound] ?? 0) + 1
  }
  const within15s = times.filter((time) => time <= 15_000).length
  const max = times.length === 0 ? null : Math.round(times.reduce((a, b) => Math.max(a, b)))
  return withQuantiles({ count: times.length, within15s, max, histogram })
}

/** The times of all runs of both. */
export function joinRecoveryTimes(a: RecoveryTimes, b: RecoveryTimes): RecoveryTimes {
  const histogram: Record<string, number> = { ...a.histogram }
  for (const [bound, count] of Object.entries(b.histogram)) histogram[bound] = (histogram[bound] ?? 0) + count
  const max = a.max === null || b.max === null ? (a.max ?? b.max) : Math.max(a.max, b.max)
  return withQuantiles({ count: a.count + b.count, within15s: a.within15s + b.within15s, max, histogram })
}

function withQuantiles(times: Pick<RecoveryTimes, 'count' | 'max' | 'within15s' | 'histogram'>): RecoveryTimes {
  const { count, max, within15s, histogram } = times
  const quantile = (share: number): number | null => {
    if (max === null) return null
    let seen = 0
    // Keys that are whole numbers come in ascending order.
    for (const [bound, inBucket] of Object.entries(histogram)) {
      seen += inBucket
      if (seen >= share * count) return Math.min(Number(bound), max)
    }
    return max
  }
  return { count, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max, within15s, histogram }
}
