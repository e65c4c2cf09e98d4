import type { Rng } from '../../../src/async/rng.ts'
import { codes } from '../kafka/error-codes.ts'
import type { Fate, OutgoingRequest } from '../kafka/network.ts'

/** What a transaction's coordinator may answer to either of its requests. */
const ofCoordinator = [
  codes.COORDINATOR_LOAD_IN_PROGRESS,
  codes.COORDINATOR_NOT_AVAILABLE,
  codes.NOT_COORDINATOR,
  codes.CONCURRENT_TRANSACTIONS,
  codes.INVALID_PRODUCER_EPOCH,
  codes.INVALID_PRODUCER_ID_MAPPING,
  codes.INVALID_TXN_STATE,
  codes.PRODUCER_FENCED,
]

/**
 * Codes that a healthy cluster may answer with for a while, by request: the broker has then done nothing. Codes that say
 * that something is wrong for good (no permission, a record too large) belong to experiments of their own.
 */
export const passingCodes: Readonly<Record<string, readonly number[]>> = {
  AddPartitionsToTxn: ofCoordinator,
  EndTxn: [...ofCoordinator, codes.TRANSACTION_ABORTABLE],
  Fetch: [
    codes.NOT_LEADER_OR_FOLLOWER,
    codes.LEADER_NOT_AVAILABLE,
    codes.KAFKA_STORAGE_ERROR,
    codes.FENCED_LEADER_EPOCH,
    codes.UNKNOWN_TOPIC_OR_PARTITION,
    codes.REQUEST_TIMED_OUT,
  ],
  FindCoordinator: [codes.COORDINATOR_NOT_AVAILABLE, codes.COORDINATOR_LOAD_IN_PROGRESS],
  Heartbeat: [
    codes.REBALANCE_IN_PROGRESS,
    codes.NOT_COORDINATOR,
    codes.COORDINATOR_NOT_AVAILABLE,
    codes.UNKNOWN_MEMBER_ID,
    codes.ILLEGAL_GENERATION,
  ],
  InitProducerId: [
    codes.COORDINATOR_LOAD_IN_PROGRESS,
    codes.COORDINATOR_NOT_AVAILABLE,
    codes.NOT_COORDINATOR,
    codes.CONCURRENT_TRANSACTIONS,
    codes.INVALID_PRODUCER_EPOCH,
    codes.PRODUCER_FENCED,
  ],
  JoinGroup: [codes.COORDINATOR_LOAD_IN_PROGRESS, codes.NOT_COORDINATOR, codes.UNKNOWN_MEMBER_ID],
  ListOffsets: [codes.NOT_LEADER_OR_FOLLOWER, codes.LEADER_NOT_AVAILABLE, codes.REQUEST_TIMED_OUT],
  Produce: [
    codes.NOT_LEADER_OR_FOLLOWER,
    codes.LEADER_NOT_AVAILABLE,
    codes.REQUEST_TIMED_OUT,
    codes.NOT_ENOUGH_REPLICAS,
    codes.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    codes.OUT_OF_ORDER_SEQUENCE_NUMBER,
    codes.INVALID_PRODUCER_EPOCH,
    codes.INVALID_PRODUCER_ID_MAPPING,
    codes.CONCURRENT_TRANSACTIONS,
    codes.KAFKA_STORAGE_ERROR,
    codes.UNKNOWN_PRODUCER_ID,
    codes.TRANSACTION_ABORTABLE,
  ],
  SyncGroup: [codes.REBALANCE_IN_PROGRESS, codes.NOT_COORDINATOR, codes.UNKNOWN_MEMBER_ID],
}

/** An answer with one of the request's passing codes; undefined for requests that have none. */
export function injectErrorCode(request: OutgoingRequest, rng: Rng): Partial<Fate> | undefined {
  const choices = passingCodes[request.action] ?? []
  const errorCode = choices[Math.floor(rng.next() * choices.length)]
  if (errorCode === undefined) return undefined
  // The append has happened, whatever the answer says of its replicas.
  const isDone = errorCode === codes.NOT_ENOUGH_REPLICAS_AFTER_APPEND || errorCode === codes.REQUEST_TIMED_OUT
  const answer = errorAnswer(request, errorCode)
  if (isDone && request.action === 'Produce') return { rewrite: () => answer }
  return { request: 'answered', answer }
}

/** The answer of a broker that refuses. */
export function errorAnswer({ action, request }: OutgoingRequest, errorCode: number): unknown {
  const none = { producerId: -1n, producerEpoch: -1 }
  switch (action) {
    case 'AddPartitionsToTxn':
      return {
        errorCode: 0,
        resultsByTransaction: (request[0] as readonly AddedTopics[]).map((one) => added(one, errorCode)),
      }
    case 'Fetch':
      return {
        errorCode,
        highWatermark: -1n,
        lastStable: -1n,
        logStart: -1n,
        records: noBytes,
        abortedTransactions: [],
      }
    case 'FindCoordinator':
      return { coordinators: [{ key: '', nodeId: -1, host: '', port: -1, errorCode, errorMessage: null }] }
    case 'JoinGroup':
      return { errorCode, generationId: -1, leader: '', memberId: '', members: [] }
    case 'SyncGroup':
      return { errorCode, assignment: noBytes }
    case 'ListOffsets':
      return { topics: [{ name: '', partitions: [{ partitionIndex: 0, errorCode, timestamp: -1n, offset: -1n }] }] }
    case 'Produce':
      return { responses: (request[2] as readonly ProducedBatch[]).map((one) => produced(one, errorCode)) }
    default:
      return { errorCode, ...none }
  }
}

const noBytes = Buffer.alloc(0)

interface AddedTopics {
  readonly transactionalId: string
  readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[]
}

interface ProducedBatch {
  readonly topic: string
  readonly partition: number
}

function added({ transactionalId, topics }: AddedTopics, partitionErrorCode: number): unknown {
  const topicResults = topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode })),
  }))
  return { transactionalId, topicResults }
}

function produced({ topic, partition }: ProducedBatch, errorCode: number): unknown {
  return { name: topic, partitionResponses: [{ index: partition, errorCode, errorMessage: null }] }
}
