import { TailraceError } from '../errors.ts'
import type { KafkaApi } from '../kafka/kafka.ts'

/** The largest record that a topic takes, as the broker reports it. */
export interface TopicLimits {
  /** Bytes; asks the cluster the first time and whenever it was told to look again. */
  maxRecordBytes(topic: string, signal: AbortSignal): Promise<number>
  /** To be called when the broker refused a record for its size: the limit may have been lowered. */
  lookAgain(): void
}

/** Kafka's default of `message.max.bytes`, used where the topic's configuration may not be read. */
const kafkaDefaultBytes = 1_048_588

export function createTopicLimits(kafka: KafkaApi): TopicLimits {
  const known = new Map<string, number>()
  return {
    maxRecordBytes: async (topic, signal) => {
      const cached = known.get(topic)
      if (cached !== undefined) return cached
      const limit = await askLimit(kafka, topic, signal)
      known.set(topic, limit)
      return limit
    },
    lookAgain: () => known.clear(),
  }
}

async function askLimit(kafka: KafkaApi, topic: string, signal: AbortSignal): Promise<number> {
  try {
    const config = await kafka.topicConfig(topic, signal)
    return Number(config.get('max.message.bytes') ?? kafkaDefaultBytes)
  } catch (error) {
    // Reading a topic's configuration is a right of its own, which a producer does not need.
    if (error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION') return kafkaDefaultBytes
    throw error
  }
}
