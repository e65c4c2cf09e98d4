import type { Table } from '../../change/table.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Attachment } from '../../pipeline/stages.ts'
import type { RejectedRecord } from '../../rejection/rejection.ts'
import type { SerializedRecord, Serializer } from '../../serialize/serializer.ts'
import type { ChangeTransform } from '../../transform/change-transform.ts'
import type { RecordTransform } from '../../transform/record-transform.ts'

/** The implementations that make up the way of a record. */
export interface RecordStagesOptions {
  /** One envelope per table; asked once per table and stream. */
  readonly envelopeFor: (table: Table) => Envelope
  readonly serializer: Serializer
  /** The first part of schema names: the prefix of the topics. */
  readonly name: string
  /** In front of the envelope, in this order. Default: none. */
  readonly changeTransforms?: readonly ChangeTransform[]
  /** Behind it, in this order. Default: none. */
  readonly recordTransforms?: readonly RecordTransform[]
  /** Default: every rejected record stops its table. */
  readonly deadLetters?: DeadLetters
  /** Default: a change that is too large fails with RECORD_TOO_LARGE. */
  readonly oversize?: Oversize
  /** Needed where records go to topics other than their table's. Default: they fail with TOPIC_MISSING. */
  readonly otherTopics?: OtherTopics
}

/** Facts of a topic that records are sent to besides their table's own. */
export interface TopicFacts {
  readonly partitions: number
  readonly maxRecordBytes: number
}

/** Topics that are met on the way: made where they may be. */
export interface OtherTopics {
  /** Records may go to the own topics of other tables. Default: false, and they fail with ROUTE_REFUSED. */
  readonly mayShare?: boolean
  /** Waits for what passes; rejects with the error that stops the table. Remembers what it was told. */
  provide(topic: string, signal: AbortSignal): Promise<TopicFacts>
}

/** Where rejected records go. */
export interface DeadLetters {
  /**
   * The records that take the place of a rejected one, in the same transaction; undefined: it is not accepted, and its
   * table stops. Rejects with the error that stops the table where the dead-letter topic cannot be written.
   */
  accept(
    rejected: RejectedRecord,
    of: { readonly table: TableEntry; readonly nowMs: number; readonly timestampMs: number },
    signal: AbortSignal,
  ): Promise<readonly ProducerRecord[] | undefined>
}

/** What becomes of records that are larger than their topic takes. */
export interface Oversize {
  /** Rejects with RECORD_TOO_LARGE, or what else stops the table, where there is no smaller form. */
  shrink(change: OversizedChange, signal: AbortSignal): Promise<ShrunkChange>
}

/** All records of one change or row, at least one of which is too large. */
export interface OversizedChange {
  readonly records: readonly SerializedRecord[]
  readonly table: TableEntry
  readonly maxRecordBytes: number
  readonly position: { readonly shard: string; readonly sequenceNumber: string } | undefined
  readonly operation: 'INSERT' | 'MODIFY' | 'REMOVE' | 'READ'
  /** The records of the same change without its image before. Throws as serializing does. */
  readonly withoutBefore: () => readonly SerializedRecord[]
}

/** What is sent in its place, in this order, and what belongs to it outside Kafka. */
export interface ShrunkChange {
  readonly records: readonly SerializedRecord[]
  readonly attachments: readonly Attachment[]
}
