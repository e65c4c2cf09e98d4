import type { RequestHandler } from './broker-request.ts'
import { createPartition, internalPartitionOf } from './cluster-state.ts'
import type { ClusterState, Partition, Topic } from './cluster-state.ts'
import { codes } from './error-codes.ts'

/** Metadata of some topics, or of all brokers alone. Leaders are shown as this cluster's metadata has them by now. */
export const metadata: RequestHandler = ({ state }, { request }, respond) => {
  const [names] = request as [readonly string[]]
  respond({
    throttleTimeMs: 0,
    brokers: state.brokers.map(({ nodeId }) => ({ nodeId, host: 'broker', port: nodeId, rack: null })),
    clusterId: 'simulated-cluster',
    controllerId: state.brokers.find(({ isUp }) => isUp)?.nodeId ?? -1,
    topics: names.map((name) => describeTopic(name, state.topics.get(name))),
  })
}

function describeTopic(name: string, topic: Topic | undefined): unknown {
  const facts = { name, isInternal: false, topicAuthorizedOperations: 0 }
  if (topic === undefined) {
    return { ...facts, errorCode: codes.UNKNOWN_TOPIC_OR_PARTITION, topicId: noTopicId, partitions: [] }
  }
  const partitions = topic.partitions.map((partition, partitionIndex) => ({
    errorCode: partition.shownLeader < 0 ? codes.LEADER_NOT_AVAILABLE : 0,
    partitionIndex,
    leaderId: partition.shownLeader,
    leaderEpoch: 0,
    replicaNodes: [...partition.replicas],
    isrNodes: [...partition.replicas],
    offlineReplicas: [],
  }))
  return { ...facts, errorCode: 0, topicId: topic.id, partitions }
}

const noTopicId = '00000000-0000-0000-0000-000000000000'

interface WantedTopic {
  readonly name: string
  readonly numPartitions: number
  readonly configs: readonly { readonly name: string; readonly value: string }[]
}

/** CreateTopics. */
export const createTopics: RequestHandler = ({ state }, { request }, respond) => {
  const [wanted] = request as [readonly WantedTopic[]]
  const topics = wanted.map(({ name, numPartitions, configs }) => {
    if (state.topics.has(name)) return { name, errorCode: codes.TOPIC_ALREADY_EXISTS, errorMessage: null }
    makeTopic(state, name, numPartitions, new Map(configs.map((config) => [config.name, config.value])))
    return { name, errorCode: 0, errorMessage: null }
  })
  respond({ throttleTimeMs: 0, topics })
}

/** Makes a topic at once. */
export function makeTopic(
  state: ClusterState,
  name: string,
  partitions: number,
  config: ReadonlyMap<string, string>,
): Topic {
  const serial = (++state.serial).toString(16).padStart(12, '0')
  const topic: Topic = {
    name,
    id: `00000000-0000-4000-8000-${serial}`,
    partitions: Array.from({ length: partitions }, (_, index) => createPartition(state, `${name}-${index}`)),
    config: new Map([['cleanup.policy', 'delete'], ['max.message.bytes', '1048588'], ...config]),
  }
  state.topics.set(name, topic)
  return topic
}

/** Gives a topic more partitions at once, as an operator does. */
export function addPartitions(state: ClusterState, name: string, partitions: number): void {
  const topic = state.topics.get(name)
  if (topic === undefined) throw new Error(`there is no topic ${name}`)
  const had = topic.partitions.length
  const added = Array.from({ length: partitions - had }, (_, index) => createPartition(state, `${name}-${had + index}`))
  state.topics.set(name, { ...topic, partitions: [...topic.partitions, ...added] })
}

/** DeleteTopics, by name. */
export const deleteTopics: RequestHandler = ({ state }, { request }, respond) => {
  const [wanted] = request as [readonly { readonly name: string }[]]
  const responses = wanted.map(({ name }) => ({
    name,
    errorCode: state.topics.delete(name) ? 0 : codes.UNKNOWN_TOPIC_OR_PARTITION,
  }))
  respond({ throttleTimeMs: 0, responses })
}

/** DescribeConfigs of topics. */
export const describeConfigs: RequestHandler = ({ state }, { request }, respond) => {
  const [resources] = request as [readonly { readonly resourceName: string }[]]
  const results = resources.map(({ resourceName }) => {
    const topic = state.topics.get(resourceName)
    const configs = [...(topic?.config ?? [])].map(([name, value]) => ({ name, value }))
    return { errorCode: topic === undefined ? codes.UNKNOWN_TOPIC_OR_PARTITION : 0, errorMessage: null, configs }
  })
  respond({ throttleTimeMs: 0, results })
}

/** FindCoordinator of a group (0) or a transactional id (1). */
export const findCoordinator: RequestHandler = ({ state }, { request }, respond) => {
  const [keyType, keys] = request as [number, readonly string[]]
  const coordinators = keys.map((key) => {
    const partition: Partition = internalPartitionOf(keyType === 0 ? state.offsetsLog : state.transactionLog, key)
    const isThere = partition.shownLeader >= 0
    return {
      key,
      nodeId: partition.shownLeader,
      host: 'broker',
      port: partition.shownLeader,
      errorCode: isThere ? 0 : codes.COORDINATOR_NOT_AVAILABLE,
      errorMessage: null,
    }
  })
  respond({ throttleTimeMs: 0, coordinators })
}
