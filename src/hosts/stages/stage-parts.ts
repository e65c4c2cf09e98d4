import type { Table } from '../../change/table.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { Compression } from '../../kafka/record-batch-encoder.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Oversize } from '../../oversize/oversize.ts'
import type { OperationCounts } from '../../pipeline/pipeline-event.ts'
import type { PinnedTopic } from '../../pipeline/stages.ts'
import type { RejectedRecord } from '../../rejection/rejection.ts'
import type { Serializer } from '../../serialize/serializer.ts'
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
  /** Hears what the changes of a page do, once it is decoded. Must not throw. Default: nobody does. */
  readonly onOperations?: (table: string, operations: OperationCounts) => void
  /** How batches are compressed: it decides what is too large. Default: `none`. */
  readonly compression?: Compression
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
  /**
   * Waits for what passes; rejects with the error that stops the table. Remembers for a while what it was told. A topic that
   * is `known` and gone is not made anew; whether it is as it was is for the caller to compare.
   */
  provide(
    topic: string,
    known: PinnedTopic | undefined,
    signal: AbortSignal,
  ): Promise<TopicFacts & { readonly id: string }>
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
