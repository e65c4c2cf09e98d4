import { createAPI, offsetFetchV9, txnOffsetCommitV4 } from '@platformatic/kafka'
import type { ClusterMetadata } from '../src/kafka/cluster-metadata.ts'
import { createCoordinators } from '../src/kafka/coordinators.ts'
import type { ProducerIdentity } from '../src/kafka/kafka.ts'
import type { Wire } from '../src/kafka/wire.ts'
import { brokerError } from '../src/kafka/wire-errors.ts'

/**
 * Positions as the offsets of consumer groups, one group per shard, the sequence number in the metadata. For measuring
 * only: nothing in `src/` keeps positions this way.
 */
export interface GroupPositions {
  /** Waits while a transaction over the offset is open. Undefined: there is no position. */
  read(group: string, topic: string, signal: AbortSignal): Promise<string | undefined>
  /** Joins the transaction of that identity, under transactions V2. */
  write(
    place: ProducerIdentity & { readonly transactionalId: string; readonly group: string; readonly topic: string },
    position: string,
    signal: AbortSignal,
  ): Promise<void>
}

// Version 5 has the layout of 4; it tells the broker to add the group to the transaction by itself (KIP-890).
const commitVersions = [
  createAPI<Parameters<typeof txnOffsetCommitV4.createRequest>, CommitAnswer>(
    28,
    5,
    txnOffsetCommitV4.createRequest,
    txnOffsetCommitV4.parseResponse,
  ),
]
const fetchVersions = [offsetFetchV9.api]
const unstableOffset = 88
const concurrentTransactions = 51

type CommitAnswer = Awaited<ReturnType<typeof txnOffsetCommitV4.api.async>>
type FetchAnswer = Awaited<ReturnType<typeof offsetFetchV9.api.async>>

/** Makes the calls. */
export function createGroupPositions(wire: Wire, metadata: ClusterMetadata): GroupPositions {
  const coordinators = createCoordinators(wire, metadata)
  return {
    read: async (group, topic, signal) => {
      const topics = [{ name: topic, partitionIndexes: [0] }]
      const request: Parameters<typeof offsetFetchV9.createRequest> = [
        [{ groupId: group, memberId: null, memberEpoch: -1, topics }],
        true,
      ]
      const call = { action: 'OffsetFetch', versions: fetchVersions, request, errorCode: fetchError }
      const key = { kind: 'group', id: group } as const
      const answer = await coordinators.sendPatiently({ ...call, key, notYet: new Set([unstableOffset]) }, signal)
      const code = fetchError(answer)
      if (code !== 0) throw brokerError(code, { action: call.action, resource: `group ${group}` })
      const found = answer.groups[0]?.topics[0]?.partitions[0]
      return found === undefined || found.committedOffset < 0n ? undefined : (found.metadata ?? undefined)
    },
    write: async ({ transactionalId, group, topic, producerId, producerEpoch }, position, signal) => {
      const partitions = [
        { partitionIndex: 0, committedOffset: 0n, committedLeaderEpoch: -1, committedMetadata: position },
      ]
      const request: Parameters<typeof txnOffsetCommitV4.createRequest> = [
        transactionalId,
        group,
        producerId,
        producerEpoch,
        -1,
        '',
        null,
        [{ name: topic, partitions }],
      ]
      const call = { action: 'TxnOffsetCommit', versions: commitVersions, request, errorCode: commitError }
      const key = { kind: 'group', id: group } as const
      const answer = await coordinators.sendPatiently(
        { ...call, key, notYet: new Set([concurrentTransactions]) },
        signal,
      )
      const code = commitError(answer)
      if (code !== 0) throw brokerError(code, { action: call.action, resource: `group ${group}` })
    },
  }
}

function fetchError(answer: FetchAnswer): number {
  const group = answer.groups[0]
  return group === undefined ? 0 : group.errorCode || (group.topics[0]?.partitions[0]?.errorCode ?? 0)
}

function commitError(answer: CommitAnswer): number {
  return answer.topics[0]?.partitions[0]?.errorCode ?? 0
}
