import {
  addPartitionsToTxnV0,
  addPartitionsToTxnV1,
  addPartitionsToTxnV2,
  addPartitionsToTxnV3,
  createAPI,
  describeTransactionsV0,
  endTxnV1,
  endTxnV2,
  endTxnV3,
  endTxnV4,
  initProducerIdV1,
  initProducerIdV2,
  initProducerIdV3,
  initProducerIdV4,
  initProducerIdV5,
} from '@platformatic/kafka'
import type { Reader } from '@platformatic/kafka'
import type { ClusterMetadata } from './cluster-metadata.ts'
import type { Coordinators } from './coordinators.ts'
import type {
  AddPartitions,
  EndTransaction,
  InitProducerId,
  KafkaApi,
  ProducerIdentity,
  TransactionState,
} from './kafka.ts'
import { coordinatorNotYet, patiently } from './patience.ts'
import type { Wire, WireCall } from './wire.ts'
import { brokerError } from './wire-errors.ts'

/** The transactional part of the port. */
export type TransactionCalls = Pick<
  KafkaApi,
  'initProducerId' | 'addPartitions' | 'endTransaction' | 'describeTransactions'
>

interface EndAnswer {
  readonly errorCode: number
  readonly producerId?: bigint
  readonly producerEpoch?: number
}

interface Context {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
  readonly coordinators: Coordinators
}

const initVersions = [
  initProducerIdV5.api,
  initProducerIdV4.api,
  initProducerIdV3.api,
  initProducerIdV2.api,
  initProducerIdV1.api,
]
// From version 4 on brokers talk batches among themselves in it; clients stay below.
const addVersions = [
  addPartitionsToTxnV3.api,
  addPartitionsToTxnV2.api,
  addPartitionsToTxnV1.api,
  addPartitionsToTxnV0.api,
]
const endVersionsV1 = [endTxnV4.api, endTxnV3.api, endTxnV2.api, endTxnV1.api]
// The request of version 5 is that of 4; the answer carries the identity of the next transaction (KIP-890).
const endVersionsV2 = [
  createAPI<Parameters<typeof endTxnV4.createRequest>, EndAnswer>(26, 5, endTxnV4.createRequest, readEndAnswer),
]

/** The last transaction of the id is still being settled. */
const concurrentTransactions: ReadonlySet<number> = new Set([51])

/** Makes the calls. */
export function createTransactionCalls(context: Context): TransactionCalls {
  return {
    initProducerId: (request, signal) => initProducerId(context, request, signal),
    addPartitions: (request, signal) => addPartitions(context, request, signal),
    endTransaction: (request, signal) => endTransaction(context, request, signal),
    describeTransactions: (ids, signal) => describeTransactions(context, ids, signal),
  }
}

async function initProducerId(
  context: Context,
  { transactionalId: id, timeoutMs }: InitProducerId,
  signal: AbortSignal,
): Promise<ProducerIdentity> {
  // -1, -1 asks for whatever comes next. The library's own default (0, 0) would claim to be somebody.
  const request: [string | null, number, bigint, number] = [id, timeoutMs, -1n, -1]
  const call = { action: 'InitProducerId', versions: initVersions, request, errorCode: codeOf }
  const answer =
    id === null
      ? await initWithoutTransactions(context, call, signal)
      : await context.coordinators.sendPatiently({ ...call, key: keyOf(id), notYet: concurrentTransactions }, signal)
  const { errorCode, producerId, producerEpoch } = answer
  if (errorCode !== 0) throw brokerError(errorCode, { action: call.action, resource: transactionalId(id ?? 'none') })
  return { producerId, producerEpoch }
}

type InitAnswer = Awaited<ReturnType<typeof initProducerIdV5.api.async>>

function initWithoutTransactions(
  { wire, metadata }: Context,
  call: Omit<WireCall<[string | null, number, bigint, number], InitAnswer>, 'broker'>,
  signal: AbortSignal,
): Promise<InitAnswer> {
  const request = {
    what: call.action,
    send: () => metadata.onAnyBroker((broker) => wire.send({ ...call, broker }, signal)),
    errorCode: codeOf,
    notYet: coordinatorNotYet,
    forMs: 60_000,
  }
  return patiently(wire, request, signal)
}

function codeOf(answer: { readonly errorCode: number }): number {
  return answer.errorCode
}

async function addPartitions({ coordinators }: Context, add: AddPartitions, signal: AbortSignal): Promise<void> {
  const topics = [...Map.groupBy(add.partitions, ({ topic }) => topic)].map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition }) => partition),
  }))
  const { transactionalId: id, producerId, producerEpoch } = add
  const transaction = { transactionalId: id, producerId, producerEpoch, verifyOnly: false, topics }
  const request: [[typeof transaction]] = [[transaction]]
  const call = { action: 'AddPartitionsToTxn', versions: addVersions, request }
  const answer = await coordinators.send(
    { ...call, key: keyOf(id), errorCode: (found) => refusals(found)[0]?.errorCode ?? 0 },
    signal,
  )
  // Partitions that were not even looked at (OPERATION_NOT_ATTEMPTED) hide the one that was refused.
  const refused = refusals(answer).toSorted((a, b) => Number(a.errorCode === 55) - Number(b.errorCode === 55))[0]
  if (refused === undefined) return
  const { topic, partition, errorCode } = refused
  const resource = errorCode === 29 ? `topic ${topic}` : `${transactionalId(id)}, ${topic}-${partition}`
  throw brokerError(errorCode, { action: call.action, resource, topic, partition })
}

type AddAnswer = Awaited<ReturnType<typeof addPartitionsToTxnV3.api.async>>

function refusals(answer: AddAnswer): { topic: string; partition: number; errorCode: number }[] {
  return answer.resultsByTransaction.flatMap(({ topicResults }) =>
    topicResults.flatMap(({ name, resultsByPartition }) =>
      resultsByPartition
        .filter(({ partitionErrorCode }) => partitionErrorCode !== 0)
        .map(({ partitionIndex, partitionErrorCode }) => ({
          topic: name,
          partition: partitionIndex,
          errorCode: partitionErrorCode,
        })),
    ),
  )
}

async function endTransaction(
  { coordinators }: Context,
  end: EndTransaction,
  signal: AbortSignal,
): Promise<ProducerIdentity> {
  const { transactionalId: id, producerId, producerEpoch } = end
  const request: [string, bigint, number, boolean] = [id, producerId, producerEpoch, end.outcome === 'commit']
  const call = { action: 'EndTxn', versions: end.transactionVersion === 2 ? endVersionsV2 : endVersionsV1, request }
  const answer = await coordinators.send<typeof request, EndAnswer>(
    { ...call, key: keyOf(id), errorCode: codeOf },
    signal,
  )
  if (answer.errorCode !== 0)
    throw brokerError(answer.errorCode, { action: call.action, resource: transactionalId(id) })
  return { producerId: answer.producerId ?? producerId, producerEpoch: answer.producerEpoch ?? producerEpoch }
}

function readEndAnswer(_correlation: number, _key: number, _version: number, reader: Reader): EndAnswer {
  reader.readInt32() // throttle time
  const answer = { errorCode: reader.readInt16(), producerId: reader.readInt64(), producerEpoch: reader.readInt16() }
  reader.readTaggedFields()
  return answer
}

const knownStates = ['Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort'] as const
const noSuchId = 105

async function describeTransactions(
  { coordinators }: Context,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TransactionState>> {
  const states = new Map<string, TransactionState>()
  const action = 'DescribeTransactions'
  for (const id of ids) {
    const request: [string[]] = [[id]]
    const call = { action, versions: [describeTransactionsV0.api], request }
    const answer = await coordinators.sendPatiently(
      { ...call, key: keyOf(id), errorCode: (found) => found.transactionStates[0]?.errorCode ?? 0 },
      signal,
    )
    const found = answer.transactionStates[0]
    if (found === undefined || found.errorCode === noSuchId) continue
    if (found.errorCode !== 0) throw brokerError(found.errorCode, { action, resource: transactionalId(id) })
    const state = knownStates.find((known) => known === found.transactionState) ?? 'Other'
    states.set(id, { state, producerId: found.producerId, producerEpoch: found.producerEpoch })
  }
  return states
}

function keyOf(id: string): { readonly kind: 'transaction'; readonly id: string } {
  return { kind: 'transaction', id }
}

function transactionalId(id: string): string {
  return `transactional id ${id}`
}
