import { backoffDelay } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { KafkaError } from './kafka.ts'
import type { KafkaApi, ProducerIdentity } from './kafka.ts'
import { changesIn } from './produce-rounds.ts'
import type { BatchLimits, PartitionRecords, ProduceRound } from './produce-rounds.ts'

/** What a session writes with. */
export interface BatchWriterOptions {
  readonly kafka: KafkaApi
  readonly clock: Clock
  readonly rng: Rng
  readonly limits: BatchLimits
  /** Null: an idempotent producer without transactions. */
  readonly transactionalId: string | null
  readonly transactionVersion: 1 | 2
}

/** Sends rounds under one producer identity and counts its sequences. Unusable after any rejection. */
export interface BatchWriter {
  write(round: ProduceRound, signal: AbortSignal): Promise<void>
  /** The identity of what follows; a changed one begins every sequence at 0. */
  adopt(identity: ProducerIdentity): void
  readonly identity: ProducerIdentity
}

/** Makes a writer for a fresh identity. */
export function createBatchWriter(options: BatchWriterOptions, fresh: ProducerIdentity): BatchWriter {
  const { kafka, limits, transactionalId, transactionVersion } = options
  const sequences = new Map<string, number>()
  let identity = fresh

  return {
    get identity() {
      return identity
    },
    adopt: (next) => {
      if (next.producerId !== identity.producerId || next.producerEpoch !== identity.producerEpoch) sequences.clear()
      identity = next
    },
    write: async (round, signal) => {
      const batches = round.map((batch) => ({ ...batch, baseSequence: sequences.get(keyOf(batch)) ?? 0 }))
      const request = { ...identity, transactionalId, transactionVersion, batches }
      try {
        await whileBusy(options, signal, () => kafka.produce(request, signal))
      } catch (error) {
        throw explainTooLarge(error, round, limits)
      }
      for (const batch of batches)
        sequences.set(keyOf(batch), (batch.baseSequence + batch.records.length) % sequenceEnd)
    },
  }
}

const sequenceEnd = 2 ** 31
const concurrentTransactions = 51
const busyPause = { baseMs: 5, capMs: 100 }
const busyPatienceMs = 10_000

/**
 * Repeats `send` while the coordinator still finishes the transaction before. This is not a second attempt at something
 * in doubt: CONCURRENT_TRANSACTIONS is a definite refusal, and a batch that did get through in the same request is
 * recognised by its sequence number.
 */
export async function whileBusy(
  { clock, rng }: { readonly clock: Clock; readonly rng: Rng },
  signal: AbortSignal,
  send: () => Promise<void>,
): Promise<void> {
  const since = clock.monotonic()
  for (let attempt = 0; ; attempt++) {
    try {
      await send()
      return
    } catch (error) {
      const isBusy = error instanceof KafkaError && error.errorCode === concurrentTransactions
      if (!isBusy || clock.monotonic() - since > busyPatienceMs) throw error
    }
    await clock.sleep(backoffDelay(busyPause, attempt, rng), signal)
  }
}

function keyOf(batch: { readonly topic: string; readonly partition: number }): string {
  return `${batch.topic}-${batch.partition}`
}

// A batch of several records that is too large is our own doing: the topic takes less than we assumed. The next session
// cuts smaller; only what cannot be cut is the record's fault.
function explainTooLarge(error: unknown, round: ProduceRound, limits: BatchLimits): unknown {
  if (!(error instanceof TailraceError) || error.code !== 'RECORD_TOO_LARGE') return error
  const { topic, partition } = error.details
  const refused: PartitionRecords | undefined = round.find(
    (batch) => batch.topic === topic && batch.partition === partition,
  )
  if (refused === undefined) return error
  if (changesIn(refused.records) > 1) {
    limits.refused(refused.topic, refused.bytes)
    const message = `${keyOf(refused)} takes no batch of ${refused.bytes} bytes; the next ones are cut to half of it.`
    return new TailraceError('TRANSACTION_IN_DOUBT', message, { cause: error })
  }
  // As it was sent: what is compared with the limit is the compressed batch.
  const { bytes = refused.bytes } = error.details
  const message = `${keyOf(refused)} takes no record of ${String(bytes)} bytes: ${error.message}`
  return new TailraceError('RECORD_TOO_LARGE', message, { cause: error, details: { ...error.details, bytes } })
}
