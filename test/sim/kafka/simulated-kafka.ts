import type { Rng } from '../../../src/async/rng.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import type { BrokerRequest } from './broker-request.ts'
import { answerRequest } from './broker-requests.ts'
import { allPartitions, brokerOf, createClusterState, wake } from './cluster-state.ts'
import type { ClusterState, Partition, Respond } from './cluster-state.ts'
import { createGroupCoordinator } from './group-coordinator.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import { createTransactionCoordinator } from './transaction-coordinator.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'

/**
 * A Kafka cluster in simulated time: partition logs with producers' epochs and sequences, transactions V1 and V2, a
 * group coordinator, leaders that move, brokers that die. Held against a real broker by
 * test/integration/simulated-kafka-differential.test.ts.
 */
export interface SimulatedKafka {
  readonly state: ClusterState
  readonly transactions: TransactionCoordinator
  readonly groups: ReadonlyMap<string, GroupCoordinator>
  /** Hands a request to a live broker. What it answers, it answers through `respond`, perhaps much later. */
  handle(nodeId: number, request: BrokerRequest, respond: Respond): void
  isUp(nodeId: number): boolean
  /** Calls `mourn` when the broker dies; the returned function forgets about it. */
  onDeath(nodeId: number, mourn: () => void): () => void
  /** SIGKILL. With one broker nothing that was written is lost; with more, what was not replicated is. */
  killBroker(nodeId: number): void
  startBroker(nodeId: number): void
  /** A partition's leader, a transaction's or a group's coordinator moves to another live broker. */
  moveLeader(partition: Partition): void
  partitions(): readonly Partition[]
}

/** A cluster that is up and empty. */
export function createSimulatedKafka(options: {
  readonly time: VirtualTime
  readonly rng: Rng
  readonly originMs: number
  readonly brokers: number
  readonly transactionVersion: number
}): SimulatedKafka {
  const state = createClusterState(options)
  const groups = new Map<string, GroupCoordinator>()
  const transactions = createTransactionCoordinator(state)
  const groupOf = (id: string): GroupCoordinator => {
    const group = groups.get(id) ?? createGroupCoordinator(state)
    groups.set(id, group)
    return group
  }
  return {
    state,
    transactions,
    groups,
    handle: (nodeId, request, respond) => {
      const broker = brokerOf(state, nodeId)
      const { life } = broker
      // A broker that died has forgotten whom it owed an answer.
      const whileAlive: Respond = (answer) => {
        if (broker.isUp && broker.life === life) respond(answer)
      }
      answerRequest({ state, transactions, groupOf, nodeId }, request, whileAlive)
    },
    isUp: (nodeId) => brokerOf(state, nodeId).isUp,
    onDeath: (nodeId, mourn) => {
      const { mourners } = brokerOf(state, nodeId)
      mourners.add(mourn)
      return () => void mourners.delete(mourn)
    },
    killBroker: (nodeId) => killBroker(state, nodeId),
    startBroker: (nodeId) => startBroker(state, nodeId),
    moveLeader: (partition) => {
      const others = state.brokers.filter(({ nodeId, isUp }) => isUp && nodeId !== partition.leader)
      const next = others[Math.floor(state.rng.next() * others.length)]
      if (next !== undefined) lead(state, partition, next.nodeId)
    },
    partitions: () => allPartitions(state),
  }
}

/** The others notice after a while, and a replica takes over. */
const noticeMs = { least: 500, most: 3_000 }
const metadataLagMs = 400
const loadingMs = 600

function killBroker(state: ClusterState, nodeId: number): void {
  const broker = brokerOf(state, nodeId)
  if (!broker.isUp) return
  broker.isUp = false
  broker.life++
  const { life, mourners } = broker
  for (const mourn of mourners) mourn()
  mourners.clear()
  if (state.brokers.length === 1) return
  const { least, most } = noticeMs
  state.time.after(least + state.rng.next() * (most - least), () => {
    if (broker.life !== life || broker.isUp) return
    for (const partition of allPartitions(state)) if (partition.leader === nodeId) elect(state, partition)
  })
}

function elect(state: ClusterState, partition: Partition): void {
  const up = state.brokers.filter(({ isUp }) => isUp)
  const next = up[Math.floor(state.rng.next() * up.length)]
  partition.log.truncate()
  lead(state, partition, next?.nodeId ?? -1)
}

function startBroker(state: ClusterState, nodeId: number): void {
  const broker = brokerOf(state, nodeId)
  if (broker.isUp) return
  broker.isUp = true
  broker.life++
  for (const partition of allPartitions(state)) {
    if (partition.leader === nodeId) {
      // It was back before anybody noticed, or there is nobody else. What it had on its own disk is still there.
      lead(state, partition, nodeId)
      if (state.brokers.length > 1) partition.log.truncate()
    } else if (partition.leader === -1) lead(state, partition, nodeId)
  }
}

function lead(state: ClusterState, partition: Partition, nodeId: number): void {
  // What the old leader had not replicated, the new one does not have.
  if (partition.leader !== nodeId && partition.leader !== -1 && state.brokers.length > 1) partition.log.truncate()
  partition.leader = nodeId
  partition.leaderEpoch++
  partition.loadingUntilMs = state.time.elapsedMs + state.rng.next() * loadingMs
  state.time.after(state.rng.next() * metadataLagMs, () => {
    partition.shownLeader = partition.leader
  })
  wake(partition)
}
