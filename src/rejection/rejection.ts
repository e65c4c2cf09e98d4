import type { TailraceError } from '../errors.ts'

/** Where on its way a record failed. Kafka Connect's words where it has one; `SOURCE`: as it came, it is not wanted. */
export type RejectionStage = 'SOURCE' | 'VALUE_DECODER' | 'TRANSFORMATION' | 'ENVELOPE' | 'VALUE_CONVERTER' | 'OVERSIZE'

/** A record that cannot pass, before anybody has decided what becomes of it. */
export interface RejectedRecord {
  readonly stage: RejectionStage
  readonly error: TailraceError
  /** The record as the source gave it: the parsed JSON of the answer. */
  readonly wire: unknown
  readonly origin: RejectedChange | RejectedRow
}

/** It is a change of a stream. */
export interface RejectedChange {
  readonly kind: 'change'
  readonly shard: string
  readonly sequenceNumber: string
  /** Milliseconds; the time of reading where the record does not tell. */
  readonly createdAtMs: number
  /** Of a record of a Kinesis stream, which need not be JSON: the letter holds its bytes. */
  readonly bytes?: RejectedBytes | undefined
}

/** A record of a Kinesis stream as it came. */
export interface RejectedBytes {
  readonly data: Buffer
  readonly partitionKey: string
}

/** It is a row of a snapshot. */
export interface RejectedRow {
  readonly kind: 'row'
  /** What `wire` is: an item, or a line of an incremental export. */
  readonly form: 'items' | 'export-lines'
  readonly snapshot: 'initial' | 'incremental'
  /** When its page was asked for. Milliseconds. */
  readonly readAtMs: number
}
