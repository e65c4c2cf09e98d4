import type { TargetState } from './service-state.ts'

/**
 * What processes tell each other of themselves, in a second compacted topic: each process writes its own records only, again every few seconds
 * while it lives. It decides nothing: a stale report is a stale answer, never a lost change.
 */
export interface ProcessReport {
  /** Chosen anew at each start. */
  readonly process: string
  /** `host:port`, as Connect's `worker_id`. */
  readonly workerId: string
  /** Where other processes reach it. */
  readonly url: string
  readonly version: string
  /** True in the report of the process that leads the log. */
  readonly isLeader: boolean
  /** By connector. */
  readonly runs: ReadonlyMap<string, RunReport>
}

/** What a process does for one connector. */
export interface RunReport {
  readonly state: RunState
  /** Of the entry that it carries out; see `ConnectorEntry`. */
  readonly configId: string
  /** Code, words and remedy, without secrets and without a stack; only of FAILED and RESTARTING. */
  readonly trace?: string | undefined
}

/** What a connector does in a process. */
export type RunState = 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING' | Extract<TargetState, 'STOPPED'>

/** The reports of all processes that live, this one's own included. */
export interface ReportBoard {
  /**
   * Ordered by `process`. A process is taken for dead when nothing was heard of it for `process.timeout.ms` by this process's own clock, or at
   * once when it said good-bye. While nothing can be read, nobody dies: see `ageMs`.
   */
  readonly processes: readonly ProcessReport[]
  /** How old `processes` may be: milliseconds since the others' reports were last read; Infinity until they all were for the first time. */
  readonly ageMs: number
  /** Tells the others; written soon, later reports replace earlier ones that were not written yet. */
  report(runs: ReadonlyMap<string, RunReport>, isLeader: boolean): void
  /**
   * Reads and writes until `signal` aborts, once; then says good-bye. Troubles are waited out and told to `onProblem`; rejects only at its start, with
   * what no waiting mends (SERVICE_TOPIC_NOT_COMPACTED, TOPIC_MISSING).
   */
  run(signal: AbortSignal): Promise<void>
  /** Is called after each change of `processes`. Returns what ends that. */
  onChange(listener: () => void): () => void
}
