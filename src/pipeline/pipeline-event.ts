import type { SkippedTable } from '../change/skipped-table.ts'
import type { TableAbsence } from '../change/table-absence.ts'
import type { TailraceError } from '../errors.ts'
import type { ScanTotals, SnapshotRun, TableStatus } from '../lanes/ledger-entry.ts'

/**
 * Everything that can happen in a running pipeline, as a closed list: logs, metrics and consoles all read it. Events
 * report; nothing waits for them and nothing is decided by them. Times are wall clock milliseconds.
 */
export type PipelineEvent =
  | { readonly kind: 'worker-started'; readonly pipeline: string; readonly lanes: number }
  | { readonly kind: 'worker-stopped'; readonly pipeline: string }
  | { readonly kind: 'worker-waits'; readonly error: TailraceError; readonly retryInMs: number }
  | { readonly kind: 'lanes-assigned'; readonly generation: number; readonly lanes: readonly number[] }
  | { readonly kind: 'lane-taken'; readonly lane: number; readonly shards: number; readonly tookMs: number }
  | { readonly kind: 'lane-released'; readonly lane: number }
  | { readonly kind: 'lane-in-doubt'; readonly lane: number; readonly error: TailraceError; readonly retryInMs: number }
  | { readonly kind: 'batch-in-doubt'; readonly error: TailraceError }
  | { readonly kind: 'table-started'; readonly table: string; readonly topic: string; readonly streamArn: string }
  | { readonly kind: 'table-stopped'; readonly table: string; readonly code: string; readonly reason: string }
  | { readonly kind: 'table-resumed'; readonly table: string }
  | { readonly kind: 'table-replaced'; readonly table: string; readonly oldStream: string; readonly newStream: string }
  /** Somebody wants nothing of it to be read for now. */
  | { readonly kind: 'table-resting'; readonly table: string; readonly target: 'PAUSED' | 'STOPPED' }
  /** It is not meant any more, or is gone: it is not read, and its positions stay. */
  | {
      readonly kind: 'table-retired'
      readonly table: string
      readonly why: TableAbsence['kind']
      readonly reason: string
    }
  /** All tables were looked for: those that are read, and those that match but cannot be read, as a whole. */
  | { readonly kind: 'tables-looked-for'; readonly tables: number; readonly skipped: readonly SkippedTable[] }
  /** The configuration has something of their own for tables that are not found now. */
  | { readonly kind: 'overrides-unused'; readonly tables: readonly string[] }
  | { readonly kind: 'topic-created'; readonly topic: string; readonly partitions: number }
  | {
      readonly kind: 'shard-opened'
      readonly shard: ShardName
      readonly after: string | undefined
      /** What is unread was created after this moment, as far as the ledger knows. */
      readonly sinceMs: number | undefined
      /** How long its stream keeps changes. */
      readonly retentionMs: number
    }
  | { readonly kind: 'shard-closed'; readonly shard: ShardName }
  /** What a lane holds, whenever that has changed. */
  | {
      readonly kind: 'lane-surveyed'
      readonly lane: number
      readonly waiting: number
      readonly open: number
      readonly ended: number
      /** Open shards of tables that are stopped or paused: nobody reads them, and time runs. */
      readonly halted: readonly HaltedShard[]
      /** All tables of the pipeline that are not simply read. */
      readonly standing: readonly StandingTable[]
      /** The newest snapshots of all tables that have had one. */
      readonly snapshots: readonly TableSnapshot[]
    }
  | { readonly kind: 'shard-ended'; readonly shard: ShardName; readonly children: readonly string[] }
  | { readonly kind: 'shard-awaits-children'; readonly shard: ShardName; readonly attempts: number }
  | { readonly kind: 'shards-discovered'; readonly table: string; readonly listed: number; readonly begun: number }
  | { readonly kind: 'shards-forgotten'; readonly table: string; readonly tombstones: number }
  /** Changes were gone before they were read. The table stops, unless a snapshot is about to make up for them. */
  | {
      readonly kind: 'stream-gap'
      readonly shard: ShardName
      readonly error: TailraceError
      readonly lost: LostInterval
      readonly isPassedOver: boolean
    }
  /** Changes of a page by what they do; told when they were converted, before the commit. */
  | { readonly kind: 'changes-converted'; readonly table: string; readonly operations: OperationCounts }
  /** A change was too large and was made smaller; told when it was converted, before the commit. */
  | { readonly kind: 'change-shrunk'; readonly table: string; readonly strategy: string }
  /** Objects that no record refers to could not be taken away. */
  | { readonly kind: 'claim-checks-left'; readonly what: string; readonly error: TailraceError }
  | { readonly kind: 'record-refused'; readonly shard: ShardName; readonly error: TailraceError }
  | TransactionCommitted
  | {
      readonly kind: 'page-read'
      readonly shard: ShardName
      readonly records: number
      readonly bytes: number
      readonly tookMs: number
      /** What was written before this moment is read; undefined if the source cannot tell. */
      readonly readUpToMs?: number | undefined
    }
  | {
      readonly kind: 'snapshot-started'
      readonly table: string
      readonly lane: number
      readonly segments: number
      /** It makes up for lost changes, with deletes of what is gone. */
      readonly regains: boolean
      /** What people should know of it. */
      readonly caution: string | undefined
    }
  /** DynamoDB writes an export that a table is to be loaded from: step 0 is the whole table. */
  | ({ readonly kind: 'export-requested'; readonly table: string } & ExportName)
  /** It is there; the lane loads it. */
  | ({ readonly kind: 'export-completed'; readonly table: string; readonly lane: number } & ExportName)
  | ({ readonly kind: 'snapshot-completed'; readonly table: string } & ScanTotals)
  /** Under `snapshot.mode: only`: every table is loaded, and there is nothing more to do. */
  | { readonly kind: 'all-loaded'; readonly tables: number }
  /** The topic of a table cannot be read back for now; it is asked for again. */
  | {
      readonly kind: 'snapshot-waits'
      readonly table: string
      readonly error: TailraceError
      readonly retryInMs: number
    }
  /** The snapshot stands still; the table's changes go on. */
  | {
      readonly kind: 'snapshot-halted'
      readonly table: string
      readonly state: SnapshotRun['state']
      readonly code: string | undefined
      readonly reason: string | undefined
    }
  | {
      readonly kind: 'snapshot-refused'
      readonly lane: number
      readonly table: string
      readonly error: TailraceError
    }
  | {
      readonly kind: 'scan-page-read'
      readonly lane: number
      readonly table: string
      readonly segment: number
      readonly items: number
      readonly bytes: number
      readonly tookMs: number
    }
  /** A page of a scan is durable: its items, and how many rows came of them. */
  | {
      readonly kind: 'rows-committed'
      readonly lane: number
      readonly table: string
      readonly segment: number
      readonly items: number
      readonly rows: number
      /** Read capacity units. */
      readonly units: number
      readonly isDone: boolean
      readonly snapshot: SnapshotProgress
    }
  /** Changes or rows that a filter or a transform dropped, and positions behind them are durable. */
  | { readonly kind: 'changes-dropped'; readonly lane: number; readonly table: string; readonly changes: number }
  /** Changes or rows that went to the dead-letter topic, in the same transaction as the positions behind them. */
  | {
      readonly kind: 'dead-lettered'
      readonly lane: number
      readonly table: string
      readonly code: string
      readonly stage: string
      readonly count: number
    }
  /** Changes were left out because rows in front contain them, and positions behind them are durable. */
  | {
      readonly kind: 'contained-changes-skipped'
      readonly lane: number
      readonly table: string
      readonly changes: number
    }
  /** Deletes are durable, of items that are gone: their keys were read back from a partition of the topic. */
  | {
      readonly kind: 'vanished-committed'
      readonly lane: number
      readonly table: string
      readonly partition: number
      readonly deletes: number
      readonly isDone: boolean
    }
  /** A signal was carried out in full; `message` is that of a `log`. */
  | {
      readonly kind: 'signal-settled'
      readonly id: string
      readonly place: string
      readonly type: string
      readonly tables: number
      readonly message: string | undefined
    }
  /** A signal, or its part about one table, was passed over. */
  | {
      readonly kind: 'signal-refused'
      readonly id: string
      readonly place: string
      readonly error: TailraceError
    }
  /** Signals may have been missed: their topic was made anew, or cut. */
  | {
      readonly kind: 'signals-lost'
      readonly topic: string
      readonly partition: number | undefined
      readonly reason: string
    }
  /** There is no topic for notifications, so some were not written. */
  | { readonly kind: 'notifications-lost'; readonly topic: string; readonly error: TailraceError }
  /** There is no topic for heartbeats, and none may be made; everything else goes on. */
  | { readonly kind: 'heartbeats-lost'; readonly topic: string; readonly error: TailraceError }
  /** How the changes of a table come into the stream that is read, where somebody else writes them there. */
  | {
      readonly kind: 'replication-watched'
      readonly table: string
      /** Changes that were given up, and attempts that were throttled, since the look before. */
      readonly failed: number
      readonly throttled: number
      /** How long the oldest change waits; undefined if nobody says. Milliseconds. */
      readonly oldestMs: number | undefined
      /** Undefined if nobody says whether changes go to the stream. */
      readonly isActive: boolean | undefined
    }
  /** Changes of a table are in no stream, and will never be delivered. */
  | { readonly kind: 'replication-loss'; readonly table: string; readonly error: TailraceError }
  /** Whether such losses happen cannot be seen. */
  | { readonly kind: 'replication-unseen'; readonly error: TailraceError }
  | { readonly kind: 'coordinator-failed'; readonly error: TailraceError; readonly retryInMs: number }

/** Which export. Times in milliseconds. */
export interface ExportName {
  readonly step: number
  readonly fromMs: number | undefined
  readonly toMs: number
  readonly exportArn: string | undefined
}

/**
 * Between which two changes of a shard others are missing, as exactly as anybody can know it: they were gone before they
 * were read. Times are creation times of changes, milliseconds.
 */
export interface LostInterval {
  /** The last change that was delivered; undefined if nothing of the shard was. */
  readonly after: string | undefined
  readonly afterCreatedAtMs: number | undefined
  /** The oldest change that is left; undefined if nothing of the shard is. */
  readonly before: string | undefined
  readonly beforeCreatedAtMs: number | undefined
  /** How much time lies in it at most; undefined if its beginning is not known. Milliseconds. */
  readonly spanMs: number | undefined
}

/** How far a whole snapshot is once a page of it is committed, whoever scanned it before. */
export interface SnapshotProgress extends ScanTotals {
  /** Grows with each gathering of the table: another number, another snapshot. */
  readonly run: number
  readonly segments: number
  readonly segmentsDone: number
  /** Items that DynamoDB counted in the table when it began; 0 where nobody knows how many there will be. */
  readonly expectedItems: number
}

/** A shard as events name it. */
export interface ShardName {
  readonly lane: number
  readonly table: string
  /** Of the table: several regions or accounts may have tables of one name. */
  readonly arn: string
  readonly shardId: string
}

/** Where the newest snapshot of a table is. */
export interface TableSnapshot extends Pick<SnapshotRun, 'state' | 'beganAtMs' | 'endedAtMs'> {
  readonly table: string
}

/** How many changes do what. */
export interface OperationCounts {
  readonly inserts: number
  readonly modifies: number
  readonly removes: number
}

/** A table of which nothing is read, or nothing new. */
export interface StandingTable {
  readonly table: string
  readonly arn: string
  readonly status: Exclude<TableStatus['kind'], 'streaming'>
  /** Why, of a stopped one. */
  readonly code: string | undefined
  /** For people. */
  readonly reason: string | undefined
}

/** A shard that stands still because its table does. */
export interface HaltedShard {
  readonly shard: ShardName
  /** What is unread was created after this moment, as far as the ledger knows. */
  readonly sinceMs: number | undefined
  /** How long its stream keeps changes. */
  readonly retentionMs: number
}

/** One transaction of a lane is durable and visible. */
export interface TransactionCommitted {
  readonly kind: 'transaction-committed'
  readonly lane: number
  readonly changes: number
  readonly records: number
  readonly bytes: number
  readonly tookMs: number
  /** Per shard in it: how far it reaches now. */
  readonly shards: readonly ShardProgress[]
}

/** How far a shard was delivered. */
export interface ShardProgress {
  readonly shard: ShardName
  readonly changes: number
  /** Wire records that are dealt with now: delivered, or dropped by rule. */
  readonly read: number
  readonly lastCreatedAtMs: number
  readonly committedAtMs: number
}

/** Takes events. Must return at once and must not throw. */
export type PipelineEventSink = (event: PipelineEvent) => void
