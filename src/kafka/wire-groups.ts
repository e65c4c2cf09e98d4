import { deleteGroupsV0, deleteGroupsV1, deleteGroupsV2, describeGroupsV4, describeGroupsV5 } from '@platformatic/kafka'
import { resourceOf } from './coordinators.ts'
import type { CoordinatorKey, Coordinators } from './coordinators.ts'
import type { KafkaApi } from './kafka.ts'
import { brokerError } from './wire-errors.ts'

/** The part of the port that is about consumer groups. */
export type GroupCalls = Pick<KafkaApi, 'groupMembers' | 'deleteGroup'>

interface Context {
  readonly coordinators: Coordinators
}

const describeVersions = [describeGroupsV5.api, describeGroupsV4.api]
const deleteVersions = [deleteGroupsV2.api, deleteGroupsV1.api, deleteGroupsV0.api]

/** Makes the calls. */
export function createGroupCalls(context: Context): GroupCalls {
  return {
    groupMembers: (group, signal) => memberCount(context, group, signal),
    deleteGroup: (group, signal) => deleteGroup(context, group, signal),
  }
}

async function memberCount({ coordinators }: Context, group: string, signal: AbortSignal): Promise<number> {
  const request: [string[], boolean] = [[group], false]
  const call = { action: 'DescribeGroups', versions: describeVersions, request }
  const answer = await coordinators.sendPatiently(
    { ...call, key: keyOf(group), errorCode: (found) => found.groups[0]?.errorCode ?? 0 },
    signal,
  )
  const found = answer.groups[0]
  if (found === undefined || found.errorCode === noSuchGroup) return 0
  check(found.errorCode, call.action, group)
  return found.members.length
}

async function deleteGroup({ coordinators }: Context, group: string, signal: AbortSignal): Promise<void> {
  const request: [string[]] = [[group]]
  const call = { action: 'DeleteGroups', versions: deleteVersions, request }
  const answer = await coordinators.sendPatiently(
    { ...call, key: keyOf(group), errorCode: (found) => found.results[0]?.errorCode ?? 0 },
    signal,
  )
  check(answer.results[0]?.errorCode ?? 0, call.action, group)
}

const noSuchGroup = 69

function check(code: number, action: string, group: string): void {
  if (code !== 0) throw brokerError(code, { action, resource: resourceOf(keyOf(group)) })
}

function keyOf(group: string): CoordinatorKey {
  return { kind: 'group', id: group }
}
