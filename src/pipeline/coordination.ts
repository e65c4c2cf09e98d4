import { TailraceError } from '../errors.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import type { LaneSession } from '../lanes/lane-session.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import type { LedgerView } from '../lanes/ledger-view.ts'
import type { CoordinatedWrite } from './coordinated-write.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import type { ReplicationWatch } from './replication-duty.ts'
import type { Notifier } from './signals/notifier.ts'
import type { SignalChannels } from './signals/signal-ports.ts'
import type { SnapshotRules } from './snapshot/snapshot-life.ts'
import type { StartPosition } from './start-position.ts'
import type { AbsenceWatch } from './table-retirement.ts'
import type { TopicProvisioner } from './topic-provisioner.ts'

/** How often the coordinator looks after what. Milliseconds. */
export interface CoordinatorTuning {
  /** Stop requests of lanes. */
  readonly stopCheckMs: number
  /** Tables: new ones, replaced ones, partition counts of their topics. */
  readonly tableCheckMs: number
  /** Exports that are being written. */
  readonly exportCheckMs: number
  /** Full listings of each stream: a safety net, since children are found by the ends of their parents. */
  readonly listingMs: number
  /** Signals, where they are used. */
  readonly signalCheckMs: number
  /** How often is told how far running snapshots are, where notifications are used. */
  readonly progressMs: number
  /** The way of changes into the stream, where that is watched. */
  readonly replicationMs: number
}

export const defaultCoordinatorTuning: CoordinatorTuning = {
  stopCheckMs: 500,
  tableCheckMs: 60_000,
  exportCheckMs: 15_000,
  listingMs: 300_000,
  signalCheckMs: 1_000,
  // A tenth less at times: see the coordinator's clocks.
  progressMs: 67_000,
  replicationMs: 300_000,
}

/** What the coordinator needs besides what every lane has. */
export interface CoordinatorOptions {
  readonly environment: LaneEnvironment
  readonly kafka: KafkaApi
  readonly ledgerTopic: string
  readonly topics: TopicProvisioner
  readonly start: StartPosition
  readonly snapshots: SnapshotRules
  /** True at the first look of a worker that has the pipeline for itself: nobody has run it until now. */
  readonly isPipelineStart: () => boolean
  readonly tuning: CoordinatorTuning
  /** Undefined: none are read. */
  readonly signals?: SignalChannels | undefined
  /** Undefined: nobody but the pipeline itself fills what it reads, or it is not watched. */
  readonly replication?: ReplicationWatch | undefined
  /** Undefined: none are written. */
  readonly notifier?: Notifier | undefined
}

/** One life of the coordinator: what its parts share. Writes go through lane 0's session, so a zombie cannot write. */
export interface Coordination extends CoordinatorOptions {
  readonly session: LaneSession
  /** ARNs of the tables that the configuration meant when it was looked at last. */
  readonly found: Set<string>
  readonly absences: AbsenceWatch
  /** Of the streams of tables that are gone, by ARN of the stream. */
  readonly goneStreams: AbsenceWatch
  /**
   * Of the last look for tables: what was told of it, and whether something that it went through gave no answer; and whether one has succeeded since
   * lane 0 was taken.
   */
  readonly lastLook: { seen: string | undefined; isPartial: boolean; hasTakenOver: boolean }
  readonly ledger: LedgerView
  readonly write: CoordinatedWrite
  /** Commits entries of tables, each into all partitions, in one transaction. */
  readonly writeTables: (entries: readonly TableEntry[]) => Promise<void>
}

/** Tells of something that did not work and is tried again after `retryInMs`; the pipeline goes on meanwhile. */
export function reportFailure({ environment }: Coordination, error: unknown, retryInMs: number): void {
  const known =
    error instanceof TailraceError
      ? error
      : new TailraceError('KAFKA_PROTOCOL', 'the coordinator met an error', { cause: error })
  environment.onEvent({ kind: 'coordinator-failed', error: known, retryInMs })
}
