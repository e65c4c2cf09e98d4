/**
 * What a service is to run: the connectors that were asked for, kept in one compacted Kafka topic of one partition, so that it
 * outlives every process. Every process reads it; only the leader writes it.
 */
export interface ServiceState {
  /** By name. */
  readonly connectors: ReadonlyMap<string, ConnectorEntry>
}

/** One connector as it is kept: everything that is wanted of it stands in one record, so that no reader sees half a change. */
export interface ConnectorEntry {
  readonly name: string
  /** As it was given, `name` included, secrets and references to secrets as they are. */
  readonly config: Readonly<Record<string, string>>
  /** Another one after each change of `config`, also after the connector was removed and made again. */
  readonly configId: string
  readonly target: TargetState
  /** The newest wish to begin again; undefined until there was one. Another `id` is another wish. */
  readonly restart?: RestartWish | undefined
}

/** What is wanted of a connector. `PAUSED` keeps its tasks, `STOPPED` has none; a stopped one's positions may be changed. */
export type TargetState = 'RUNNING' | 'PAUSED' | 'STOPPED'

/** A wish to end a pipeline and begin it again. */
export interface RestartWish {
  readonly id: string
  /** Processes in which it runs go on. */
  readonly onlyFailed: boolean
  /** The process that it concerns ({@link ProcessReport.process}); without it, all of them. */
  readonly process?: string | undefined
}

/** A change of the state: entries that replace those of their names, and names that are forgotten. */
export interface ServiceChange {
  readonly put: readonly ConnectorEntry[]
  readonly remove: readonly string[]
}

/** The state's log as one process sees it. */
export interface ServiceLog extends AsyncDisposable {
  /** As far as this process has read. Undefined until the log was read to its end for the first time. */
  readonly state: ServiceState | undefined
  /**
   * Follows the log and takes part in the choice of the leader until `signal` aborts. Troubles with Kafka are waited out and
   * told to `onProblem`; rejects only with what no waiting mends (SERVICE_LOG_FOREIGN, LEDGER_LOST, refused rights).
   */
  run(signal: AbortSignal): Promise<void>
  /** Is called after each change of `state` or of the leader. Returns what ends that. */
  onChange(listener: () => void): () => void
  /** The process that may change the state, as the group says; it may be wrong for a moment. */
  readonly leader: LogLeader
  /**
   * Decides about the newest state and writes what was decided, in one transaction; changes wait for each other. `decide` may throw: then
   * nothing is written. Rejects with SERVICE_CHANGING if this process is not the leader, or no longer. After any other rejection the
   * change may have happened. Resolves when the change is part of `state`.
   */
  change<T>(
    decide: (state: ServiceState) => { readonly change: ServiceChange; readonly result: T },
    signal: AbortSignal,
  ): Promise<T>
}

/** Who leads. `process` is a {@link ProcessReport.process}. */
export type LogLeader =
  | { readonly kind: 'self' }
  | { readonly kind: 'other'; readonly process: string }
  | { readonly kind: 'none' }
