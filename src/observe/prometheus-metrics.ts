import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { metricCatalogue } from './metric-catalogue.ts'
import type { MetricEntry } from './metric-catalogue.ts'
import type { Metrics } from './metrics.ts'

/** Metrics that can be shown to a Prometheus server. */
export interface PrometheusMetrics extends Metrics {
  /** The exposition: every metric of the catalogue with its help, and the series that exist. */
  expose(): Promise<string>
  /** The content type that `expose` needs. */
  readonly contentType: string
}

/** What to expose besides the catalogue. */
export interface PrometheusOptions {
  /** Also memory, CPU and event loop of this process (`process_*`, `nodejs_*`). */
  readonly hasProcessMetrics: boolean
}

/** Metrics on a registry of their own: two pipelines in one process do not meet. */
export function createPrometheusMetrics(options: PrometheusOptions): PrometheusMetrics {
  const registry = new Registry()
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  const entries: Readonly<Record<string, MetricEntry>> = metricCatalogue
  for (const [name, entry] of Object.entries(entries)) {
    const configuration = { name, help: entry.help, labelNames: [...entry.labels], registers: [registry] }
    if (entry.kind === 'counter') counters.set(name, new Counter(configuration))
    else if (entry.kind === 'gauge') gauges.set(name, new Gauge(configuration))
    else histograms.set(name, new Histogram({ ...configuration, buckets: [...(entry.buckets ?? [])] }))
  }
  if (options.hasProcessMetrics) collectDefaultMetrics({ register: registry })

  const updates = new Set<() => void>()
  return {
    increment: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    remove: (name, labels) => gauges.get(name)?.remove(labels),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    onScrape: (update) => {
      updates.add(update)
      return () => void updates.delete(update)
    },
    expose: async () => {
      for (const update of updates) update()
      return await registry.metrics()
    },
    contentType: registry.contentType,
  }
}
