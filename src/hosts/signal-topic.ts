import { committedRecords } from '../kafka/committed-reader.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import type { SignalTopic } from '../pipeline/signals/signal-ports.ts'
import type { TopicProvisioner } from '../pipeline/topic-provisioner.ts'

/** Bytes of signals that are asked for at once. */
const pageBytes = 1_048_576

/** The topic of signals on the pipeline's own cluster; signals for the pipeline carry `key`. */
export function createSignalTopic(
  { name, key }: { readonly name: string; readonly key: string },
  { kafka, topics }: { readonly kafka: KafkaApi; readonly topics: TopicProvisioner },
): SignalTopic {
  return {
    name,
    key,
    look: (signal) => topics.look(name, signal),
    provide: async (signal) => void (await topics.provideOwn(name, signal)),
    offsets: (partition, signal) => kafka.offsets(name, partition, signal),
    read: async (partition, from, signal) => {
      const offset = BigInt(from)
      // Nobody waits at the broker: the answers to commits come over the same connection.
      const fetched = await kafka.fetch(
        { topic: name, partition, offset, maxBytes: pageBytes, maxWaitMs: 0, isolation: 'read_committed' },
        signal,
      )
      const { records, nextOffset } = committedRecords(fetched, offset)
      return { records, next: Number(nextOffset) }
    },
  }
}
