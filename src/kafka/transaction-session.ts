import type { ProducerRecord } from './kafka.ts'

/**
 * The writing half of a lane: one producer identity, one transaction after the other.
 *
 * After any rejection the session is dead: its outcome is unknown, nothing may be sent again from memory, and every
 * later call rejects. Whoever owns it makes a new one (which fences this one and settles what was open) and reads the
 * ledger to learn what was committed.
 */
export interface TransactionSession extends AsyncDisposable {
  /** The producer id that the fence gave: whose open records the log must not hold any more. */
  readonly producerId: bigint
  /**
   * What became of the last commit if it rejected. `aborted`: its end was never asked for, or was refused, so nobody who
   * reads committed records will ever see anything of it. In at-least-once mode also `aborted` only if nothing was sent.
   */
  readonly fate: CommitFate
  /**
   * Writes all phases and commits them. Resolves when they are durable and visible to read_committed readers.
   *
   * `exactly_once`: all phases are one transaction. `at_least_once`: phase by phase, each acknowledged by all in-sync
   * replicas before the next is sent, so a crash leaves a prefix of the phases (and of one phase, any part).
   * Order within a partition is the order given. Not to be called while an earlier call is pending.
   */
  commit(phases: readonly (readonly ProducerRecord[])[], signal: AbortSignal): Promise<void>
}

/** What is known of a commit that failed. */
export type CommitFate = 'aborted' | 'unknown'

/** Opens sessions. Opening fences every older session of the same id. */
export interface TransactionSessions {
  open(transactionalId: string, signal: AbortSignal): Promise<TransactionSession>
}
