/**
 * What the oracle compares: every change as it was made at the source, and every record as a reader of the output found
 * it. Used by simulations, by runs of real processes, by the demo's summary and by `verify`, so that all of them mean
 * the same by "lost" or "duplicate". Contract only; the rules are in judge-delivery.ts.
 */

/** Names of what can be wrong. docs/evidence.md explains each. */
export type AnomalyName =
  /** A change without a committed record that no gap or dead letter names. */
  | 'lost'
  /** A change with two committed records, or an item with two rows of one snapshot. In at-least-once mode: only those that are not part of a replay. */
  | 'duplicate'
  /** At least once: a repetition that is no contiguous replay since the last committed position of its shard. */
  | 'bad-replay'
  /** First occurrences of an item's changes whose versions do not rise. */
  | 'reorder'
  /** A version of an item that appears before its predecessor was ever seen. */
  | 'skip'
  /** A record that no change explains, or whose images are not what was written. */
  | 'phantom'
  /** A record that a read_committed reader was given although its transaction was aborted, or never ended. */
  | 'aborted-read'
  /** A transaction whose records and whose committed position do not say the same. */
  | 'torn'
  /** Records of one item in two partitions. */
  | 'partition-move'
  /** A snapshot row with a lower version than a change of its item in front of it. */
  | 'stale-snapshot'
  /** A row or an upsert of an item that is older than a delete in front of it. */
  | 'resurrect'
  /** An item whose last record is not what the table holds when all is quiet. */
  | 'diverged'
  /** Changes that are gone at the source although no state, metric and event names them. */
  | 'silent-gap'
  /** Not back within the time that the run allows: lag, an open transaction, a shard that nobody reads. */
  | 'hang'
  /** A child shard's record in front of one of its parent's, in one partition. */
  | 'child-before-parent'
  /** The second, independent count or sum does not agree with the table's. */
  | 'miscount'

/** One change of one item, recorded when the source acknowledged it. */
export interface WrittenChange {
  readonly table: string
  /** Canonical text of the key attributes. */
  readonly key: string
  /** The item's place in its own history: 1, 2, 3 …; a delete consumes one, too. */
  readonly version: number
  readonly operation: 'INSERT' | 'MODIFY' | 'REMOVE'
  /** Digests of the images; null where there is none. `undefined`: this source does not record it, nothing is compared. */
  readonly before: string | null | undefined
  readonly after: string | null | undefined
  /** A whole number in the item behind the change, for the independent sum; 0 for a delete. */
  readonly amount: number
  /** Where the source put it; undefined where the source does not tell (DynamoDB itself does not). */
  readonly position: ChangePosition | undefined
  /** Milliseconds; for lag. */
  readonly writtenAtMs: number
}

/** A change's place in a stream. */
export interface ChangePosition {
  readonly shardId: string
  /** Compared as a number: leading zeros do not matter. */
  readonly sequenceNumber: string
}

/** One record as a reader found it. Tombstones are not changes and are left out. */
export interface DeliveredRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly table: string
  readonly key: string
  /** As the images say it (a delete: one more than `before`); undefined if they do not, then the position must. */
  readonly version: number | undefined
  /** `VANISHED`: a snapshot found the item missing; no change is told of. */
  readonly operation: 'INSERT' | 'MODIFY' | 'REMOVE' | 'SNAPSHOT' | 'VANISHED' | 'UNKNOWN'
  readonly before: string | null | undefined
  readonly after: string | null | undefined
  readonly amount: number
  readonly position: ChangePosition | undefined
}

/** One transaction as the log itself shows it: batches between a producer's markers, over all partitions. */
export interface LoggedTransaction {
  /** For examples: producer id and epoch. */
  readonly name: string
  readonly outcome: 'commit' | 'abort' | 'open'
  /** Output records by place, and the positions (`at`, END) that the same transaction wrote to the ledger. */
  readonly records: readonly { readonly place: RecordPlace; readonly position: ChangePosition }[]
  readonly positions: readonly ChangePosition[]
}

/** Where a record is. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Everything that one judgement is about. What is undefined is not judged. */
export interface Delivery {
  readonly written: readonly WrittenChange[]
  /** What a read_committed reader was given; any order between partitions, offset order within one. */
  readonly delivered: readonly DeliveredRecord[]
  readonly guarantee: 'exactly_once' | 'at_least_once'
  /** The raw log, read uncommitted with its markers; the transactions of one shard in the order in which they ended. */
  readonly transactions?: readonly LoggedTransaction[]
  /** Parent of each shard. */
  readonly parents?: ReadonlyMap<string, string | undefined>
  /** Digest of each item that each table holds now that all is quiet, by table and key. */
  readonly tables?: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Changes that a gap, dead letter or refusal names: they may be missing. */
  readonly named?: (change: WrittenChange) => boolean
  /** Changes from before the stream: no record is of them. Rows of a snapshot stand for what they left. */
  readonly stored?: (change: WrittenChange) => boolean
  /** How many snapshots were taken of each table: an item has at most one row of each. */
  readonly snapshots?: ReadonlyMap<string, number>
  /** True for a table of which a snapshot made up for what was lost: its items must end as the table holds them, named or not. */
  readonly regained?: (table: string) => boolean
  /** Changes that were gone at the source before they were read: each must be `named`, or it is a silent gap. */
  readonly trimmed?: (change: WrittenChange) => boolean
  /** What did not come back in time, one line each. */
  readonly hangs?: readonly string[]
}

/** The judgement. */
export interface Findings {
  readonly written: number
  /** Change records found, right or wrong; a snapshot's rows are none. */
  readonly delivered: number
  /** Every name is there; all zero is what is promised. */
  readonly anomalies: Readonly<Record<AnomalyName, number>>
  /** At least once: repetitions that are replays, as that mode allows. */
  readonly replayed: number
  /** The first few of each kind, one line each, with places and positions and never with values. */
  readonly examples: readonly string[]
}
