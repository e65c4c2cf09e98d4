import { systemClock as clock } from '../../src/async/system-clock.ts'
import { KafkaError } from '../../src/kafka/kafka.ts'
import type { KafkaApi, ProducerIdentity, ProducerRecord } from '../../src/kafka/kafka.ts'

/** A producer by hand, request by request: for transactions that stay open, and for requests that come late. */
export interface RawProducer {
  /** The identity of the transaction that is open, or of the next one. */
  readonly identity: ProducerIdentity
  /** Sends the records of one partition as one batch; begins a transaction if none is open. */
  write(records: readonly ProducerRecord[]): Promise<void>
  end(outcome: 'commit' | 'abort'): Promise<void>
}

/** Fences older holders of the id. Transactions V2. A null id makes an idempotent producer without transactions. */
export async function openRawProducer(kafka: KafkaApi, transactionalId: string | null): Promise<RawProducer> {
  const { signal } = new AbortController()
  const transactionVersion = 2
  const timeoutMs = 300_000
  const sequences = new Map<string, number>()
  let identity = await kafka.initProducerId({ transactionalId, timeoutMs }, signal)
  return {
    get identity() {
      return identity
    },
    write: async (records) => {
      const { topic, partition } = records[0] ?? { topic: '', partition: 0 }
      const key = `${topic}-${partition}`
      const baseSequence = sequences.get(key) ?? 0
      const batches = [{ topic, partition, baseSequence, records }]
      await unlessBusy(() => kafka.produce({ ...identity, transactionalId, transactionVersion, batches }, signal))
      sequences.set(key, baseSequence + records.length)
    },
    end: async (outcome) => {
      if (transactionalId === null) throw new Error('A producer without an id has no transaction to end.')
      identity = await kafka.endTransaction({ ...identity, transactionalId, transactionVersion, outcome }, signal)
      sequences.clear()
    },
  }
}

const concurrentTransactions = 51

/** While the markers of the transaction before are being written, a broker asks its producer to come again. */
async function unlessBusy(produce: () => Promise<void>): Promise<void> {
  for (const deadline = clock.monotonic() + 10_000; ;) {
    try {
      await produce()
      return
    } catch (error) {
      const isBusy = error instanceof KafkaError && error.errorCode === concurrentTransactions
      if (!isBusy || clock.monotonic() > deadline) throw error
      await clock.sleep(20)
    }
  }
}

/** A record of text, for tests. */
export function textRecord(
  topic: string,
  partition: number,
  key: string,
  value: string | null = 'value',
): ProducerRecord {
  return {
    topic,
    partition,
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: [[Buffer.from('written-by'), Buffer.from('test')]],
    timestamp: Date.now(),
  }
}
