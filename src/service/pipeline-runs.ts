import type { RunReport } from './process-reports.ts'
import type { ConnectorEntry } from './service-state.ts'

/**
 * Runs one connector's pipeline in this process: translates and checks its configuration, then works until `signal` aborts, and hands over.
 * Resolves early only if there is nothing left to do (a pipeline that only loads). Rejects with what ends it; `TailraceError`s of policy `refuse` would
 * only come again and stay FAILED until the connector is changed or restarted, all others are begun again after a while.
 */
export type RunConnector = (entry: ConnectorEntry, signal: AbortSignal) => Promise<void>

/**
 * Keeps what runs in this process equal to what is wanted: every process runs every RUNNING connector, and the pipeline's own consumer group
 * spreads its lanes. One failing connector never touches another.
 */
export interface PipelineRuns extends AsyncDisposable {
  /**
   * Takes the wanted entries; returns at once. A run whose entry changed ends (hands its lanes over) before its successor begins; a changed
   * configuration that means the same pipeline configuration leaves it alone.
   */
  want(entries: Iterable<ConnectorEntry>): void
  /** What is told of each wanted connector. */
  readonly reports: ReadonlyMap<string, RunReport>
  /** Is called after each change of `reports`. Returns what ends that. */
  onChange(listener: () => void): () => void
}
