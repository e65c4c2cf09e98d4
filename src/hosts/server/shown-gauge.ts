import type { GaugeName, MetricLabels } from '../../observe/metric-catalogue.ts'
import type { Metrics } from '../../observe/metrics.ts'

/** One series of a gauge and its value. */
export type Shown<N extends GaugeName> = readonly [labels: MetricLabels<N>, value: number]

/** A gauge of which all series are shown at once: those of before go, since a value that nobody renews looks like a fact. */
export function createShownGauge<N extends GaugeName>(
  metrics: Metrics,
  name: N,
): (series: readonly Shown<N>[]) => void {
  let shown = new Map<string, MetricLabels<N>>()
  return (series) => {
    const next = new Map(series.map(([labels]) => [JSON.stringify(labels), labels]))
    for (const [key, labels] of shown) if (!next.has(key)) metrics.remove(name, labels)
    for (const [labels, value] of series) metrics.set(name, labels, value)
    shown = next
  }
}
