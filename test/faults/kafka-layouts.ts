import { apiKeys } from './kafka-apis.ts'
import { listOf, structs, value } from './kafka-layout.ts'
import type { Layout, LayoutField } from './kafka-layout.ts'

/** Requests and answers of one API, over the versions that are described here. */
export interface ApiLayout {
  readonly min: number
  readonly max: number
  readonly flexibleFrom: number
  readonly request: readonly LayoutField[]
  readonly answer: readonly LayoutField[]
}

const throttle = value('throttleTimeMs', 'int32')
const code = value('errorCode', 'int16')
const partition = value('partitionIndex', 'int32')
const fetchTopic = [value('topic', 'string', { to: 12 }), value('topicId', 'uuid', { from: 13 })]
const identity = [value('producerId', 'int64'), value('producerEpoch', 'int16')]
const member = [value('memberId', 'string'), value('groupInstanceId', 'string')]
const until3 = { to: 3 }
const place = (versions = {}): LayoutField[] => [
  value('nodeId', 'int32', versions),
  value('host', 'string', versions),
  value('port', 'int32', versions),
]

const produce: ApiLayout = {
  min: 3,
  max: 12,
  flexibleFrom: 9,
  request: [
    value('transactionalId', 'string'),
    value('acks', 'int16'),
    value('timeoutMs', 'int32'),
    structs('topics', [value('name', 'string'), structs('partitions', [partition, value('records', 'bytes')])]),
  ],
  answer: [
    structs('topics', [
      value('name', 'string'),
      structs('partitions', [
        partition,
        code,
        value('baseOffset', 'int64'),
        value('logAppendTimeMs', 'int64'),
        value('logStartOffset', 'int64', { from: 5 }),
        structs('recordErrors', [value('batchIndex', 'int32'), value('message', 'string')], { from: 8 }),
        value('errorMessage', 'string', { from: 8 }),
      ]),
    ]),
    throttle,
  ],
}

const fetch: ApiLayout = {
  min: 11,
  max: 17,
  flexibleFrom: 12,
  request: [
    value('replicaId', 'int32', { to: 14 }),
    value('maxWaitMs', 'int32'),
    value('minBytes', 'int32'),
    value('maxBytes', 'int32'),
    value('isolationLevel', 'int8'),
    value('sessionId', 'int32'),
    value('sessionEpoch', 'int32'),
    structs('topics', [
      ...fetchTopic,
      structs('partitions', [
        partition,
        value('currentLeaderEpoch', 'int32'),
        value('fetchOffset', 'int64'),
        value('lastFetchedEpoch', 'int32', { from: 12 }),
        value('logStartOffset', 'int64'),
        value('partitionMaxBytes', 'int32'),
      ]),
    ]),
    structs('forgottenTopics', [...fetchTopic, listOf('partitions', 'int32')]),
    value('rackId', 'string'),
  ],
  answer: [
    throttle,
    code,
    value('sessionId', 'int32'),
    structs('topics', [
      ...fetchTopic,
      structs('partitions', [
        partition,
        code,
        value('highWatermark', 'int64'),
        value('lastStableOffset', 'int64'),
        value('logStartOffset', 'int64'),
        structs('abortedTransactions', [value('producerId', 'int64'), value('firstOffset', 'int64')]),
        value('preferredReadReplica', 'int32'),
        value('records', 'bytes'),
      ]),
    ]),
  ],
}

const listOffsets: ApiLayout = {
  min: 4,
  max: 9,
  flexibleFrom: 6,
  request: [
    value('replicaId', 'int32'),
    value('isolationLevel', 'int8'),
    structs('topics', [
      value('name', 'string'),
      structs('partitions', [partition, value('currentLeaderEpoch', 'int32'), value('timestamp', 'int64')]),
    ]),
  ],
  answer: [
    throttle,
    structs('topics', [
      value('name', 'string'),
      structs('partitions', [
        partition,
        code,
        value('timestamp', 'int64'),
        value('offset', 'int64'),
        value('leaderEpoch', 'int32'),
      ]),
    ]),
  ],
}

const metadata: ApiLayout = {
  min: 8,
  max: 12,
  flexibleFrom: 9,
  request: [
    structs('topics', [value('topicId', 'uuid', { from: 10 }), value('name', 'string')]),
    value('allowAutoTopicCreation', 'bool'),
    value('includeClusterAuthorizedOperations', 'bool', { to: 10 }),
    value('includeTopicAuthorizedOperations', 'bool'),
  ],
  answer: [
    throttle,
    structs('brokers', [...place(), value('rack', 'string')]),
    value('clusterId', 'string'),
    value('controllerId', 'int32'),
    structs('topics', [
      code,
      value('name', 'string'),
      value('topicId', 'uuid', { from: 10 }),
      value('isInternal', 'bool'),
      structs('partitions', [
        code,
        partition,
        value('leaderId', 'int32'),
        value('leaderEpoch', 'int32'),
        listOf('replicaNodes', 'int32'),
        listOf('isrNodes', 'int32'),
        listOf('offlineReplicas', 'int32'),
      ]),
      value('topicAuthorizedOperations', 'int32'),
    ]),
    value('clusterAuthorizedOperations', 'int32', { to: 10 }),
  ],
}

const findCoordinator: ApiLayout = {
  min: 1,
  max: 6,
  flexibleFrom: 3,
  request: [value('key', 'string', until3), value('keyType', 'int8'), listOf('coordinatorKeys', 'string', { from: 4 })],
  answer: [
    throttle,
    value('errorCode', 'int16', until3),
    value('errorMessage', 'string', until3),
    ...place(until3),
    structs('coordinators', [value('key', 'string'), ...place(), code, value('errorMessage', 'string')], { from: 4 }),
  ],
}

const joinGroup: ApiLayout = {
  min: 5,
  max: 9,
  flexibleFrom: 6,
  request: [
    value('groupId', 'string'),
    value('sessionTimeoutMs', 'int32'),
    value('rebalanceTimeoutMs', 'int32'),
    ...member,
    value('protocolType', 'string'),
    structs('protocols', [value('name', 'string'), value('metadata', 'bytes')]),
    value('reason', 'string', { from: 8 }),
  ],
  answer: [
    throttle,
    code,
    value('generationId', 'int32'),
    value('protocolType', 'string', { from: 7 }),
    value('protocolName', 'string'),
    value('leader', 'string'),
    value('skipAssignment', 'bool', { from: 9 }),
    value('memberId', 'string'),
    structs('members', [...member, value('metadata', 'bytes')]),
  ],
}

const groupProtocol = [value('protocolType', 'string', { from: 5 }), value('protocolName', 'string', { from: 5 })]

const syncGroup: ApiLayout = {
  min: 3,
  max: 5,
  flexibleFrom: 4,
  request: [
    value('groupId', 'string'),
    value('generationId', 'int32'),
    ...member,
    ...groupProtocol,
    structs('assignments', [value('memberId', 'string'), value('assignment', 'bytes')]),
  ],
  answer: [throttle, code, ...groupProtocol, value('assignment', 'bytes')],
}

const heartbeat: ApiLayout = {
  min: 3,
  max: 4,
  flexibleFrom: 4,
  request: [value('groupId', 'string'), value('generationId', 'int32'), ...member],
  answer: [throttle, code],
}

const initProducerId: ApiLayout = {
  min: 1,
  max: 5,
  flexibleFrom: 2,
  request: [
    value('transactionalId', 'string'),
    value('transactionTimeoutMs', 'int32'),
    value('producerId', 'int64', { from: 3 }),
    value('producerEpoch', 'int16', { from: 3 }),
  ],
  answer: [throttle, code, ...identity],
}

const addPartitionsToTxn: ApiLayout = {
  min: 0,
  max: 3,
  flexibleFrom: 3,
  request: [
    value('transactionalId', 'string'),
    ...identity,
    structs('topics', [value('name', 'string'), listOf('partitions', 'int32')]),
  ],
  answer: [throttle, structs('topics', [value('name', 'string'), structs('partitions', [partition, code])])],
}

const endTxn: ApiLayout = {
  min: 0,
  max: 5,
  flexibleFrom: 3,
  request: [value('transactionalId', 'string'), ...identity, value('committed', 'bool')],
  answer: [throttle, code, value('producerId', 'int64', { from: 5 }), value('producerEpoch', 'int16', { from: 5 })],
}

/** What the proxy understands, by API key. Lists that Kafka names in several ways are `topics` and `partitions` here. */
export const kafkaLayouts: ReadonlyMap<number, ApiLayout> = new Map([
  [apiKeys.Produce, produce],
  [apiKeys.Fetch, fetch],
  [apiKeys.ListOffsets, listOffsets],
  [apiKeys.Metadata, metadata],
  [apiKeys.FindCoordinator, findCoordinator],
  [apiKeys.JoinGroup, joinGroup],
  [apiKeys.Heartbeat, heartbeat],
  [apiKeys.SyncGroup, syncGroup],
  [apiKeys.InitProducerId, initProducerId],
  [apiKeys.AddPartitionsToTxn, addPartitionsToTxn],
  [apiKeys.EndTxn, endTxn],
])

/** The layout of a request or an answer, or undefined where it is not described. */
export function layoutOf(apiKey: number, version: number, what: 'request' | 'answer'): Layout | undefined {
  const api = kafkaLayouts.get(apiKey)
  if (api === undefined || version < api.min || version > api.max) return undefined
  return { fields: api[what], version, isFlexible: version >= api.flexibleFrom }
}
