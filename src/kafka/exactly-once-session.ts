import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { createBatchWriter, whileBusy } from './batch-writer.ts'
import type { BatchWriter, BatchWriterOptions } from './batch-writer.ts'
import type { KafkaApi, ProducerRecord } from './kafka.ts'
import { cutRounds } from './produce-rounds.ts'
import type { BatchLimits, ProduceRound } from './produce-rounds.ts'
import { createSessionState, isFencedOff } from './session-state.ts'
import type { CommitFate, TransactionSession } from './transaction-session.ts'

export interface ExactlyOnceOptions {
  readonly kafka: KafkaApi
  readonly clock: Clock
  readonly rng: Rng
  readonly limits: BatchLimits
  readonly transactionalId: string
  /** The broker aborts a transaction that is open for longer. Milliseconds. */
  readonly transactionTimeoutMs: number
  /** 1 or 2 to force a protocol; undefined follows the cluster's `transaction.version`. */
  readonly transactionVersion: 1 | 2 | undefined
}

/**
 * Fences whoever held the id, settles what was open, and returns a session whose commits are transactions.
 *
 * Under V2 (KIP-890) a transaction is Produce and EndTxn; the answer to EndTxn carries the identity of the next one, so
 * nothing that is late can join or end it. Under V1 the partitions are added first. A failed session sends no abort: it
 * could meet a transaction of its successor, and the successor's fence aborts what is open anyway.
 */
export async function openExactlyOnceSession(
  options: ExactlyOnceOptions,
  signal: AbortSignal,
): Promise<TransactionSession> {
  const { kafka, transactionalId, limits } = options
  const transactionVersion =
    options.transactionVersion ?? ((await kafka.cluster(signal)).transactionVersion >= 2 ? 2 : 1)
  const timeoutMs = options.transactionTimeoutMs
  const fresh = await kafka.initProducerId({ transactionalId, timeoutMs }, signal)
  const protocol: BatchWriterOptions = { ...options, transactionVersion }
  const writer = createBatchWriter(protocol, fresh)
  const state = createSessionState(transactionalId)
  let fate: CommitFate = 'aborted'
  return {
    producerId: fresh.producerId,
    get fate() {
      return fate
    },
    commit: (phases, commitSignal) =>
      state.run(async () => {
        fate = 'aborted'
        const rounds = cutRounds(allOf(phases), limits)
        if (rounds.length === 0) return
        if (transactionVersion === 1) await addPartitions(options, writer, rounds, commitSignal)
        for (const round of rounds) await writer.write(round, commitSignal)
        const end = { ...writer.identity, transactionalId, transactionVersion, outcome: 'commit' } as const
        fate = 'unknown'
        try {
          writer.adopt(await kafka.endTransaction(end, commitSignal))
          // Of the next one nothing was sent yet, should it be refused before it begins.
          fate = 'aborted'
        } catch (error) {
          // A newer owner's fence has aborted it before this end arrived, and there was no other.
          if (isFencedOff(error)) fate = 'aborted'
          throw error
        }
      }, commitSignal),
    [Symbol.asyncDispose]: () => Promise.resolve(state.kill()),
  }
}

function* allOf(phases: readonly (readonly ProducerRecord[])[]): Generator<ProducerRecord> {
  for (const phase of phases) yield* phase
}

// The first round names every partition. Right after a commit the coordinator is busy with its markers for some
// milliseconds.
async function addPartitions(
  options: ExactlyOnceOptions,
  writer: BatchWriter,
  rounds: readonly ProduceRound[],
  signal: AbortSignal,
): Promise<void> {
  const partitions = (rounds[0] ?? []).map(({ topic, partition }) => ({ topic, partition }))
  const request = { ...writer.identity, transactionalId: options.transactionalId, partitions }
  await whileBusy(options, signal, () => options.kafka.addPartitions(request, signal))
}
