import type { CounterName, GaugeName, HistogramName, MetricLabels, MetricName } from './metric-catalogue.ts'

/**
 * Where numbers about the work go; those of one pipeline, or of the process if `Names` says so. Synchronous and cheap; call it
 * once per page or transaction, never per record.
 */
export interface Metrics<Names extends MetricName = MetricName> {
  /** Adds `by` (1 if absent; never negative) to a counter. */
  readonly increment: <N extends CounterName & Names>(name: N, labels: MetricLabels<N>, by?: number) => void
  /** Sets a gauge to its present value. */
  readonly set: <N extends GaugeName & Names>(name: N, labels: MetricLabels<N>, value: number) => void
  /** Drops one series of a gauge: what it described is gone (a shard that ended, a lane that left). */
  readonly remove: <N extends GaugeName & Names>(name: N, labels: MetricLabels<N>) => void
  /** Counts one measurement; seconds or bytes as the name says. */
  readonly observe: <N extends HistogramName & Names>(name: N, labels: MetricLabels<N>, value: number) => void
  /** Calls `update` before each exposition, for gauges that change by themselves (ages). The result ends that. */
  readonly onScrape: (update: () => void) => () => void
}
