import type { ByteBudget } from '../async/byte-budget.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { TailraceError } from '../errors.ts'
import type { GroupMembership } from '../kafka/group-membership.ts'
import type { LaneTaker } from '../lanes/lane-session.ts'
import type { IdentityEntry } from '../lanes/ledger-entry.ts'
import type { Source } from '../sources/source.ts'
import type { ExportLoading } from './snapshot/export-loading.ts'
import type { HeartbeatRules } from './heartbeats.ts'
import type { LaneNudges } from './lane-nudges.ts'
import type { PipelineEventSink } from './pipeline-event.ts'
import { defaultGateBounds } from './snapshot/scan-gate.ts'
import type { ScanGateBounds } from './snapshot/scan-gate.ts'
import type { ScanLimits } from './snapshot/scan-limits.ts'
import type { TopicLog } from './snapshot/topic-log.ts'
import type { Stages } from './stages.ts'
import type { TopicLimits } from './topic-limits.ts'

/** Sizes and intervals of a lane's work. */
export interface LaneTuning {
  /** A transaction takes no further page beyond this many records or bytes of pages. */
  readonly maxTransactionRecords: number
  readonly maxTransactionBytes: number
  /** Pages that one shard may have waiting while a transaction commits. */
  readonly readAheadPages: number
  /** How often a lane looks into its ledger partition for what others wrote. Milliseconds. */
  readonly followIntervalMs: number
  /** A transaction takes no further page of a scan beyond this many bytes of them; a quarter of it while changes come. */
  readonly maxScanBytes: number
  /** Items of a page of a scan: what is converted in one go, while changes wait. */
  readonly maxScanItems: number
  /** Segments of one table that are scanned at the same time. */
  readonly scansAtOnce: number
  /** Keys that are remembered to tell which rows of a scan are out of date; more make its pages be read again. */
  readonly maxRecentKeys: number
  /** Rows of one table that are remembered to tell which changes they contain; more are forgotten, which is harmless. */
  readonly maxRowsInFront: number
  /** Keys of a topic that are held while it is swept for items that are gone; more make it be read several times. Bytes. */
  readonly maxSweepBytes: number
  readonly scanGate: ScanGateBounds
  /** After a stop was asked for, a running commit may still take this long. Milliseconds. */
  readonly stopGraceMs: number
}

/** The defaults, chosen for 1–2 s of latency at worst and tens of thousands of records a second at best. */
export const defaultLaneTuning: LaneTuning = {
  maxTransactionRecords: 10_000,
  maxTransactionBytes: 8 * 1024 * 1024,
  readAheadPages: 2,
  followIntervalMs: 250,
  maxScanBytes: 1024 * 1024,
  maxScanItems: 1_000,
  scansAtOnce: 8,
  maxRecentKeys: 200_000,
  maxRowsInFront: 200_000,
  maxSweepBytes: 32 * 1024 * 1024,
  scanGate: defaultGateBounds,
  stopGraceMs: 10_000,
}

/** What every lane of one worker shares. */
export interface LaneEnvironment {
  readonly identity: IdentityEntry
  readonly tuning: LaneTuning
  readonly source: Source
  readonly stages: Stages
  readonly taker: LaneTaker
  readonly topicLog: TopicLog
  /** Undefined where no table begins with an export. */
  readonly exports: ExportLoading | undefined
  readonly membership: Pick<GroupMembership, 'owns'>
  readonly topicLimits: TopicLimits
  /** Hears of every error that puts a lane in doubt, before the lane is taken again. Default: nobody does. */
  readonly onDoubt?: (error: TailraceError) => void
  readonly nudges: LaneNudges
  /** Undefined: there are none. */
  readonly heartbeats: HeartbeatRules | undefined
  readonly scanLimits: ScanLimits
  /** Those of tables that have some of their own, by ARN or, for all of a name, by name. Default: none has. */
  readonly tableScanLimits?: ReadonlyMap<string, ScanLimits>
  /** Changes that a delivered row contains are left out. */
  readonly skipsContained: boolean
  readonly budget: ByteBudget
  /** The part of it that scans may take, so that streams are read first. */
  readonly scanBudget: ByteBudget
  readonly clock: Clock
  readonly rng: Rng
  readonly onEvent: PipelineEventSink
}
