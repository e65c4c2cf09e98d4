import { connectMetrics } from './connect-metrics.ts'
import { debeziumMetrics } from './debezium-metrics.ts'
import type { MetricEntry } from './metric-entry.ts'
import { ownMetrics } from './own-metrics.ts'

/** Every metric at `/metrics`, in three families. A name is never re-used with another meaning or other labels. */
export const metricCatalogue = { ...ownMetrics, ...debeziumMetrics, ...connectMetrics } as const

/** The families, in the order in which they are documented. */
export const metricFamilies: Readonly<Record<'own' | 'debezium' | 'connect', Readonly<Record<string, MetricEntry>>>> = {
  own: ownMetrics,
  debezium: debeziumMetrics,
  connect: connectMetrics,
}

/** The label that `scope: 'pipeline'` adds to those that an entry declares. */
export const pipelineLabel = 'pipeline'

type Kind = MetricEntry['kind']

/** The name of one metric. */
export type MetricName = keyof typeof metricCatalogue

type NameOfKind<K extends Kind> = {
  [N in MetricName]: (typeof metricCatalogue)[N]['kind'] extends K ? N : never
}[MetricName]

/** What belongs to the process and to no pipeline. */
export type ProcessMetricName = {
  [N in MetricName]: (typeof metricCatalogue)[N]['scope'] extends 'process' ? N : never
}[MetricName]

/** Only ever grows. */
export type CounterName = NameOfKind<'counter'>
/** Goes up and down. */
export type GaugeName = NameOfKind<'gauge'>
/** A distribution. */
export type HistogramName = NameOfKind<'histogram'>

/** Exactly the labels that the metric declares; `{}` when it has none. */
export type MetricLabels<N extends MetricName> = Readonly<Record<(typeof metricCatalogue)[N]['labels'][number], string>>
