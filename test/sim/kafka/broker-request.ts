import type { ClusterState, Respond } from './cluster-state.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'

/** One request as it reaches a broker, decoded: the arguments that the wire library would encode. */
export interface BrokerRequest {
  readonly action: string
  readonly version: number
  readonly request: readonly unknown[]
}

/** The broker that a request has reached, and the cluster around it. */
export interface BrokerContext {
  readonly state: ClusterState
  readonly transactions: TransactionCoordinator
  readonly groupOf: (id: string) => GroupCoordinator
  readonly nodeId: number
}

/** Answers one kind of request. */
export type RequestHandler = (context: BrokerContext, call: BrokerRequest, respond: Respond) => void
