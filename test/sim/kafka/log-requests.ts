import type { BrokerContext, RequestHandler } from './broker-request.ts'
import { coordinatorCode, internalPartitionOf, partitionOf, replicateSoon } from './cluster-state.ts'
import type { Partition } from './cluster-state.ts'
import { readBatchFacts } from './batch-bytes.ts'
import { codes } from './error-codes.ts'

interface WantedBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
}

/** Why this broker does not lead a partition; 0 if it does. */
function leadershipCode({ state, nodeId }: BrokerContext, partition: Partition | undefined): number {
  if (partition === undefined) return codes.UNKNOWN_TOPIC_OR_PARTITION
  if (partition.offlineUntilMs > state.time.elapsedMs) return codes.KAFKA_STORAGE_ERROR
  return partition.leader === nodeId ? codes.NONE : codes.NOT_LEADER_OR_FOLLOWER
}

/** Produce with acks=all: answered when every batch is replicated or refused. */
export const produceRecords: RequestHandler = (context, { request, version }, respond) => {
  const [transactionalId, , batches] = request as [string | null, number, readonly WantedBatch[]]
  const outcomes = batches.map(() => -1)
  const settle = (index: number, errorCode: number): void => {
    outcomes[index] = errorCode
    if (outcomes.every((outcome) => outcome >= 0)) respond(produceAnswer(batches, outcomes))
  }
  for (const [index, batch] of batches.entries()) {
    const partition = partitionOf(context.state, batch.topic, batch.partition)
    const refused = refusal(context, batch, { transactionalId, version })
    if (refused !== 0 || partition === undefined) settle(index, refused)
    else append(context, partition, { ...batch, tag: tagOf(context, transactionalId) }, (code) => settle(index, code))
  }
}

function refusal(
  context: BrokerContext,
  batch: WantedBatch,
  { transactionalId, version }: { readonly transactionalId: string | null; readonly version: number },
): number {
  const partition = partitionOf(context.state, batch.topic, batch.partition)
  const misled = leadershipCode(context, partition)
  if (misled !== 0 || partition === undefined) return misled
  const limit = Number(context.state.topics.get(batch.topic)?.config.get('max.message.bytes') ?? 1_048_588)
  if (batch.bytes.length > limit) return codes.MESSAGE_TOO_LARGE
  const inSync = context.state.brokers.filter(({ isUp }) => isUp).length
  if (inSync < context.state.minInSyncReplicas) return codes.NOT_ENOUGH_REPLICAS
  return transactionalId === null ? 0 : membershipCode(context, partition, batch, { transactionalId, version })
}

/** The leader asks the coordinator: V2 adds the partition to the transaction, V1 only checks that the client has. */
function membershipCode(
  { state, transactions }: BrokerContext,
  partition: Partition,
  batch: WantedBatch,
  { transactionalId, version }: { readonly transactionalId: string; readonly version: number },
): number {
  const keeper = internalPartitionOf(state.transactionLog, transactionalId)
  const coordinator = state.brokers.find(({ nodeId }) => nodeId === keeper.leader)
  const isThere = coordinator?.isUp === true && coordinatorCode(state, keeper, coordinator.nodeId) === 0
  // A coordinator that is away is shown to producers as something to try again.
  if (!isThere) return codes.NOT_ENOUGH_REPLICAS
  const { producerId, producerEpoch } = readBatchFacts(batch.bytes)
  const claim = { id: transactionalId, producerId, producerEpoch }
  const errorCode = transactions.addPartitions(claim, [partition], version >= 12 ? 'add' : 'verify')
  if (errorCode === codes.PRODUCER_FENCED) return codes.INVALID_PRODUCER_EPOCH
  // Producers of V1 do not know TRANSACTION_ABORTABLE.
  return errorCode === codes.TRANSACTION_ABORTABLE && version < 11 ? codes.INVALID_TXN_STATE : errorCode
}

function tagOf({ transactions }: BrokerContext, transactionalId: string | null): string | undefined {
  return transactionalId === null ? undefined : transactions.nameOf(transactionalId)
}

function append(
  { state }: BrokerContext,
  partition: Partition,
  batch: WantedBatch & { readonly tag: string | undefined },
  settle: (errorCode: number) => void,
): void {
  const { errorCode, nextOffset } = partition.log.append(batch.bytes, batch.tag)
  if (errorCode !== 0) {
    settle(errorCode)
    return
  }
  replicateSoon(state, partition)
  const { leaderEpoch } = partition
  const look = (): void => {
    const isSame = partition.leaderEpoch === leaderEpoch
    const isReplicated = isSame && partition.log.highWatermark >= nextOffset
    if (!isReplicated && isSame) return
    partition.waiting.delete(waiter)
    settle(isReplicated ? 0 : codes.NOT_LEADER_OR_FOLLOWER)
  }
  const waiter = { look }
  partition.waiting.add(waiter)
  look()
}

function produceAnswer(batches: readonly WantedBatch[], outcomes: readonly number[]): unknown {
  const responses = batches.map(({ topic, partition }, index) => ({
    name: topic,
    partitionResponses: [{ index: partition, errorCode: outcomes[index] ?? 0, errorMessage: null }],
  }))
  return { throttleTimeMs: 0, responses }
}

interface WantedFetch {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly maxBytes: number
  readonly maxWaitMs: number
  readonly isolation: 'read_uncommitted' | 'read_committed'
  readonly topicId: string
}

/** Fetch of one partition: parked while there is nothing, at most as long as was asked for. */
export const fetchRecords: RequestHandler = (context, { request }, respond) => {
  const [wanted] = request as [WantedFetch]
  const { state } = context
  const partition = partitionOf(state, wanted.topic, wanted.partition)
  const refused = fetchRefusal(context, partition, wanted)
  if (refused !== 0 || partition === undefined) {
    respond(fetchAnswer(refused, undefined, wanted))
    return
  }
  let isAnswered = false
  const answer = (): void => {
    if (isAnswered) return
    isAnswered = true
    partition.waiting.delete(waiter)
    const misled = leadershipCode(context, partition)
    respond(fetchAnswer(misled, misled === 0 ? partition : undefined, wanted))
  }
  const look = (): void => {
    const end = wanted.isolation === 'read_committed' ? partition.log.lastStable : partition.log.highWatermark
    if (end > Number(wanted.offset) || leadershipCode(context, partition) !== 0) answer()
  }
  const waiter = { look }
  if (wanted.maxWaitMs === 0) answer()
  else {
    partition.waiting.add(waiter)
    state.time.after(wanted.maxWaitMs, answer)
    look()
  }
}

function fetchRefusal(context: BrokerContext, partition: Partition | undefined, wanted: WantedFetch): number {
  const misled = leadershipCode(context, partition)
  if (misled !== 0 || partition === undefined) return misled
  if (context.state.topics.get(wanted.topic)?.id !== wanted.topicId) return codes.UNKNOWN_TOPIC_ID
  const offset = Number(wanted.offset)
  const isInside = offset >= partition.log.logStart && offset <= partition.log.highWatermark
  return isInside ? 0 : codes.OFFSET_OUT_OF_RANGE
}

function fetchAnswer(errorCode: number, partition: Partition | undefined, wanted: WantedFetch): unknown {
  if (partition === undefined) {
    const empty = { records: Buffer.alloc(0), abortedTransactions: [] }
    return { errorCode, highWatermark: -1n, lastStable: -1n, logStart: -1n, ...empty }
  }
  const { log } = partition
  const isCommittedOnly = wanted.isolation === 'read_committed'
  const slice = log.read(Number(wanted.offset), { maxBytes: wanted.maxBytes, isCommittedOnly })
  return {
    errorCode,
    highWatermark: BigInt(log.highWatermark),
    lastStable: BigInt(log.lastStable),
    logStart: BigInt(log.logStart),
    records: slice.bytes,
    abortedTransactions: slice.aborted.map(({ producerId, firstOffset }) => ({
      producerId: BigInt(producerId),
      firstOffset: BigInt(firstOffset),
    })),
  }
}

interface WantedOffset {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly timestamp: bigint }[]
}

/** ListOffsets of one partition: its beginning (-2), or its end (-1) as the isolation level sees it. */
export const listOffsets: RequestHandler = (context, { request }, respond) => {
  const [, isolation, topics] = request as [number, number, readonly WantedOffset[]]
  const answers = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, timestamp }) => {
      const partition = partitionOf(context.state, name, partitionIndex)
      const errorCode = leadershipCode(context, partition)
      const facts = { partitionIndex, errorCode, timestamp: -1n, leaderEpoch: 0 }
      if (errorCode !== 0 || partition === undefined) return { ...facts, offset: -1n }
      const { logStart, lastStable, highWatermark } = partition.log
      const end = isolation === 1 ? lastStable : highWatermark
      return { ...facts, offset: BigInt(timestamp === -2n ? logStart : end) }
    }),
  }))
  respond({ throttleTimeMs: 0, topics: answers })
}
