import type { FetchedBatch, KafkaApi } from '../../../src/kafka/kafka.ts'
import type { LoggedTransaction } from '../../../src/oracle/oracle.ts'
import { createTransactionLog } from './transaction-log.ts'

const maxBytes = 8 * 1024 * 1024

/** Reads every partition of the topics from its beginning to the high watermark of now, whatever is committed. */
export async function readTransactions(
  kafka: KafkaApi,
  topics: readonly string[],
  ledgerTopic: string,
  signal: AbortSignal,
): Promise<readonly LoggedTransaction[]> {
  const log = createTransactionLog(ledgerTopic)
  for (const [topic, { partitions }] of await kafka.topics(topics, signal)) {
    for (let partition = 0; partition < partitions; partition++) {
      const place = { topic, partition }
      await readPartition(kafka, place, signal, (batch) => log.add(place, batch))
    }
  }
  return log.transactions()
}

/** Each batch once: a fetch begins with the whole batch that holds its offset. */
async function readPartition(
  kafka: KafkaApi,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  signal: AbortSignal,
  take: (batch: FetchedBatch) => void,
): Promise<void> {
  const { logStart, highWatermark } = await kafka.offsets(topic, partition, signal)
  let offset = logStart
  while (offset < highWatermark) {
    const request = { topic, partition, offset, maxBytes, maxWaitMs: 500, isolation: 'read_uncommitted' } as const
    for (const batch of (await kafka.fetch(request, signal)).batches) {
      if (batch.nextOffset <= offset) continue
      take(batch)
      offset = batch.nextOffset
    }
  }
}
