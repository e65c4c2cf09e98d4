import type { ProducerRecord } from '../kafka/kafka.ts'
import type { TailraceError } from '../errors.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'

/**
 * What happens to records between source and Kafka: decode, transform, envelope, serialize. Pure and synchronous; knows
 * no progress, no lanes and no I/O, so one call per page suffices and the same input gives the same output.
 */
export interface Stages {
  process(input: StageInput): StageOutput
}

/** Consecutive wire records of one shard. */
export interface StageInput {
  readonly table: TableEntry
  readonly shardId: string
  readonly records: readonly unknown[]
  /** Changes created before this are dropped (milliseconds). */
  readonly notBeforeMs: number | undefined
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
