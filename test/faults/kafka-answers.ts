import { apiKeys, apiName } from './kafka-apis.ts'
import { encodeFields } from './kafka-layout.ts'
import { kafkaLayouts, layoutOf } from './kafka-layouts.ts'
import type { KafkaFields, KafkaRequest } from './toxic.ts'

/** What a cluster last said of itself, so that an answer of the proxy's own does not make clients forget the brokers. */
export interface KnownCluster {
  readonly brokers: readonly KafkaFields[]
  readonly clusterId: string | null
  readonly controllerId: number
}

type Answering = (request: KafkaFields, errorCode: number, cluster: KnownCluster) => KafkaFields

/** Codes of fetch sessions, which stand for the whole answer. */
const sessionCodes: ReadonlySet<number> = new Set([70, 71])

const identity = { producerId: -1n, producerEpoch: -1 }

const answers: ReadonlyMap<number, Answering> = new Map<number, Answering>([
  [
    apiKeys.Produce,
    (request, errorCode) =>
      eachPartition(request, {
        errorCode,
        baseOffset: -1n,
        logAppendTimeMs: -1n,
        logStartOffset: -1n,
        errorMessage: null,
      }),
  ],
  [
    apiKeys.Fetch,
    (request, errorCode) => {
      if (sessionCodes.has(errorCode) || list(request['topics']).length === 0) return { errorCode }
      const empty = { highWatermark: -1n, lastStableOffset: -1n, logStartOffset: -1n, preferredReadReplica: -1 }
      return eachPartition(request, { errorCode, ...empty })
    },
  ],
  [
    apiKeys.ListOffsets,
    (request, errorCode) => eachPartition(request, { errorCode, timestamp: -1n, offset: -1n, leaderEpoch: -1 }),
  ],
  [
    apiKeys.Metadata,
    (request, errorCode, cluster) => {
      const topics = list(request['topics']).map(({ name, topicId }) => ({ name, topicId, errorCode }))
      return { ...cluster, topics }
    },
  ],
  [
    apiKeys.FindCoordinator,
    (request, errorCode) => {
      const none = { nodeId: -1, host: '', port: -1, errorCode, errorMessage: null }
      const keys = request['coordinatorKeys'] as readonly string[] | undefined
      return { ...none, coordinators: (keys ?? []).map((key) => ({ key, ...none })) }
    },
  ],
  [
    apiKeys.JoinGroup,
    ({ memberId }, errorCode) => {
      // MEMBER_ID_REQUIRED comes with the id that is required.
      const id = errorCode === 79 && memberId === '' ? 'named-by-the-fault-proxy' : memberId
      return { errorCode, generationId: -1, protocolType: null, protocolName: '', memberId: id }
    },
  ],
  [apiKeys.SyncGroup, (_, errorCode) => ({ errorCode, protocolType: null, protocolName: null })],
  [apiKeys.Heartbeat, (_, errorCode) => ({ errorCode })],
  [apiKeys.InitProducerId, (_, errorCode) => ({ errorCode, ...identity })],
  [
    apiKeys.AddPartitionsToTxn,
    (request, errorCode) => ({
      topics: list(request['topics']).map(({ name, partitions }) => ({
        name: name ?? '',
        partitions: (partitions as readonly number[]).map((partitionIndex) => ({ partitionIndex, errorCode })),
      })),
    }),
  ],
  [apiKeys.EndTxn, (_, errorCode) => ({ errorCode, ...identity })],
])

/** Throws, and names the APIs there are, when the proxy cannot answer in the place of the broker. */
export function checkAnswerable(apiKey: number): void {
  if (answers.has(apiKey)) return
  const all = [...answers.keys()].map(apiName).join(', ')
  throw new Error(`Toxic answer-with-code: the proxy has no answer for apiKey ${apiKey}. It has: ${all}.`)
}

/** True when the answer to this request has a place for a code: one to a Metadata request without topics has none. */
export function hasPlaceForCode({ apiKey, fields }: KafkaRequest): boolean {
  return apiKey !== apiKeys.Metadata || list(fields?.['topics']).length > 0
}

/**
 * The frame of an answer with this code for all that was asked for. Throws for versions without a layout. Empty when the
 * client expects no answer (a produce request with `acks=0`).
 */
export function answerWithCode(request: KafkaRequest, errorCode: number, cluster: KnownCluster): Buffer {
  const { apiKey, apiVersion, correlationId, fields } = request
  const layout = layoutOf(apiKey, apiVersion, 'answer')
  const answering = answers.get(apiKey)
  if (fields === undefined || layout === undefined || answering === undefined) {
    const { min, max } = kafkaLayouts.get(apiKey) ?? { min: '?', max: '?' }
    throw new Error(
      `Toxic answer-with-code: no answer for version ${apiVersion} of ${apiName(apiKey)}, only ${min} to ${max}.`,
    )
  }
  if (apiKey === apiKeys.Produce && fields['acks'] === 0) return Buffer.alloc(0)
  const body = encodeFields(layout, answering(fields, errorCode, cluster))
  const head = Buffer.alloc(layout.isFlexible ? 9 : 8)
  head.writeInt32BE(head.length - 4 + body.length, 0)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, body])
}

/** The topics and partitions of the request, each partition with the same answer. */
function eachPartition(request: KafkaFields, answer: KafkaFields): KafkaFields {
  const topics = list(request['topics']).map(({ name, topic, topicId, partitions }) => ({
    name,
    topic,
    topicId,
    partitions: list(partitions).map(({ partitionIndex }) => ({ partitionIndex, ...answer })),
  }))
  return { topics }
}

function list(value: unknown): readonly KafkaFields[] {
  return Array.isArray(value) ? (value as readonly KafkaFields[]) : []
}
