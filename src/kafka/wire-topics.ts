import {
  createTopicsV5,
  createTopicsV6,
  createTopicsV7,
  deleteTopicsV3,
  deleteTopicsV4,
  deleteTopicsV5,
  deleteTopicsV6,
  describeConfigsV2,
  describeConfigsV3,
  describeConfigsV4,
  listOffsetsV5,
  listOffsetsV6,
  listOffsetsV7,
} from '@platformatic/kafka'
import { TailraceError } from '../errors.ts'
import type { ClusterMetadata, ClusterView } from './cluster-metadata.ts'
import type { KafkaApi, NewTopic, PartitionOffsets, TopicInfo } from './kafka.ts'
import type { BrokerAddress } from './kafka-connection.ts'
import type { Wire } from './wire.ts'
import { brokerError, errorName, isMoved } from './wire-errors.ts'

/** The part of the port that is about topics. */
export type TopicCalls = Pick<KafkaApi, 'topics' | 'createTopic' | 'deleteTopic' | 'topicConfig' | 'offsets'>

interface Context {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
}

const createVersions = [createTopicsV7.api, createTopicsV6.api, createTopicsV5.api]
const deleteByName = [deleteTopicsV5.api, deleteTopicsV4.api, deleteTopicsV3.api]
const configVersions = [describeConfigsV4.api, describeConfigsV3.api, describeConfigsV2.api]
// From 5 on a new leader answers OFFSET_NOT_AVAILABLE rather than a high watermark that goes backwards.
const offsetVersions = [listOffsetsV7.api, listOffsetsV6.api, listOffsetsV5.api]

const spreadPatienceMs = 30_000
const spreadPauseMs = 50

/** Makes the calls. */
export function createTopicCalls(context: Context): TopicCalls {
  return {
    topics: (names, signal) => topics(context, names, signal),
    createTopic: (topic, signal) => createTopic(context, topic, signal),
    deleteTopic: (name, signal) => deleteTopic(context, name, signal),
    topicConfig: (name, signal) => topicConfig(context, name, signal),
    offsets: (topic, partition, signal) => offsets(context, topic, partition, signal),
  }
}

async function topics(
  { metadata }: Context,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TopicInfo>> {
  const view = await metadata.view(names, signal)
  return new Map(
    [...view.topics].map(([name, { topicId, partitions }]) => [
      name,
      { name, id: topicId, partitions: partitions.length },
    ]),
  )
}

async function createTopic(context: Context, topic: NewTopic, signal: AbortSignal): Promise<void> {
  const { wire } = context
  const configs = Object.entries(topic.config).map(([name, value]) => ({ name, value }))
  const { name, partitions: numPartitions, replicationFactor } = topic
  const wanted = { name, numPartitions, replicationFactor, assignments: [], configs }
  const request: [(typeof wanted)[], number, boolean] = [[wanted], wire.requestTimeoutMs, false]
  const broker = await controller(context, signal)
  const answer = await wire.send({ broker, action: 'CreateTopics', versions: createVersions, request }, signal)
  const code = answer.topics[0]?.errorCode ?? 0
  const attempt = { action: 'CreateTopics', resource: `topic ${name}` }
  if (refusedCreation.has(code)) {
    const why = answer.topics[0]?.errorMessage ?? ''
    throw new TailraceError('TOPIC_MISSING', `Topic ${name} cannot be created: ${errorName(code)}. ${why}`, {
      details: { errorName: errorName(code) },
    })
  }
  if (code !== 0) throw brokerError(code, attempt, answer.topics[0]?.errorMessage)
  await untilSeen(context, name, signal, (view) => isLed(context, view, topic, signal))
}

// A leader that the metadata names may not know yet that it leads: it is asked.
async function isLed(context: Context, view: ClusterView, topic: NewTopic, signal: AbortSignal): Promise<boolean> {
  const found = view.topics.get(topic.name)?.partitions ?? []
  if (found.length === 0 || (topic.partitions > 0 && found.length < topic.partitions)) return false
  if (found.some(({ leaderId }) => leaderId < 0)) return false
  const asked = { topic: topic.name, timestamp: latest, isolation: 0 } as const
  const answers = found.map(({ partitionIndex: partition }) => listedOffset(context, { ...asked, partition }, signal))
  const outcomes = await Promise.allSettled(answers)
  signal.throwIfAborted()
  return outcomes.every(({ status }) => status === 'fulfilled')
}

/** The request itself is wrong, or a policy of the cluster says no. */
const refusedCreation = new Set([17, 37, 38, 39, 40, 42, 44])

async function deleteTopic(context: Context, name: string, signal: AbortSignal): Promise<void> {
  const { wire } = context
  const broker = await controller(context, signal)
  const byName: [{ name: string }[], number] = [[{ name }], wire.requestTimeoutMs]
  const features = await wire.features(broker, signal)
  const isModern = (features.versions.get(deleteTopicsV6.api.key)?.max ?? 0) >= 6
  const versions = isModern ? [deleteTopicsV6.api] : deleteByName
  const answer = await wire.send({ broker, action: 'DeleteTopics', versions, request: byName }, signal)
  const code = answer.responses[0]?.errorCode ?? 0
  if (code !== 0) throw brokerError(code, { action: 'DeleteTopics', resource: `topic ${name}` })
  await untilSeen(context, name, signal, (view) => Promise.resolve(!view.topics.has(name)))
}

// The controller has decided; the brokers learn it a little later.
async function untilSeen(
  { wire, metadata }: Context,
  name: string,
  signal: AbortSignal,
  isSeen: (view: ClusterView) => Promise<boolean>,
): Promise<void> {
  const since = wire.clock.monotonic()
  while (!(await isSeen(await metadata.view([name], signal)))) {
    if (wire.clock.monotonic() - since > spreadPatienceMs) {
      throw new TailraceError(
        'KAFKA_TIMEOUT',
        `Topic ${name}: the brokers do not show the change after ${spreadPatienceMs} ms.`,
      )
    }
    await wire.clock.sleep(spreadPauseMs, signal)
  }
}

// Under KRaft any broker passes these requests on; before it, only the controller took them.
async function controller({ metadata }: Context, signal: AbortSignal): Promise<BrokerAddress> {
  const view = await metadata.view([], signal)
  return view.controller ?? metadata.onAnyBroker((broker) => Promise.resolve(broker))
}

const topicResource = 2

async function topicConfig(
  { wire, metadata }: Context,
  name: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const resource = { resourceType: topicResource, resourceName: name, configurationKeys: null } as const
  const request: [(typeof resource)[], boolean, boolean] = [[resource], false, false]
  const action = 'DescribeConfigs'
  const answer = await metadata.onAnyBroker((broker) =>
    wire.send({ broker, action, versions: configVersions, request }, signal),
  )
  const result = answer.results[0]
  if (result === undefined) throw new TailraceError('KAFKA_PROTOCOL', `${action}: an answer without the topic ${name}.`)
  if (result.errorCode !== 0)
    throw brokerError(result.errorCode, { action, resource: `topic ${name}` }, result.errorMessage)
  return new Map(
    result.configs.flatMap(({ name: key, value }) => (value === null || value === undefined ? [] : [[key, value]])),
  )
}

const earliest = -2n
const latest = -1n

async function offsets(
  context: Context,
  topic: string,
  partition: number,
  signal: AbortSignal,
): Promise<PartitionOffsets> {
  const at = (timestamp: bigint, isolation: 0 | 1): Promise<bigint> =>
    listedOffset(context, { topic, partition, timestamp, isolation }, signal)
  // In this order, so that the three are consistent: each only grows.
  const logStart = await at(earliest, 0)
  const lastStable = await at(latest, 1)
  const highWatermark = await at(latest, 0)
  return { logStart, lastStable, highWatermark }
}

/**
 * What ListOffsets answers for a time in milliseconds: the first offset with a record of that time or a later one; -1 if there
 * is none.
 */
export async function listedOffset(
  { wire, metadata }: Context,
  wanted: { topic: string; partition: number; timestamp: bigint; isolation: 0 | 1 },
  signal: AbortSignal,
): Promise<bigint> {
  const { topic, partition, timestamp, isolation } = wanted
  const { broker } = await metadata.leader(topic, partition, signal)
  const partitions = [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }]
  const request: [number, number, { name: string; partitions: typeof partitions }[]] = [
    -1,
    isolation,
    [{ name: topic, partitions }],
  ]
  const action = 'ListOffsets'
  const attempt = { action, resource: `${topic}-${partition}`, topic, partition }
  try {
    const answer = await wire.send({ broker, action, versions: offsetVersions, request }, signal)
    const found = answer.topics[0]?.partitions[0]
    if (found === undefined)
      throw new TailraceError('KAFKA_PROTOCOL', `${action}: an answer without ${attempt.resource}.`)
    if (found.errorCode === 0) return found.offset
    if (isMoved(found.errorCode)) metadata.forget(topic)
    throw brokerError(found.errorCode, attempt)
  } catch (error) {
    if (error instanceof TailraceError && !signal.aborted) metadata.forget(topic)
    throw error
  }
}
