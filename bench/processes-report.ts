import { median } from './stream-report.ts'

/** What a process of the product says of itself in its metrics. */
export interface ProcessReading {
  /** User and system time of all its threads since its start. */
  readonly cpuMs: number
  /** Changes in transactions that it has committed. */
  readonly changes: number
  /** Shards that it reads. */
  readonly openShards: number
  readonly residentBytes: number
}

/** All processes of a run at one moment. */
export interface Reading {
  readonly atMs: number
  readonly processes: readonly ProcessReading[]
}

/** What one run has cost its processes together. */
export interface ProcessesRun {
  /** From the moment at which every process was warm to the last commit. */
  readonly steady: Cost
  /** From the moment at which there is something to move to the last commit: compiling and first pages, too. */
  readonly whole: Cost
  /** The largest of any process, at any reading. */
  readonly peakMiB: number
  /** The least that a process has moved, by what it would be if all moved as much. */
  readonly leastShare: number
}

/** Of a part of a run. */
export interface Cost {
  readonly changes: number
  readonly wallMs: number
  readonly cpuMs: number
}

/** What the suite's last line says of one number of processes. */
export interface ProcessesFigures {
  readonly processes: number
  readonly cpuSecondsPerMillion: number
  /** By that of one process. */
  readonly ratio: number
  /** The same from the first change. */
  readonly wholeCpuSecondsPerMillion: number
  readonly perSecond: number
  readonly peakMiB: number
}

/** Reads Prometheus's text. Throws if what a process must say is not there. */
export function readingOf(metrics: string): ProcessReading {
  const cpu = ['process_cpu_user_seconds_total', 'process_cpu_system_seconds_total'].map((name) => {
    const found = samplesOf(metrics, name)
    if (found.length === 0) throw new Error(`the metrics lack ${name}`)
    return sumOf(found)
  })
  return {
    cpuMs: sumOf(cpu) * 1_000,
    changes: sumOf(samplesOf(metrics, 'tailrace_changes_written_total')),
    openShards: sumOf(samplesOf(metrics, 'tailrace_shards', 'state="open"')),
    residentBytes: sumOf(samplesOf(metrics, 'process_resident_memory_bytes')),
  }
}

/**
 * Undefined until all changes are committed. Rejects readings that show no steady part (a process that never got warm), since what they show is
 * the start of processes. `warm`: changes that each process must have moved.
 */
export function runOf(
  readings: readonly Reading[],
  want: { readonly records: number; readonly warm: number },
): ProcessesRun | undefined {
  const [first, last] = [readings[0], readings.at(-1)]
  if (first === undefined || last === undefined || changesOf(last) < want.records) return undefined
  const warm = readings.find(({ processes }) => processes.every(({ changes }) => changes >= want.warm))
  const steady = warm === undefined ? undefined : costBetween(warm, last)
  if (steady === undefined || steady.changes < want.records / 4)
    throw new Error(
      `the processes were not warm in time; each has moved ${last.processes.map(({ changes }) => changes).join(', ')}`,
    )
  const moved = last.processes.map(({ changes }) => changes)
  const resident = readings.flatMap(({ processes }) => processes.map(({ residentBytes }) => residentBytes))
  return {
    steady,
    whole: costBetween(first, last),
    peakMiB: Math.max(...resident) / 1_048_576,
    leastShare: (Math.min(...moved) * moved.length) / sumOf(moved),
  }
}

/** Medians over the rounds, by number of processes in their order; ratios are of those, to the first. */
export function processesFigures(runs: ReadonlyMap<number, readonly ProcessesRun[]>): readonly ProcessesFigures[] {
  const figures = [...runs].map(([processes, ofCount]) => ({
    processes,
    cpuSecondsPerMillion: median(ofCount.map(({ steady }) => perMillion(steady))),
    wholeCpuSecondsPerMillion: median(ofCount.map(({ whole }) => perMillion(whole))),
    perSecond: Math.round(median(ofCount.map(({ steady }) => perSecond(steady)))),
    peakMiB: Math.round(Math.max(...ofCount.map(({ peakMiB }) => peakMiB))),
  }))
  const base = figures[0]?.cpuSecondsPerMillion ?? Number.NaN
  return figures.map(({ processes, cpuSecondsPerMillion, wholeCpuSecondsPerMillion, ...rest }) => ({
    processes,
    cpuSecondsPerMillion: rounded(cpuSecondsPerMillion),
    ratio: rounded(cpuSecondsPerMillion / base),
    wholeCpuSecondsPerMillion: rounded(wholeCpuSecondsPerMillion),
    ...rest,
  }))
}

/** A line for people about one run. */
export function processesRow(
  round: number,
  processes: number,
  { steady, whole, peakMiB, leastShare }: ProcessesRun,
): string {
  return [
    `round ${round}`.padEnd(9),
    `${processes} process${processes === 1 ? '' : 'es'}`.padEnd(12),
    `${perMillion(steady).toFixed(1)} CPU s/million`.padStart(20),
    `${perMillion(whole).toFixed(1)} with the start`.padStart(22),
    `${Math.round(perSecond(steady)).toLocaleString('en-US')}/s`.padStart(12),
    `${(whole.wallMs / 1_000).toFixed(1)} s`.padStart(9),
    `${peakMiB.toFixed(0)} MiB`.padStart(9),
    `least share ${Math.round(leastShare * 100)} %`.padStart(19),
  ].join('')
}

function samplesOf(metrics: string, name: string, label = ''): readonly number[] {
  return metrics.split('\n').flatMap((line) => {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) return []
    if (!line.includes(label)) return []
    return [Number(/ ([^ ]+)$/.exec(line)?.[1])]
  })
}

function costBetween(from: Reading, until: Reading): Cost {
  return {
    changes: changesOf(until) - changesOf(from),
    wallMs: until.atMs - from.atMs,
    cpuMs: cpuOf(until) - cpuOf(from),
  }
}

function changesOf({ processes }: Reading): number {
  return sumOf(processes.map(({ changes }) => changes))
}

function cpuOf({ processes }: Reading): number {
  return sumOf(processes.map(({ cpuMs }) => cpuMs))
}

function perMillion({ cpuMs, changes }: Cost): number {
  return (cpuMs * 1_000) / changes
}

function perSecond({ changes, wallMs }: Cost): number {
  return (changes * 1_000) / wallMs
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}
