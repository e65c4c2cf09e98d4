import type { TailraceError } from '../errors.ts'

/**
 * What a service is to run: the connectors that were asked for, kept in one compacted Kafka topic of one partition, so that it
 * outlives every process. Every process reads it; only the leader writes it.
 */
export interface ServiceState {
  /**
   * The number of the newest transaction: each has the next one. Whoever waits until a change that it knows of is read waits for its number.
   */
  readonly revision: number
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
  /** Older wishes that the newest one does not include, oldest first: a process that reads several at once carries out each. Absent: none. */
  readonly earlierRestarts?: readonly RestartWish[] | undefined
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
export interface ServiceLog {
  /** As far as this process has read. Undefined until the log was read to its end for the first time. */
  readonly state: ServiceState | undefined
  /**
   * Why what is in the log cannot all be understood: somebody else wrote into it (SERVICE_LOG_FOREIGN), a record cannot be read
   * (SERVICE_LOG_UNREADABLE, SERVICE_LOG_FORMAT, with its offset), or records are gone (SERVICE_LOG_LOST). Meanwhile `state` holds what is known,
   * what it says goes on, and this process does not lead. It is mended by a readable record or a tombstone under the same key; what is gone stays gone.
   */
  readonly trouble: TailraceError | undefined
  /**
   * Follows the log and takes part in the choice of the leader, once, until `signal` aborts; then lets a running change end, and leaves the group.
   * Troubles with Kafka, missing rights included, are waited out and told to `onProblem`. Rejects only before `state` is there for the first time, with what
   * no waiting mends (policy `refuse`: SERVICE_LOG_FOREIGN, SERVICE_LOG_LOST, SERVICE_LOG_PARTITIONS, SERVICE_TOPIC_NOT_COMPACTED, TOPIC_MISSING), or with
   * OUT_OF_FILE_HANDLES.
   */
  run(signal: AbortSignal): Promise<void>
  /** Is called after each change of `state`, of the leader or of `trouble`. Returns what ends that. */
  onChange(listener: () => void): () => void
  /**
   * The process that may change the state. `self` as long as the group says so, which may be wrong for a moment; `other` is who wrote last, which
   * may have died since: the report board says who lives.
   */
  readonly leader: LogLeader
  /**
   * Decides about the newest state and writes what was decided, in one transaction; changes wait for each other. `decide` may throw: then
   * nothing changes, as if nothing is to be put or removed, and the same is thrown here. Those answers, too, cost a commit: it proves that the state decided
   * about was still the newest. Rejects with SERVICE_CHANGING if this process is not the leader, or no longer: nothing has happened then; the same holds for
   * RECORD_TOO_LARGE. After any other rejection that `decide` has not thrown the change may have happened or still happen; `signal` only ends the waiting.
   * Resolves when the change is part of `state`.
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
