import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { metricCatalogue, pipelineLabel } from './metric-catalogue.ts'
import type { ProcessMetricName } from './metric-catalogue.ts'
import type { MetricEntry } from './metric-entry.ts'
import type { Metrics } from './metrics.ts'

/** Metrics that can be shown to a Prometheus server: those of the process, and of any number of pipelines. */
export interface PrometheusMetrics extends Metrics<ProcessMetricName> {
  /** What one pipeline tells, under its name. One at a time for each name: disposing takes all its series away. */
  ofPipeline(pipeline: string): PipelineMetrics
  /** The exposition: every metric of the catalogue with its help, and the series that exist. */
  expose(): Promise<string>
  /** The content type that `expose` needs. */
  readonly contentType: string
}

/** The metrics of one pipeline. */
export interface PipelineMetrics extends Metrics, Disposable {}

/** What to expose besides the catalogue. */
export interface PrometheusOptions {
  /** Also memory, CPU and event loop of this process (`process_*`, `nodejs_*`). */
  readonly hasProcessMetrics: boolean
}

/** Metrics on a registry of their own: two of them in one process do not meet. */
export function createPrometheusMetrics(options: PrometheusOptions): PrometheusMetrics {
  const registry = new Registry()
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  const entries: Readonly<Record<string, MetricEntry>> = metricCatalogue
  for (const [name, entry] of Object.entries(entries)) {
    const labelNames = entry.scope === 'pipeline' ? [pipelineLabel, ...entry.labels] : [...entry.labels]
    const configuration = { name, help: entry.help, labelNames, registers: [registry] }
    if (entry.kind === 'counter') counters.set(name, new Counter(configuration))
    else if (entry.kind === 'gauge') gauges.set(name, new Gauge(configuration))
    else histograms.set(name, new Histogram({ ...configuration, buckets: [...(entry.buckets ?? [])] }))
  }
  if (options.hasProcessMetrics) collectDefaultMetrics({ register: registry })

  const updates = new Set<() => void>()
  const onScrape = (update: () => void): (() => void) => {
    updates.add(update)
    return () => void updates.delete(update)
  }
  return {
    increment: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    remove: (name, labels) => gauges.get(name)?.remove(labels),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    onScrape,
    ofPipeline: (pipeline) => {
      const series = createSeriesMemory()
      const ends = new Set<() => void>()
      const labelled = (name: keyof typeof metricCatalogue, labels: Labels): Labels =>
        series.noted(name, entries[name]?.scope === 'pipeline' ? { [pipelineLabel]: pipeline, ...labels } : labels)
      return {
        increment: (name, labels, by = 1) => counters.get(name)?.inc(labelled(name, labels), by),
        set: (name, labels, value) => gauges.get(name)?.set(labelled(name, labels), value),
        remove: (name, labels) => gauges.get(name)?.remove(series.forgotten(name, labelled(name, labels))),
        observe: (name, labels, value) => histograms.get(name)?.observe(labelled(name, labels), value),
        onScrape: (update) => {
          const end = onScrape(update)
          ends.add(end)
          return end
        },
        [Symbol.dispose]: () => {
          for (const end of ends) end()
          for (const { name, labels } of series.all())
            (counters.get(name) ?? gauges.get(name) ?? histograms.get(name))?.remove(labels)
        },
      }
    },
    expose: async () => {
      for (const update of updates) update()
      return await registry.metrics()
    },
    contentType: registry.contentType,
  }
}

type Labels = Readonly<Record<string, string>>

interface Series {
  readonly name: string
  readonly labels: Labels
}

/** Both give back the labels. */
interface SeriesMemory {
  noted(name: string, labels: Labels): Labels
  forgotten(name: string, labels: Labels): Labels
  all(): Iterable<Series>
}

/** Which series of a pipeline there are, or were: they are taken away by their labels. */
function createSeriesMemory(): SeriesMemory {
  const known = new Map<string, Series>()
  const keyOf = (name: string, labels: Labels): string => `${name} ${JSON.stringify(Object.values(labels))}`
  return {
    noted: (name, labels) => {
      known.set(keyOf(name, labels), { name, labels })
      return labels
    },
    forgotten: (name, labels) => {
      known.delete(keyOf(name, labels))
      return labels
    },
    all: () => known.values(),
  }
}
