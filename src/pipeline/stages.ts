import type { ProducerRecord } from '../kafka/kafka.ts'
import type { TailraceError } from '../errors.ts'
import type { Table } from '../change/table.ts'
import type { SnapshotRun, TableEntry } from '../lanes/ledger-entry.ts'

/**
 * What happens to records between source and Kafka: decode, transform, envelope, serialize. Pure and synchronous; knows
 * no progress, no lanes and no I/O, so one call per page suffices and the same input gives the same output.
 */
export interface Stages {
  process(input: StageInput): StageOutput
  /** The same for a page of a snapshot's scan. */
  processRows(input: RowInput): RowOutput
  /** The same for keys of items that are gone: their deletes. */
  processVanished(input: VanishedInput): RowOutput
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
  'table' | 'kind' | 'readAtMs' | 'maxRecordBytes' | 'nowMs' | 'isDisplaced'
> {
  readonly keys: readonly Buffer[]
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
  readonly records: readonly unknown[]
  /** Changes created before this are dropped (milliseconds). */
  readonly notBeforeMs: number | undefined
  /** An item's row that may contain the item's changes; those that it contains are left out. Undefined: none is. */
  readonly rowInFront?: ((item: string) => RowInFront | undefined) | undefined
  /** A produced record must not be larger; larger ones fail with RECORD_TOO_LARGE. Bytes as the broker counts them. */
  readonly maxRecordBytes: number
  /** Wall clock at processing, milliseconds. */
  readonly nowMs: number
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
  /** Items whose rows in front contain nothing that follows this page. */
  readonly caughtUp: readonly string[]
  /** Wire records that were dealt with: delivered, or dropped by rule. */
  readonly read: number
  /** The last wire record that was dealt with (delivered or dropped by rule); undefined if there was none. */
  readonly last: StagePosition | undefined
  /** Why processing stopped behind `last`; names the record's position, never its values. */
  readonly failure: TailraceError | undefined
}

/** Position and creation time of a change. */
export interface StagePosition {
  readonly sequenceNumber: string
  readonly createdAtMs: number
}
