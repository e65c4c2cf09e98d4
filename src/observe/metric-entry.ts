/** One metric: what it counts, and the labels that part its series. */
export interface MetricEntry {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** What its number is a number of, in words: `seconds`, `changes`, `0 or 1`. */
  readonly unit: string
  readonly help: string
  /** Without the label that `scope` adds. */
  readonly labels: readonly string[]
  /** Series of `pipeline` are parted by the label `pipeline` as well: many pipelines may share a process. */
  readonly scope: 'pipeline' | 'process'
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[]
}

type Kind = MetricEntry['kind']

/** A metric of one family that keeps its own type: names and labels are checked where they are used. */
export interface Entry<
  K extends Kind,
  L extends readonly string[],
  S extends MetricEntry['scope'],
> extends MetricEntry {
  readonly kind: K
  readonly labels: L
  readonly scope: S
}

/** A counter or a gauge of a pipeline. */
export function entry<const K extends 'counter' | 'gauge', const L extends readonly string[]>(
  kind: K,
  unit: string,
  labels: L,
  help: string,
): Entry<K, L, 'pipeline'> {
  return { kind, unit, labels, help, scope: 'pipeline' }
}

/** A distribution of a pipeline, in seconds. */
export function histogramEntry<const L extends readonly string[]>(
  labels: L,
  help: string,
  buckets: readonly number[],
): Entry<'histogram', L, 'pipeline'> {
  return { kind: 'histogram', unit: 'seconds', labels, help, scope: 'pipeline', buckets }
}

/** A metric of the process as a whole. */
export function processEntry<const K extends Kind, const L extends readonly string[]>(
  kind: K,
  unit: string,
  labels: L,
  help: string,
): Entry<K, L, 'process'> {
  return { kind, unit, labels, help, scope: 'process' }
}
