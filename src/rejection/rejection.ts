import type { TailraceError } from '../errors.ts'

/** Where on its way a record failed. Kafka Connect's words where it has one. */
export type RejectionStage = 'VALUE_DECODER' | 'TRANSFORMATION' | 'ENVELOPE' | 'VALUE_CONVERTER' | 'OVERSIZE'

/** A record that cannot pass, before anybody has decided what becomes of it. */
export interface RejectedRecord {
  readonly stage: RejectionStage
  readonly error: TailraceError
  /** The record as the source gave it: the parsed JSON of the answer. */
  readonly wire: unknown
  /** Of a change; undefined for a row of a snapshot. */
  readonly position: { readonly shard: string; readonly sequenceNumber: string } | undefined
}
