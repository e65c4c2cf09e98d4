import type { KafkaApi } from '../../../kafka/kafka.ts'

/** Resolves when something may be written; rejects with the signal's reason. */
export type WriteGate = (signal: AbortSignal) => Promise<void>

/**
 * The same Kafka, but whatever readers could see waits for the gate. Looking, and fencing, do not wait: they take most of the time
 * of a first batch, and leave nothing behind.
 */
export function createGatedKafka(kafka: KafkaApi, gate: WriteGate): KafkaApi {
  return {
    cluster: (signal) => kafka.cluster(signal),
    topics: (names, signal) => kafka.topics(names, signal),
    createTopic: async (topic, signal) => {
      await gate(signal)
      return kafka.createTopic(topic, signal)
    },
    deleteTopic: async (name, signal) => {
      await gate(signal)
      return kafka.deleteTopic(name, signal)
    },
    topicConfig: (name, signal) => kafka.topicConfig(name, signal),
    offsets: (topic, partition, signal) => kafka.offsets(topic, partition, signal),
    fetch: (request, signal) => kafka.fetch(request, signal),
    initProducerId: (request, signal) => kafka.initProducerId(request, signal),
    addPartitions: async (request, signal) => {
      await gate(signal)
      return kafka.addPartitions(request, signal)
    },
    produce: async (request, signal) => {
      await gate(signal)
      return kafka.produce(request, signal)
    },
    endTransaction: (request, signal) => kafka.endTransaction(request, signal),
    describeTransactions: (ids, signal) => kafka.describeTransactions(ids, signal),
    groupMembers: (group, signal) => kafka.groupMembers(group, signal),
    deleteGroup: (group, signal) => kafka.deleteGroup(group, signal),
    [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
  }
}
