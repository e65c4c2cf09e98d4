import type { BrokerContext, RequestHandler } from './broker-request.ts'
import { coordinatorCode, internalPartitionOf } from './cluster-state.ts'
import { codes } from './error-codes.ts'

function codeFor({ state, nodeId }: BrokerContext, group: string): number {
  return coordinatorCode(state, internalPartitionOf(state.offsetsLog, group), nodeId)
}

/** JoinGroup: parked until the generation begins. */
export const joinGroup: RequestHandler = (context, { request }, respond) => {
  const [group, sessionTimeoutMs, rebalanceTimeoutMs, memberId, , protocolType, protocols] = request as [
    string,
    number,
    number,
    string,
    null,
    string,
    readonly { readonly name: string; readonly metadata: Buffer }[],
  ]
  const facts = { throttleTimeMs: 0, protocolType, protocolName: protocols[0]?.name ?? '', skipAssignment: false }
  const errorCode = codeFor(context, group)
  if (errorCode !== 0) {
    respond({ ...facts, errorCode, generationId: -1, leader: '', memberId, members: [] })
    return
  }
  const metadata = protocols[0]?.metadata ?? Buffer.alloc(0)
  context
    .groupOf(group)
    .join({ memberId, sessionTimeoutMs, rebalanceTimeoutMs, metadata }, (joined) =>
      respond({ ...facts, ...joined, generationId: joined.generation }),
    )
}

/** SyncGroup: parked until the leader has shared out. */
export const syncGroup: RequestHandler = (context, { request }, respond) => {
  const [group, generation, memberId, , protocolType, protocolName, assignments] = request as [
    string,
    number,
    string,
    null,
    string,
    string,
    readonly { readonly memberId: string; readonly assignment: Buffer }[],
  ]
  const facts = { throttleTimeMs: 0, protocolType, protocolName }
  const errorCode = codeFor(context, group)
  if (errorCode !== 0) {
    respond({ ...facts, errorCode, assignment: Buffer.alloc(0) })
    return
  }
  context.groupOf(group).sync({ memberId, generation }, assignments, (synced) => respond({ ...facts, ...synced }))
}

/** Heartbeat. */
export const heartbeat: RequestHandler = (context, { request }, respond) => {
  const [group, generation, memberId] = request as [string, number, string]
  const refused = codeFor(context, group)
  const errorCode = refused !== 0 ? refused : context.groupOf(group).heartbeat({ memberId, generation })
  respond({ throttleTimeMs: 0, errorCode })
}

/** LeaveGroup. */
export const leaveGroup: RequestHandler = (context, { request }, respond) => {
  const [group, leaving] = request as [string, readonly { readonly memberId: string }[]]
  const errorCode = codeFor(context, group)
  const members =
    errorCode !== 0
      ? []
      : leaving.map(({ memberId }) => ({ memberId, errorCode: context.groupOf(group).leave(memberId) }))
  respond({ throttleTimeMs: 0, errorCode, members })
}

/** DescribeGroups. */
export const describeGroups: RequestHandler = (context, { request }, respond) => {
  const [ids] = request as [readonly string[]]
  const groups = ids.map((groupId) => {
    const errorCode = codeFor(context, groupId)
    const members = errorCode !== 0 ? [] : context.groupOf(groupId).members.map((memberId) => ({ memberId }))
    return { errorCode, groupId, members }
  })
  respond({ throttleTimeMs: 0, groups })
}

/** DeleteGroups: the simulation has none that may be deleted. */
export const deleteGroups: RequestHandler = (_, { request }, respond) => {
  const [ids] = request as [readonly string[]]
  respond({ throttleTimeMs: 0, results: ids.map((groupId) => ({ groupId, errorCode: codes.GROUP_ID_NOT_FOUND })) })
}
