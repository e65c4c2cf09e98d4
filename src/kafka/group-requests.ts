import {
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
  heartbeatV3,
  heartbeatV4,
  joinGroupV5,
  joinGroupV6,
  joinGroupV7,
  joinGroupV8,
  joinGroupV9,
  leaveGroupV3,
  leaveGroupV4,
  leaveGroupV5,
  syncGroupV3,
  syncGroupV4,
  syncGroupV5,
} from '@platformatic/kafka'
import type { Coordinators } from './coordinators.ts'
import type { MemberClaim } from './sticky-assignor.ts'

/** The requests of the classic group protocol, in terms of one topic. Each is one attempt; codes come as answers. */
export interface GroupRequests {
  /** Waits at the broker until all known members have joined, up to the rebalance time-out. */
  join(request: JoinRequest, signal: AbortSignal): Promise<Joined>
  /** The leader hands in all shares, the others none. Everybody gets its own. */
  sync(request: SyncRequest, signal: AbortSignal): Promise<Synced>
  /** An error code; 0 is none. */
  heartbeat(member: Member, signal: AbortSignal): Promise<number>
  leave(memberId: string, signal: AbortSignal): Promise<void>
}

export interface Member {
  readonly memberId: string
  readonly generation: number
}

export interface JoinRequest extends Member {
  readonly owned: readonly number[]
}

export interface Joined extends Member {
  readonly errorCode: number
  /** All members, if this one is the leader; else empty. */
  readonly members: readonly MemberClaim[]
}

export interface SyncRequest extends Member {
  readonly shares: ReadonlyMap<string, readonly number[]>
}

export interface Synced {
  readonly errorCode: number
  readonly partitions: readonly number[]
}

export interface GroupRequestsOptions {
  readonly coordinators: Coordinators
  readonly group: string
  readonly topic: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
}

/** Kafka's own consumers and tools read what this type of group says; the assignor's name keeps them from joining. */
const protocolType = 'consumer'
const assignor = 'tailrace-sticky'

const joinVersions = [joinGroupV9.api, joinGroupV8.api, joinGroupV7.api, joinGroupV6.api, joinGroupV5.api]
const syncVersions = [syncGroupV5.api, syncGroupV4.api, syncGroupV3.api]
const heartbeatVersions = [heartbeatV4.api, heartbeatV3.api]
const leaveVersions = [leaveGroupV5.api, leaveGroupV4.api, leaveGroupV3.api]

/** Makes the requests of one group. */
export function createGroupRequests(options: GroupRequestsOptions): GroupRequests {
  const { coordinators, group, topic } = options
  const key = { kind: 'group', id: group } as const
  const errorCode = (answer: { readonly errorCode: number }): number => answer.errorCode

  return {
    join: async (wanted, signal) => {
      const metadata = encodeSubscription(topic, wanted)
      const request: Parameters<typeof joinGroupV9.createRequest> = [
        group,
        options.sessionTimeoutMs,
        options.rebalanceTimeoutMs,
        wanted.memberId,
        null,
        protocolType,
        [{ name: assignor, metadata }],
        null,
      ]
      const answer = await coordinators.send(
        { action: 'JoinGroup', key, errorCode, versions: joinVersions, request },
        signal,
      )
      const isLeader = answer.leader !== '' && answer.leader === answer.memberId
      const members = isLeader ? answer.members.map((member) => decodeClaim(topic, member)) : []
      return { errorCode: answer.errorCode, memberId: answer.memberId, generation: answer.generationId, members }
    },
    sync: async ({ memberId, generation, shares }, signal) => {
      const assignments = [...shares].map(([id, partitions]) => ({
        memberId: id,
        assignment: encodeShare(topic, partitions),
      }))
      const request: Parameters<typeof syncGroupV5.createRequest> = [
        group,
        generation,
        memberId,
        null,
        protocolType,
        assignor,
        assignments,
      ]
      const answer = await coordinators.send(
        { action: 'SyncGroup', key, errorCode, versions: syncVersions, request },
        signal,
      )
      return { errorCode: answer.errorCode, partitions: decodeShare(topic, answer.assignment) }
    },
    heartbeat: async ({ memberId, generation }, signal) => {
      const request: [string, number, string, null] = [group, generation, memberId, null]
      const call = { action: 'Heartbeat', key, errorCode, versions: heartbeatVersions, request }
      return (await coordinators.send(call, signal)).errorCode
    },
    leave: async (memberId, signal) => {
      const request: [string, { memberId: string }[]] = [group, [{ memberId }]]
      await coordinators.send({ action: 'LeaveGroup', key, errorCode, versions: leaveVersions, request }, signal)
    },
  }
}

function encodeSubscription(topic: string, { owned, generation }: JoinRequest): Buffer {
  const ownedPartitions = [{ topic, partitions: [...owned] }]
  return encodeConsumerProtocolSubscription({
    version: 2,
    topics: [topic],
    ownedPartitions,
    generationId: generation,
  })
}

function decodeClaim(topic: string, member: { readonly memberId: string; readonly metadata: Buffer }): MemberClaim {
  const { ownedPartitions, generationId } = decodeConsumerProtocolSubscription(member.metadata)
  return { memberId: member.memberId, generation: generationId, owned: partitionsOf(topic, ownedPartitions) }
}

function encodeShare(topic: string, partitions: readonly number[]): Buffer {
  return encodeConsumerProtocolAssignment({ version: 1, assignedPartitions: [{ topic, partitions: [...partitions] }] })
}

function decodeShare(topic: string, assignment: Buffer): readonly number[] {
  return partitionsOf(topic, decodeConsumerProtocolAssignment(assignment).assignedPartitions)
}

function partitionsOf(
  topic: string,
  all: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): readonly number[] {
  return all.filter((entry) => entry.topic === topic).flatMap(({ partitions }) => partitions)
}
