import type { ProducerRecord } from '../kafka/kafka.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import type { TailraceError } from '../errors.ts'
import type { Table } from '../change/table.ts'
import type { SnapshotRun, TableEntry } from '../lanes/ledger-entry.ts'

/**
 * What happens to records between source and Kafka: decode, transform, envelope, serialize. Knows no progress and no lanes.
 * One call per page: what must be waited for (a registry's answer, the user's own transform, an object in a bucket) is
 * waited for once a page. Rejects only when `signal` aborts, or with an error that is not the page's own; what is wrong
 * with a record is a `failure`, or a dead letter.
 */
export interface Stages {
  process(input: StageInput, signal: AbortSignal): Promise<StageOutput>
  /** The same for a page of a snapshot's scan. */
  processRows(input: RowInput, signal: AbortSignal): Promise<RowOutput>
  /** The same for keys of items that are gone: their deletes. */
  processVanished(input: VanishedInput, signal: AbortSignal): Promise<RowOutput>
  /** What a record of a table's topic, read back, says of its item. */
  presenceOf(record: WrittenRecord, table: Table): RecordPresence
}

/** A record that was read back. */
export interface WrittenRecord {
  readonly value: Buffer | null
  readonly headers: readonly (readonly [string, Buffer | null])[]
}

/** `foreign`: it is of another table, or was not written by tailrace. */
export type RecordPresence = 'there' | 'gone' | 'foreign'

/** Keys, as records have them, of items that are in the topic and no longer in the table. */
export interface VanishedInput extends Pick<
  RowInput,
  'table' | 'kind' | 'readAtMs' | 'maxRecordBytes' | 'nowMs' | 'isDisplaced' | 'isTopicOfAnother' | 'pins'
> {
  readonly keys: readonly Buffer[]
}

/** What the ledger knows of topics, besides a table's own, that records of the table were sent to. */
export interface TopicPins {
  /** The topic as records were sent to it so far; undefined before the first one, or while nobody knows. */
  of(topic: string): PinnedTopic | undefined
  /** Records of this page may go there, and it is as `of` says, if that says anything. */
  meet(topic: string, now: { readonly topicId: string; readonly partitions: number }): void
}

/** A topic as it was. */
export interface PinnedTopic {
  readonly partitions: number
  /** Undefined: any will do. */
  readonly topicId: string | undefined
}

/** A page of a snapshot's scan. */
export interface RowInput {
  readonly table: TableEntry
  /** Items in DynamoDB JSON, or lines of an incremental export, untrusted. */
  readonly items: readonly unknown[]
  readonly form: 'items' | 'export-lines'
  readonly kind: SnapshotRun['kind']
  /** True while no row of the snapshot was delivered, and for its very last page. */
  readonly isFirst: boolean
  readonly isLast: boolean
  /** When the page was asked for. Milliseconds. */
  readonly readAtMs: number
  readonly maxRecordBytes: number
  readonly nowMs: number
  /** True for the own topic of another table, to which nothing of this one may be routed. Default: there is none. */
  readonly isTopicOfAnother?: (topic: string) => boolean
  /** Default: nothing is known, and nothing is remembered. */
  readonly pins?: TopicPins
  /** True for the key of a row that a newer change has made worthless: it is left out. */
  readonly isDisplaced: (key: Buffer) => boolean
  /** True if `images` is wanted. Default: false. */
  readonly withImages?: boolean
}

/** What came of it: all rows, or those before the one that failed. */
export interface RowOutput {
  readonly records: readonly ProducerRecord[]
  /** Encoded bytes of `records`. */
  readonly bytes: number
  /** Items that came through. */
  readonly rows: number
  /** Of these, if they are wanted: those that changes can be compared with. */
  readonly images: readonly RowImage[]
  readonly failure: TailraceError | undefined
  readonly left: LeftOut
  readonly attachments: readonly Attachment[]
  /** True if something was too large and was made smaller, or went elsewhere. */
  readonly hasOversized?: boolean
}

/** What did not come through although nothing failed. */
export interface LeftOut {
  /** Changes or rows that a filter or a transform dropped. */
  readonly dropped: number
  /** Changes or rows that went to the dead-letter topic, why, and at which step. */
  readonly rejected: readonly { readonly code: ErrorCode; readonly stage: string; readonly count: number }[]
}

/** Something outside Kafka that belongs to records: it must go if their transaction does not come about. */
export interface Attachment {
  /**
   * Called once, when the fate of the transaction is known: `committed`, `aborted` (surely nothing of it will ever be
   * read), or `unknown`. Returns at once and never throws; what is to be tidied up is tidied up beside the lane.
   */
  settle(outcome: 'committed' | 'aborted' | 'unknown'): void
}

/** A row: its item's identity, and a digest of what the item was. Equal digests, same image. */
export interface RowImage {
  readonly item: string
  readonly image: string
}

/** A row that was delivered in front of changes. */
export interface RowInFront extends Pick<RowImage, 'image'> {
  /** When its page was asked for. Milliseconds. */
  readonly readAtMs: number
}

/** Consecutive wire records of one shard. */
export interface StageInput {
  readonly table: TableEntry
  readonly shardId: string
  /** Counts how often the shard's position was handed on or set back. Undefined where nobody knows. */
  readonly generation?: number
  readonly records: readonly unknown[]
  /** Changes created before this are dropped (milliseconds). */
  readonly notBeforeMs: number | undefined
  /** An item's row that may contain the item's changes; those that it contains are left out. Undefined: none is. */
  readonly rowInFront?: ((item: string) => RowInFront | undefined) | undefined
  /** A batch of one record must not be larger: what is gets smaller, or fails with RECORD_TOO_LARGE. Bytes as brokers count. */
  readonly maxRecordBytes: number
  /** Wall clock at processing, milliseconds. */
  readonly nowMs: number
  /** True for the own topic of another table, to which nothing of this one may be routed. Default: there is none. */
  readonly isTopicOfAnother?: (topic: string) => boolean
  /** Default: nothing is known, and nothing is remembered. */
  readonly pins?: TopicPins
}

/** What came of it. Records before a failing one are complete and in order; nothing of the failing one is here. */
export interface StageOutput {
  readonly records: readonly ProducerRecord[]
  /** Encoded bytes of `records`. */
  readonly bytes: number
  /** Changes that came through; drops by `notBeforeMs` are not counted. */
  readonly changes: number
  /** Changes that were left out because a row in front contains them. */
  readonly contained: number
  /** Items whose rows in front contain nothing that follows this page, or may not be asked any more. */
  readonly caughtUp: readonly string[] | 'all'
  /** Wire records that were dealt with: delivered, or dropped by rule. */
  readonly read: number
  /** The last wire record that was dealt with (delivered or dropped by rule); undefined if there was none. */
  readonly last: StagePosition | undefined
  /** Why processing stopped behind `last`; names the record's position, never its values. */
  readonly failure: TailraceError | undefined
  readonly left: LeftOut
  readonly attachments: readonly Attachment[]
  /** True if something was too large and was made smaller, or went elsewhere. */
  readonly hasOversized?: boolean
}

/** Position and creation time of a change. */
export interface StagePosition {
  readonly sequenceNumber: string
  readonly createdAtMs: number
}
