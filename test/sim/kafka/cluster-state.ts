import type { Rng } from '../../../src/async/rng.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { codes } from './error-codes.ts'
import { createPartitionLog } from './partition-log.ts'
import type { PartitionLog } from './partition-log.ts'

/** Answers a request, now or later; nothing if the broker died meanwhile. */
export type Respond = (answer: unknown) => void

/** One broker. */
export interface Broker {
  readonly nodeId: number
  isUp: boolean
  /** Raised at each start: what an earlier life had parked is forgotten. */
  life: number
  /** Told when it dies. */
  readonly mourners: Set<() => void>
}

/** One partition of a topic, of the transaction log or of the offsets log. */
export interface Partition {
  readonly name: string
  readonly log: PartitionLog
  readonly replicas: readonly number[]
  /** -1 = none. */
  leader: number
  /** Raised whenever somebody begins to lead, the same broker again included: what was not replicated may be gone then. */
  leaderEpoch: number
  /** What metadata says of the leader; it lags behind. */
  shownLeader: number
  /** The new leader reads its state until then (elapsed ms). Only for internal partitions. */
  loadingUntilMs: number
  /** Until then every request on it is answered KAFKA_STORAGE_ERROR (elapsed ms). */
  offlineUntilMs: number
  readonly waiting: Set<PartitionWaiter>
}

/** A parked request: looks again whenever the partition has changed. */
export interface PartitionWaiter {
  readonly look: () => void
}

/** A topic. */
export interface Topic {
  readonly name: string
  readonly id: string
  readonly partitions: readonly Partition[]
  readonly config: Map<string, string>
}

/** What all parts of a simulated cluster share. */
export interface ClusterState {
  readonly time: VirtualTime
  readonly rng: Rng
  readonly originMs: number
  readonly brokers: readonly Broker[]
  readonly topics: Map<string, Topic>
  readonly transactionLog: readonly Partition[]
  readonly offsetsLog: readonly Partition[]
  /** Finalized feature level; 0 or 1 = V1, 2 = V2. */
  transactionVersion: number
  /** Fewer live replicas than this refuse writes. */
  readonly minInSyncReplicas: number
  /** Longest time from an append to its replication; 0 with one broker. */
  readonly replicationMs: number
  serial: number
}

const internalPartitions = 3

/** A cluster that is up and empty. */
export function createClusterState(options: {
  readonly time: VirtualTime
  readonly rng: Rng
  readonly originMs: number
  readonly brokers: number
  readonly transactionVersion: number
}): ClusterState {
  const brokers = Array.from({ length: options.brokers }, (_, index) => ({
    nodeId: index + 1,
    isUp: true,
    life: 1,
    mourners: new Set<() => void>(),
  }))
  const state: ClusterState = {
    ...options,
    brokers,
    topics: new Map(),
    transactionLog: [],
    offsetsLog: [],
    minInSyncReplicas: options.brokers >= 3 ? 2 : 1,
    replicationMs: options.brokers === 1 ? 0 : 15,
    serial: 0,
  }
  const internal = (name: string): readonly Partition[] =>
    Array.from({ length: internalPartitions }, (_, index) => createPartition(state, `${name}-${index}`))
  return { ...state, transactionLog: internal('__transaction_state'), offsetsLog: internal('__consumer_offsets') }
}

/** A partition whose leader is one of the live brokers. */
export function createPartition(state: Pick<ClusterState, 'brokers' | 'rng'>, name: string): Partition {
  const up = state.brokers.filter((broker) => broker.isUp)
  const leader = up[Math.floor(state.rng.next() * up.length)]?.nodeId ?? -1
  return {
    name,
    log: createPartitionLog(),
    replicas: state.brokers.map(({ nodeId }) => nodeId),
    leader,
    leaderEpoch: 0,
    shownLeader: leader,
    loadingUntilMs: 0,
    offlineUntilMs: 0,
    waiting: new Set(),
  }
}

/** Every partition there is. */
export function allPartitions(state: ClusterState): readonly Partition[] {
  const ofTopics = [...state.topics.values()].flatMap(({ partitions }) => partitions)
  return [...ofTopics, ...state.transactionLog, ...state.offsetsLog]
}

/** A broker by its number. */
export function brokerOf(state: ClusterState, nodeId: number): Broker {
  const broker = state.brokers.find((one) => one.nodeId === nodeId)
  if (broker === undefined) throw new Error(`no broker ${nodeId}`)
  return broker
}

/** The partition of an internal log that keeps a key. */
export function internalPartitionOf(partitions: readonly Partition[], key: string): Partition {
  let hash = 0
  for (const letter of key) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0
  const found = partitions[hash % partitions.length]
  if (found === undefined) throw new Error('no internal partitions')
  return found
}

/** A partition by topic and number. */
export function partitionOf(state: ClusterState, topic: string, index: number): Partition | undefined {
  return state.topics.get(topic)?.partitions[index]
}

/** Why a broker cannot answer for an internal partition; 0 if it can. */
export function coordinatorCode(state: ClusterState, partition: Partition, nodeId: number): number {
  if (partition.leader !== nodeId) return codes.NOT_COORDINATOR
  return partition.loadingUntilMs > state.time.elapsedMs ? codes.COORDINATOR_LOAD_IN_PROGRESS : codes.NONE
}

/** Lets everybody who waits on a partition look again. */
export function wake(partition: Partition): void {
  for (const waiter of partition.waiting) waiter.look()
}

/** After an append: the followers have it a little later, or at once without any. */
export function replicateSoon(state: ClusterState, partition: Partition): void {
  const { log, leader, leaderEpoch } = partition
  const to = log.end
  if (state.replicationMs === 0) {
    log.replicate(to)
    wake(partition)
    return
  }
  state.time.after(state.rng.next() * state.replicationMs, () => {
    // A leader that is gone replicates nothing any more.
    if (partition.leaderEpoch !== leaderEpoch || !brokerOf(state, leader).isUp) return
    log.replicate(to)
    wake(partition)
  })
}
