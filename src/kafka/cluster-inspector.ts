import {
  createTopicsV5,
  createTopicsV6,
  createTopicsV7,
  decodeConsumerProtocolAssignment,
  describeGroupsV4,
  describeGroupsV5,
  metadataV10,
  metadataV11,
  metadataV12,
  metadataV9,
} from '@platformatic/kafka'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { createClusterMetadata } from './cluster-metadata.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { createCoordinators } from './coordinators.ts'
import type { Coordinators } from './coordinators.ts'
import type { NewTopic } from './kafka.ts'
import type { KafkaConnectionOptions } from './kafka-connection.ts'
import { createWire } from './wire.ts'
import { listedOffset } from './wire-topics.ts'
import type { Wire } from './wire.ts'
import { brokerError, errorName } from './wire-errors.ts'

/**
 * Looks at a cluster for people who ask before they start, and changes nothing. Each call is one attempt and fails as
 * the calls of `KafkaApi` do.
 */
export interface ClusterInspector extends AsyncDisposable {
  /** A topic, or undefined if there is none. Rejects with KAFKA_AUTHORIZATION if it may not even be described. */
  topic(name: string, signal: AbortSignal): Promise<InspectedTopic | undefined>
  /** The names of all topics that may be described, without those that are Kafka's own. */
  topicNames(signal: AbortSignal): Promise<readonly string[]>
  /** The members of a group and what it may be used for; no members for a group that does not exist. */
  group(name: string, topic: string, signal: AbortSignal): Promise<InspectedGroup>
  /**
   * The first offset with a record of that time (milliseconds) or a later one, wherever in the partition it stands;
   * undefined if there is none.
   */
  firstSince(topic: string, partition: number, timeMs: number, signal: AbortSignal): Promise<bigint | undefined>
  /** Asks whether the topic could be created, without creating it: undefined if so, else why not. */
  refusalOf(topic: NewTopic, signal: AbortSignal): Promise<TailraceError | undefined>
}

/** What a principal may do with a topic or a group. */
export type KafkaRight = 'READ' | 'WRITE' | 'CREATE' | 'DELETE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS'

export interface InspectedTopic {
  readonly partitions: number
  /** Replicas of the partition that has the fewest. */
  readonly replicas: number
  /** Undefined where the cluster does not say. */
  readonly rights: ReadonlySet<KafkaRight> | undefined
}

export interface InspectedGroup {
  readonly members: readonly GroupMember[]
  /** Kafka's own word: `Stable`, `Empty`, `Dead`, … */
  readonly state: string
  readonly rights: ReadonlySet<KafkaRight> | undefined
}

/** One member, and which partitions of the topic it was given. */
export interface GroupMember {
  readonly memberId: string
  readonly clientId: string
  readonly host: string
  readonly partitions: readonly number[]
}

/** Makes an inspector with connections of its own. Opens nothing before the first call. */
export function createClusterInspector(options: {
  readonly connection: KafkaConnectionOptions
  readonly clock: Clock
  readonly rng: Rng
}): ClusterInspector {
  const wire = createWire(options)
  const metadata = createClusterMetadata(wire, options.connection.brokers)
  const context = { wire, metadata, coordinators: createCoordinators(wire, metadata) }
  return {
    topic: (name, signal) => inspectTopic(context, name, signal),
    topicNames: (signal) => topicNames(context, signal),
    group: (name, topic, signal) => inspectGroup(context, { name, topic }, signal),
    firstSince: async (topic, partition, timeMs, signal) => {
      const wanted = { topic, partition, timestamp: BigInt(timeMs), isolation: 0 } as const
      const offset = await listedOffset(context, wanted, signal)
      return offset < 0n ? undefined : offset
    },
    refusalOf: (topic, signal) => refusalOf(context, topic, signal),
    [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose](),
  }
}

interface Context {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
  readonly coordinators: Coordinators
}

const metadataVersions = [metadataV12.api, metadataV11.api, metadataV10.api, metadataV9.api]
const describeVersions = [describeGroupsV5.api, describeGroupsV4.api]
const createVersions = [createTopicsV7.api, createTopicsV6.api, createTopicsV5.api]

const noSuchTopic = 3
const noSuchGroup = 69
const alreadyExists = 36

async function inspectTopic(
  { wire, metadata }: Context,
  name: string,
  signal: AbortSignal,
): Promise<InspectedTopic | undefined> {
  const action = 'Metadata'
  const request: [string[], boolean, boolean] = [[name], false, true]
  const answer = await metadata.onAnyBroker((broker) =>
    wire.send({ broker, action, versions: metadataVersions, request }, signal),
  )
  const found = answer.topics[0]
  if (found === undefined || found.errorCode === noSuchTopic) return undefined
  if (found.errorCode !== 0) throw brokerError(found.errorCode, { action, resource: `topic ${name}`, topic: name })
  return {
    partitions: found.partitions.length,
    replicas: Math.min(...found.partitions.map(({ replicaNodes }) => replicaNodes.length)),
    rights: rightsOf(found.topicAuthorizedOperations),
  }
}

async function topicNames({ wire, metadata }: Context, signal: AbortSignal): Promise<readonly string[]> {
  // No list means all topics.
  const request: Parameters<typeof metadataV12.createRequest> = [null, false, false]
  const answer = await metadata.onAnyBroker((broker) =>
    wire.send({ broker, action: 'Metadata', versions: metadataVersions, request }, signal),
  )
  return answer.topics.flatMap(({ name, errorCode, isInternal }) =>
    typeof name === 'string' && errorCode === 0 && !isInternal ? [name] : [],
  )
}

async function inspectGroup(
  { coordinators }: Context,
  { name, topic }: { readonly name: string; readonly topic: string },
  signal: AbortSignal,
): Promise<InspectedGroup> {
  const action = 'DescribeGroups'
  const request: [string[], boolean] = [[name], true]
  const key = { kind: 'group', id: name } as const
  const answer = await coordinators.sendPatiently(
    { action, key, versions: describeVersions, request, errorCode: (found) => found.groups[0]?.errorCode ?? 0 },
    signal,
  )
  const found = answer.groups[0]
  if (found === undefined || found.errorCode === noSuchGroup) {
    return {
      members: [],
      state: 'Dead',
      rights: found === undefined ? undefined : rightsOf(found.authorizedOperations),
    }
  }
  if (found.errorCode !== 0) throw brokerError(found.errorCode, { action, resource: `group ${name}` })
  return {
    members: found.members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
      memberId,
      clientId,
      host: clientHost.replace(/^\//, ''),
      partitions: partitionsOf(topic, memberAssignment),
    })),
    state: found.groupState,
    rights: rightsOf(found.authorizedOperations),
  }
}

/** While a group rebalances its members have no assignment yet. */
function partitionsOf(topic: string, assignment: Buffer): readonly number[] {
  if (assignment.length === 0) return []
  const { assignedPartitions } = decodeConsumerProtocolAssignment(assignment)
  return assignedPartitions.filter((one) => one.topic === topic).flatMap(({ partitions }) => partitions)
}

async function refusalOf(
  { wire, metadata }: Context,
  topic: NewTopic,
  signal: AbortSignal,
): Promise<TailraceError | undefined> {
  const { name, partitions: numPartitions, replicationFactor, config } = topic
  const configs = Object.entries(config).map(([property, value]) => ({ name: property, value }))
  const request: Parameters<typeof createTopicsV7.createRequest> = [
    [{ name, numPartitions, replicationFactor, assignments: [], configs }],
    wire.requestTimeoutMs,
    true,
  ]
  const action = 'CreateTopics'
  const answer = await metadata.onAnyBroker((broker) =>
    wire.send({ broker, action, versions: createVersions, request }, signal),
  )
  return creationRefusal(name, answer.topics[0])
}

/**
 * Why a topic cannot be created, as a broker answers it. That it exists by now is no reason: several processes that start together find it missing, and
 * whoever creates it first does so for all.
 */
export function creationRefusal(
  name: string,
  answer: { readonly errorCode: number; readonly errorMessage?: string | null | undefined } | undefined,
): TailraceError | undefined {
  const { errorCode = 0, errorMessage } = answer ?? {}
  if (errorCode === 0 || errorCode === alreadyExists) return undefined
  const why = errorMessage === undefined || errorMessage === null ? '' : ` ${errorMessage}`
  const error = brokerError(errorCode, { action: 'CreateTopics', resource: `topic ${name}` }, errorMessage)
  if (error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION') return error
  return new TailraceError('TOPIC_MISSING', `Topic ${name} cannot be created: ${errorName(errorCode)}.${why}`)
}

/** Bit numbers, as in Kafka's AclOperation. */
const rightBits: readonly (readonly [KafkaRight, number])[] = [
  ['READ', 3],
  ['WRITE', 4],
  ['CREATE', 5],
  ['DELETE', 6],
  ['DESCRIBE', 8],
  ['DESCRIBE_CONFIGS', 10],
]

/** The smallest 32-bit integer stands for an answer without rights. */
const rightsUntold = -(2 ** 31)

function rightsOf(bits: number): ReadonlySet<KafkaRight> | undefined {
  if (bits === rightsUntold) return undefined
  return new Set(rightBits.filter(([, bit]) => (bits & (1 << bit)) !== 0).map(([right]) => right))
}
