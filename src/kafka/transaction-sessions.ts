import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { openAtLeastOnceSession } from './at-least-once-session.ts'
import { openExactlyOnceSession } from './exactly-once-session.ts'
import type { KafkaApi } from './kafka.ts'
import { createBatchLimits } from './produce-rounds.ts'
import type { TransactionSessions } from './transaction-session.ts'

export interface TransactionSessionsOptions {
  readonly kafka: KafkaApi
  readonly clock: Clock
  readonly rng: Rng
  readonly delivery: 'exactly_once' | 'at_least_once'
  /** The broker aborts a transaction that is open for longer. Milliseconds; default 20,000. */
  readonly transactionTimeoutMs?: number
  /** Batches are cut below this, uncompressed; a larger record goes alone. Default 900,000 (brokers take 1 MiB). */
  readonly maxBatchBytes?: number
  /** The largest batch that a topic takes, where it is known: batches are cut below it. */
  readonly topicBytes?: (topic: string) => number | undefined
  /** Forces a transaction protocol. Default: V2 where the cluster has finalized it. */
  readonly transactionVersion?: 1 | 2
}

/** The opener of sessions for a delivery guarantee. What it learns about batch sizes outlives a session. */
export function createTransactionSessions(options: TransactionSessionsOptions): TransactionSessions {
  const { kafka, clock, rng, delivery, transactionTimeoutMs = 20_000, maxBatchBytes = 900_000 } = options
  const { transactionVersion } = options
  const limits = createBatchLimits(maxBatchBytes, options.topicBytes)
  return {
    open: (transactionalId, signal) =>
      delivery === 'at_least_once'
        ? openAtLeastOnceSession({ kafka, clock, rng, limits, name: transactionalId }, signal)
        : openExactlyOnceSession(
            { kafka, clock, rng, limits, transactionalId, transactionTimeoutMs, transactionVersion },
            signal,
          ),
  }
}
