import type { Table } from '../change/table.ts'
import type { Attachment } from '../pipeline/stages.ts'
import type { SerializedRecord } from '../serialize/serializer.ts'

/** What becomes of records that are larger than their topic takes. */
export interface Oversize {
  /**
   * Rejects with RECORD_TOO_LARGE, or with what else stops the table. Records that are too large as before mean that there
   * is no smaller form. What is waited for (an object store) ends with the signal.
   */
  shrink(change: OversizedChange, signal: AbortSignal): Promise<ShrunkChange>
  /** Where nothing helped: the change becomes a dead letter, whatever is tolerated otherwise. */
  readonly toDeadLetters: boolean
}

/** One way to make records smaller. */
export interface OversizeStep {
  /** Undefined if this way leads to nothing that fits: the next one is tried, on the change as it was. */
  shrink(change: OversizedChange, signal: AbortSignal): Promise<ShrunkChange | undefined>
}

/** All records of one change or row, at least one of which is too large. */
export interface OversizedChange {
  readonly records: readonly SerializedRecord[]
  readonly table: Table
  /** The table's own. */
  readonly topic: string
  /** Bytes of a batch as it is sent; where the records go to several topics, what all of them take. */
  readonly maxRecordBytes: number
  /** Undefined for a row of a snapshot. */
  readonly position: { readonly shard: string; readonly sequenceNumber: string } | undefined
  /**
   * Names a time within which each change of the shard is committed at most once: between two of them somebody has set
   * positions back. Undefined where that cannot be told.
   */
  readonly turn: string | undefined
  /** Undefined where records say nothing of items. */
  readonly operation: 'INSERT' | 'MODIFY' | 'REMOVE' | 'READ' | undefined
  /** The records of the same change without its image before. Throws as serializing does. */
  readonly withoutBefore: () => readonly SerializedRecord[]
  /** True if the broker takes each of these; a delete and its tombstone are one. Compresses where compression decides. */
  readonly fits: (records: readonly SerializedRecord[]) => boolean
}

/** What is sent in its place, in this order, and what belongs to it outside Kafka. */
export interface ShrunkChange {
  readonly records: readonly SerializedRecord[]
  readonly attachments: readonly Attachment[]
}
