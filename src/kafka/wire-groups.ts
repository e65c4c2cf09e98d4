import {
  deleteGroupsV0,
  deleteGroupsV1,
  deleteGroupsV2,
  describeGroupsV4,
  describeGroupsV5,
  offsetFetchV6,
  offsetFetchV7,
  offsetFetchV8,
} from '@platformatic/kafka'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { resourceOf } from './coordinators.ts'
import type { CoordinatorKey, Coordinators } from './coordinators.ts'
import type { GroupInfo, KafkaApi } from './kafka.ts'
import { brokerError } from './wire-errors.ts'

/** The part of the port that is about consumer groups. */
export type GroupCalls = Pick<KafkaApi, 'describeGroup' | 'deleteGroup'>

interface Context {
  readonly metadata: ClusterMetadata
  readonly coordinators: Coordinators
}

const describeVersions = [describeGroupsV5.api, describeGroupsV4.api]
const fetchVersions = [offsetFetchV8.api, offsetFetchV7.api, offsetFetchV6.api]
const deleteVersions = [deleteGroupsV2.api, deleteGroupsV1.api, deleteGroupsV0.api]

/** Makes the calls. */
export function createGroupCalls(context: Context): GroupCalls {
  return {
    describeGroup: async (group, topic, signal) => {
      const members = await memberCount(context, group, signal)
      return { members, committed: await committedOffsets(context, group, topic, signal) }
    },
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

async function committedOffsets(
  { metadata, coordinators }: Context,
  group: string,
  topic: string,
  signal: AbortSignal,
): Promise<GroupInfo['committed']> {
  const view = await metadata.view([topic], signal)
  const partitionIndexes = view.topics.get(topic)?.partitions.map(({ partitionIndex }) => partitionIndex) ?? []
  const committed = new Map<number, { offset: bigint; metadata: string }>()
  if (partitionIndexes.length === 0) return committed
  const wanted = { groupId: group, memberEpoch: -1, topics: [{ name: topic, partitionIndexes }] }
  const request: [(typeof wanted)[], boolean] = [[wanted], false]
  const call = { action: 'OffsetFetch', versions: fetchVersions, request }
  const answer = await coordinators.sendPatiently(
    { ...call, key: keyOf(group), errorCode: (found) => found.groups[0]?.errorCode ?? 0 },
    signal,
  )
  const found = answer.groups[0]
  check(found?.errorCode ?? 0, call.action, group)
  for (const partition of found?.topics[0]?.partitions ?? []) {
    check(partition.errorCode, call.action, group)
    if (partition.committedOffset < 0n) continue
    committed.set(partition.partitionIndex, { offset: partition.committedOffset, metadata: partition.metadata ?? '' })
  }
  return committed
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
