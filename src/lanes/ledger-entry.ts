import type { ReaderNote } from '../change/shard.ts'
import type { FilterExpression } from '../change/filter-expression.ts'
import type { SkippedTable } from '../change/skipped-table.ts'
import type { TableAbsence } from '../change/table-absence.ts'
import type { Table } from '../change/table.ts'

/**
 * What a lane's partition of the ledger can hold. An entry is addressed by its key (see ledger-codec.ts); the newest
 * value of a key survives compaction, and the fold (lane-state.ts) does not depend on the order of reading.
 */
export type LedgerEntry =
  | IdentityEntry
  | TableEntry
  | BeginEntry
  | AtEntry
  | StopEntry
  | AnswerEntry
  | ScanEntry
  | ReportEntry
  | RequestEntry
  | BaselineEntry
  | SignalEntry
  | WayEntry
  | TopicEntry
  | SkippedEntry

/** Whose ledger this is. In every partition; written at the first start and at each change of configuration. */
export interface IdentityEntry {
  readonly kind: 'identity'
  readonly pipeline: string
  readonly clusterId: string
  readonly topicId: string
  readonly lanes: number
  /** Greater epochs win; two fingerprints of one epoch are a conflict. */
  readonly epoch: number
  readonly fingerprint: string
}

/**
 * Who moves a pipeline's changes: workers, which read the shards, or a function, to which Lambda hands them. `nobody` while
 * it is given over.
 */
export type Way = 'worker' | 'lambda' | 'nobody'

/**
 * Whose turn it is. In every partition; a ledger without one is its workers'. Whoever changes it fences everybody who might
 * still write in the old way.
 */
export interface WayEntry {
  readonly kind: 'way'
  /** Grows with every change; the greatest counts. */
  readonly version: number
  readonly way: Way
  /** For people. Milliseconds. */
  readonly atMs: number
}

/** What happens with a table now. */
export type TableStatus =
  | { readonly kind: 'streaming' }
  /** Its items are written, and nothing of its stream is read: `snapshot.mode: only`. */
  | { readonly kind: 'loading' }
  /** The table or its stream was replaced; what is left of the old stream is read to its end. */
  | { readonly kind: 'draining'; readonly replacedBy: string }
  /** Nothing of it is read. It is tried again when lane 0 is taken anew, except after a replacement. */
  | { readonly kind: 'stopped'; readonly code: string; readonly reason: string; readonly shardId: string | undefined }
  | RetiredStatus

/**
 * The table is not meant any more, or is gone. Nothing of it is read, and its positions stay: if it is meant again while its
 * stream still holds what follows on them, it goes on from there; else it has lost changes, as after a pause of that length.
 */
export interface RetiredStatus {
  readonly kind: 'retired'
  readonly why: TableAbsence['kind']
  /** For people. */
  readonly reason: string
  /** Milliseconds. */
  readonly sinceMs: number
  /** It was `loading`, and will be again. */
  readonly wasLoading: boolean
}

/** One table of the pipeline. Written by the coordinator into all partitions in one transaction; `version` grows. */
export interface TableEntry {
  readonly kind: 'table'
  readonly version: number
  readonly table: Table
  /** Empty for a stream whose changes go to the topics of their tables. */
  readonly topic: string
  /** Fixed for the life of the pipeline: items must not move between partitions. */
  readonly topicPartitions: number
  /** The id of the topic that was written to so far: a topic made anew has another one. Undefined until it is known. */
  readonly topicId: string | undefined
  readonly status: TableStatus
  /** Changes created before this moment are dropped (milliseconds, granularity one second). */
  readonly notBeforeMs: number | undefined
  /** While the table is snapshotted, all its shards live in this lane. */
  readonly homeLane: number | undefined
  /** Counts how often the table's shards were gathered in a home lane; 0 before the first time. */
  readonly run: number
  /** The newest snapshot: what was asked for, and how far it is; undefined before the first. */
  readonly snapshot: SnapshotRun | undefined
  /**
   * When it was found that changes were lost: the topic may lack some of the table's state, and hold items that are gone.
   * A complete snapshot that regains ends it. Milliseconds; undefined while nothing is known to be lost.
   */
  readonly lossAtMs?: number | undefined
  /** Somebody wants nothing of it to be read for now, whatever its status is; its positions stay. Undefined: it is to run. */
  readonly rest?: TableRest | undefined
  /** The last request about the table that was settled, and why it was refused, if it was. */
  readonly settled: { readonly request: string; readonly refusal: string | undefined } | undefined
}

/** What is wanted of a table. Both others mean that nothing of it is read; who stops a table says that it is for longer. */
export type TableTarget = 'RUNNING' | 'PAUSED' | 'STOPPED'

/** Since when a table rests, and which of the two was asked for. */
export interface TableRest {
  readonly target: Exclude<TableTarget, 'RUNNING'>
  /** Milliseconds; of the first of several requests in a row. */
  readonly sinceMs: number
}

/** What somebody may want of a table. `restart` forgets why it, or its snapshot, has failed, and tries it again. */
export type TableAction = { readonly kind: 'target'; readonly target: TableTarget } | { readonly kind: 'restart' }

/**
 * A topic, besides the table's own, that records of a table were sent to: one that changes are routed to, or that of a table in
 * a Kinesis stream. A lane that does not know it yet writes it into all partitions, in the transaction of the first records.
 */
export interface TopicEntry {
  readonly kind: 'topic'
  /** That of the table's entry: of a Kinesis stream for all tables in it. */
  readonly tableArn: string
  readonly topic: string
  /** The lane that says so. What several say at the same time is kept under keys of their own, so compaction loses none of it. */
  readonly writer: number
  /** Grows when a person says that what is there now is right. */
  readonly version: number
  /** As in the table's entry: items must not move between partitions. */
  readonly partitions: number
  /** Undefined after a reset: the topic may have been made anew on purpose. */
  readonly topicId: string | undefined
}

/** What the last look for tables left out, and why; written into lane 0's partition whenever that changes. Nothing is decided by it. */
export interface SkippedEntry {
  readonly kind: 'skipped'
  /** Grows with every change; the greatest counts. */
  readonly version: number
  /** By name; of very many only the first ones. */
  readonly tables: readonly SkippedTable[]
  /** How many there are besides. */
  readonly more: number
  /** When it was found to be so; for people. Milliseconds. */
  readonly atMs: number
}

/** What somebody may want of a table's snapshot. */
export type SnapshotAction =
  | {
      readonly kind: 'start'
      readonly snapshot: SnapshotRun['kind']
      /** Undefined: as configured. */
      readonly segments: number | undefined
      readonly filter: FilterExpression | undefined
    }
  | { readonly kind: 'pause' | 'resume' | 'stop' }

/** A person or a program asks for something about a table or its snapshot. Written into lane 0's partition, by no lane. */
export interface RequestEntry {
  readonly kind: 'request'
  readonly id: string
  readonly tableArn: string
  readonly action: SnapshotAction | TableAction
  readonly atMs: number
}

/**
 * Up to where the signals of one place were dealt with; written into lane 0's partition by the coordinator, in the
 * transaction that carries what the last of them caused. A greater generation wins, then a greater `next`.
 */
export interface SignalEntry {
  readonly kind: 'signal'
  /** A topic's name, or `file:` and the name of a file that was taken. */
  readonly source: string
  /** 0 for a file. */
  readonly partition: number
  /** Grows when counting begins anew: the topic was made anew, or has lost its end. */
  readonly generation: number
  /** The topic whose offsets are counted; undefined for a file, and for a topic that did not exist when it was looked for. */
  readonly topicId: string | undefined
  /** What comes next: an offset of the topic, or a byte of the file. */
  readonly next: number
}

/** One snapshot of a table, from its request to its end. */
export interface SnapshotRun {
  /** The value of the table's `run` when it began: under it its scans are kept, however often it is interrupted. */
  readonly run: number
  /** `initial`: before anything of the table was delivered, or all over again. `incremental`: on demand. */
  readonly kind: 'initial' | 'incremental'
  /** Parts in which the table is scanned; frozen for the snapshot. */
  readonly segments: number
  /** Which items are wanted; undefined = all. */
  readonly filter: FilterExpression | undefined
  /**
   * Changes may have been lost before it: what was trimmed is passed over until its scan begins, and behind the scan the
   * items that are gone get deletes, found by reading the topic's keys back.
   */
  readonly regains: boolean
  /** The export that it loads or waits for; undefined where the table itself is scanned. */
  readonly exports?: ExportStep | undefined
  /**
   * `exporting`: DynamoDB writes what is to be loaded. `parked`: its changes came faster than its home lane could write
   * them.
   */
  readonly state: 'exporting' | 'running' | 'paused' | 'completed' | 'failed' | 'parked' | 'stopped'
  /** What people should know of it from its beginning on. */
  readonly caution?: string | undefined
  /** Why it is where it is; for people. */
  readonly reason: string | undefined
  readonly code: string | undefined
  readonly beganAtMs: number
  readonly endedAtMs: number | undefined
  /** The signal that asked for it; undefined for all others. */
  readonly signal?: string | undefined
  /** Items that DynamoDB counted in the table when it began, which may be hours old. */
  readonly expectedItems: number
  /** By its end; while it runs the scans know better. */
  readonly totals: ScanTotals
}

/** One export of several that follow on each other: the whole table, then what changed since, until little is missing. */
export interface ExportStep {
  /** 0 is the whole table. */
  readonly step: number
  /** What it holds: all up to `toMs`, or what changed from `fromMs` on. Milliseconds, whole seconds. */
  readonly fromMs: number | undefined
  readonly toMs: number
  /** Counts how often it was asked for: one that failed is asked for anew. */
  readonly attempt: number
  /** How much was missing when it was asked for. Milliseconds. */
  readonly missingMs: number
  /** Set once DynamoDB has accepted it. */
  readonly exportArn: string | undefined
  /** Set once it is complete. */
  readonly manifest: { readonly bucket: string; readonly key: string } | undefined
}

/** Sums of a scan, or of a part of it. */
export interface ScanTotals {
  /** Items that were returned, and rows that came of them: the others had changed meanwhile. */
  readonly items: number
  readonly rows: number
  /** Read capacity units. */
  readonly units: number
}

/** A shard may be read from here on, by the lane in whose partition this stands. One for each parent of a child. */
export interface BeginEntry {
  readonly kind: 'begin'
  readonly tableArn: string
  readonly streamArn: string
  readonly shardId: string
  /** Raised by one at each move. A `begin` counts only if its generation is newer than what the lane knows. */
  readonly generation: number
  /** The parent whose end wrote this; undefined where nothing has to be waited for. */
  readonly parent: string | undefined
  /** All parents that must have ended before the shard opens. */
  readonly parents: readonly string[]
  /** Last sequence number already delivered; undefined = from the trim horizon. */
  readonly after: string | undefined
  /** Creation time of the change at `after`, where a move knows it. Milliseconds. For people and metrics only. */
  readonly createdAtMs?: number | undefined
  readonly notBeforeMs: number | undefined
  /**
   * What is unread here was created after this moment, as far as anybody knew: that of the last change before it, or, where
   * the past was unknown, of the discovery. Milliseconds. For people and metrics only.
   */
  readonly sinceMs: number | undefined
  /**
   * Since when the shard's changes are awaited: none that was written later may be missed without a word. As long as nothing
   * of it was delivered, a source compares this with how long it keeps changes. Milliseconds; undefined = unknown, as in
   * entries of older versions.
   */
  readonly begunAtMs?: number | undefined
  /** What its reader left with `after`, where a move hands it over. */
  readonly note?: ReaderNote | undefined
  /** What the readers of ended parents left, by the parents' ids. */
  readonly inherited?: Readonly<Record<string, string>> | undefined
}

/** How far a shard was delivered: written in the transaction that carries the records it covers. */
export interface AtEntry {
  readonly kind: 'at'
  readonly tableArn: string
  readonly streamArn: string
  readonly shardId: string
  readonly generation: number
  readonly status: 'open' | 'moved' | 'end'
  readonly after: string | undefined
  /** Creation time of the change at `after`, and the time of the commit; milliseconds. For people and metrics only. */
  readonly createdAtMs: number | undefined
  readonly committedAtMs: number
  /** Set with `moved`. */
  readonly movedTo: number | undefined
  /** Set with `end`: the children that were begun in the same transaction. */
  readonly children: readonly string[] | undefined
  /**
   * Raises that of the `begin`. Without a position: up to this moment the shard was read and nothing was there. With `end`:
   * since when the changes of its children are awaited. Otherwise undefined.
   */
  readonly begunAtMs?: number | undefined
  /** What the shard's reader must know besides `after`; see `ReaderNote`. */
  readonly note?: ReaderNote | undefined
}

/** A lane asks the coordinator to stop a table. Written into lane 0's partition. */
export interface StopEntry {
  readonly kind: 'stop'
  readonly tableArn: string
  readonly streamArn: string
  readonly shardId: string
  /** The table's version that the lane acted on; the coordinator ignores requests of older ones. */
  readonly tableVersion: number
  readonly code: string
  /** For people; holds positions, never item values. */
  readonly reason: string
  readonly after: string | undefined
  readonly atMs: number
}

/** The lane holds no shard of the table any more. Written into the home lane's partition before a snapshot's scan. */
export interface AnswerEntry {
  readonly kind: 'answer'
  readonly tableArn: string
  readonly run: number
  readonly lane: number
}

/** How far a segment of a snapshot's scan was delivered; written in the transaction that carries the rows it covers. */
export interface ScanEntry extends ScanTotals {
  readonly kind: 'scan'
  readonly tableArn: string
  /** That of the snapshot; see {@link SnapshotRun}. */
  readonly run: number
  /** Behind the segments of the table come, where a snapshot regains, the partitions of its topic; see snapshot-progress.ts. */
  readonly segment: number
  readonly totalSegments: number
  /** Opaque text, such as DynamoDB JSON of the last evaluated key; undefined once the segment is done. */
  readonly lastKey: string | undefined
  /** Pages that are dealt with; only grows, also by pages without items. */
  readonly pages: number
  readonly isDone: boolean
}

/**
 * Where the topic ended when the scan of a snapshot that regains began: each item that the table holds has a record behind
 * it. Written once, before the first page is asked for; from then on no gap may be passed over.
 */
export interface BaselineEntry {
  readonly kind: 'baseline'
  readonly tableArn: string
  /** That of the snapshot. */
  readonly run: number
  /** Of each partition, the first offset behind it. Decimal digits. */
  readonly offsets: readonly string[]
}

/** The home lane tells the coordinator what became of a snapshot. Written into lane 0's partition and its own. */
export interface ReportEntry {
  readonly kind: 'report'
  readonly tableArn: string
  /** That of the table's entry, as for answers. */
  readonly run: number
  readonly outcome: 'completed' | 'failed' | 'parked'
  /** Set unless it is complete; for people, never item values. */
  readonly code: string | undefined
  readonly reason: string | undefined
  readonly totals: ScanTotals
  readonly atMs: number
}

/** An entry and the lane in whose partition it is to be written; `undefined` as value forgets the key. */
export interface AddressedEntry {
  readonly lane: number
  readonly entry: LedgerEntry
  readonly isTombstone?: boolean
}
