import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { createBatchWriter } from './batch-writer.ts'
import type { KafkaApi } from './kafka.ts'
import { cutRounds } from './produce-rounds.ts'
import type { BatchLimits } from './produce-rounds.ts'
import { createSessionState } from './session-state.ts'
import type { CommitFate, TransactionSession } from './transaction-session.ts'

export interface AtLeastOnceOptions {
  readonly kafka: KafkaApi
  readonly clock: Clock
  readonly rng: Rng
  readonly limits: BatchLimits
  /** For messages only: nothing is fenced. */
  readonly name: string
}

/**
 * A session without transactions, for services that lack them. Each phase is acknowledged by all in-sync replicas before
 * the next one is sent. The producer is idempotent, so the broker drops a batch that a network repeats; what an owner
 * writes again after a failure is there twice.
 */
export async function openAtLeastOnceSession(
  options: AtLeastOnceOptions,
  signal: AbortSignal,
): Promise<TransactionSession> {
  const { kafka, limits, name } = options
  const fresh = await kafka.initProducerId({ transactionalId: null, timeoutMs: 0 }, signal)
  const writer = createBatchWriter({ ...options, transactionalId: null, transactionVersion: 1 }, fresh)
  const state = createSessionState(name)
  let fate: CommitFate = 'aborted'
  return {
    producerId: fresh.producerId,
    get fate() {
      return fate
    },
    commit: (phases, commitSignal) =>
      state.run(async () => {
        // What was sent may be there, and is seen at once.
        fate = 'unknown'
        for (const phase of phases) {
          for (const round of cutRounds(phase, limits)) await writer.write(round, commitSignal)
        }
      }, commitSignal),
    [Symbol.asyncDispose]: () => Promise.resolve(state.kill()),
  }
}
