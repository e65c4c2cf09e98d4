import type { TailraceError } from '../../errors.ts'
import type { LeftOut } from '../stages.ts'

/**
 * Records of one shard that somebody hands over, in shard order: perhaps not for the first time, and perhaps cut otherwise
 * than before. What was never handed over comes in order.
 */
export interface PushedBatch {
  /** Positions are kept under it: two streams that follow on each other have different ones. */
  readonly streamArn: string
  readonly tableArn: string
  readonly tableName: string
  readonly shardId: string
  readonly records: readonly PushedRecord[]
}

/** One of them, untrusted. */
export interface PushedRecord {
  readonly sequenceNumber: string
  /** What stages take: the record itself, or those that were packed in it. */
  readonly wires: readonly unknown[]
  /**
   * When it was written, where `wires` do not say when what they hold was created; it decides about a start in time as long as
   * nothing of the shard was delivered. Milliseconds.
   */
  readonly writtenAtMs?: number
  /** Why nothing can be made of it; there are no wires then. */
  readonly damage?: TailraceError | undefined
}

/** What became of a batch. All of it that can be is committed. */
export interface PushedOutcome {
  /** Records that the batch held, and of these those that had been delivered before. */
  readonly records: number
  readonly repeated: number
  /** Changes that were written now. */
  readonly changes: number
  readonly left: LeftOut
  /** Undefined if everything is delivered. Otherwise nothing from `sequenceNumber` on is. */
  readonly failure: { readonly error: TailraceError; readonly sequenceNumber: string } | undefined
}

/** Delivers batches that are handed over. Safe for concurrent calls: those of one shard wait for each other. */
export interface PushedDelivery extends AsyncDisposable {
  /**
   * Resolves when what came of the batch is known. Rejects when it is not: with what was in doubt until `signal` aborted, or
   * with what must be mended first. After a rejection nothing is remembered: the next call takes the shard anew.
   */
  deliver(batch: PushedBatch, signal: AbortSignal): Promise<PushedOutcome>
}
