import type { BrokerContext, BrokerRequest, RequestHandler } from './broker-request.ts'
import type { Respond } from './cluster-state.ts'
import { describeGroups, deleteGroups, heartbeat, joinGroup, leaveGroup, syncGroup } from './group-requests.ts'
import { fetchRecords, listOffsets, produceRecords } from './log-requests.ts'
import { createTopics, deleteTopics, describeConfigs, findCoordinator, metadata } from './topic-requests.ts'
import { addPartitionsToTxn, describeTransactions, endTxn, initProducerId } from './transaction-requests.ts'

const handlers: Readonly<Record<string, RequestHandler>> = {
  AddPartitionsToTxn: addPartitionsToTxn,
  CreateTopics: createTopics,
  DeleteGroups: deleteGroups,
  DeleteTopics: deleteTopics,
  DescribeConfigs: describeConfigs,
  DescribeGroups: describeGroups,
  DescribeTransactions: describeTransactions,
  EndTxn: endTxn,
  Fetch: fetchRecords,
  FindCoordinator: findCoordinator,
  Heartbeat: heartbeat,
  InitProducerId: initProducerId,
  JoinGroup: joinGroup,
  LeaveGroup: leaveGroup,
  ListOffsets: listOffsets,
  Metadata: metadata,
  Produce: produceRecords,
  SyncGroup: syncGroup,
}

/** Names of the requests that the simulated brokers understand. */
export const knownActions: readonly string[] = Object.keys(handlers)

/** Answers a request as the broker that it has reached. */
export function answerRequest(context: BrokerContext, call: BrokerRequest, respond: Respond): void {
  const handler = handlers[call.action]
  if (handler === undefined) throw new Error(`the simulated brokers do not know ${call.action}`)
  handler(context, call, respond)
}
