import type { BrokerContext, RequestHandler } from './broker-request.ts'
import { coordinatorCode, internalPartitionOf, partitionOf } from './cluster-state.ts'
import { codes } from './error-codes.ts'

function codeFor({ state, nodeId }: BrokerContext, id: string): number {
  return coordinatorCode(state, internalPartitionOf(state.transactionLog, id), nodeId)
}

/** InitProducerId, with a transactional id or without. */
export const initProducerId: RequestHandler = (context, { request }, respond) => {
  const [id, timeoutMs] = request as [string | null, number]
  const errorCode = id === null ? 0 : codeFor(context, id)
  const answer =
    errorCode === 0
      ? context.transactions.initProducerId(id, timeoutMs)
      : { errorCode, producerId: -1, producerEpoch: -1 }
  respond({ throttleTimeMs: 0, ...answer, producerId: BigInt(answer.producerId) })
}

interface WantedPartitions {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[]
}

/** AddPartitionsToTxn of a V1 client. */
export const addPartitionsToTxn: RequestHandler = (context, { request }, respond) => {
  const [[wanted]] = request as [readonly [WantedPartitions]]
  const { transactionalId, topics } = wanted
  const missing = codeFor(context, transactionalId)
  const found = topics.flatMap(({ name, partitions }) => partitions.map((one) => partitionOf(context.state, name, one)))
  const isWhole = found.every((partition) => partition !== undefined)
  const claim = { id: transactionalId, producerId: Number(wanted.producerId), producerEpoch: wanted.producerEpoch }
  const known = found.filter((partition) => partition !== undefined)
  const errorCode =
    missing !== 0
      ? missing
      : isWhole
        ? context.transactions.addPartitions(claim, known, 'add')
        : codes.UNKNOWN_TOPIC_OR_PARTITION
  const topicResults = topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: errorCode })),
  }))
  respond({ throttleTimeMs: 0, errorCode: 0, resultsByTransaction: [{ transactionalId, topicResults }] })
}

/** EndTxn: version 5 and later is V2's. */
export const endTxn: RequestHandler = (context, { request, version }, respond) => {
  const [id, producerId, producerEpoch, isCommit] = request as [string, bigint, number, boolean]
  const refused = codeFor(context, id)
  const protocol = version >= 5 ? 2 : 1
  const claim = { id, producerId: Number(producerId), producerEpoch }
  const answer =
    refused !== 0
      ? { errorCode: refused, producerId: -1, producerEpoch: -1 }
      : context.transactions.endTransaction(claim, isCommit ? 'commit' : 'abort', protocol)
  const identity = { producerId: BigInt(answer.producerId), producerEpoch: answer.producerEpoch }
  respond({ throttleTimeMs: 0, errorCode: answer.errorCode, ...(protocol === 2 ? identity : {}) })
}

/** DescribeTransactions. */
export const describeTransactions: RequestHandler = (context, { request }, respond) => {
  const [ids] = request as [readonly string[]]
  const transactionStates = ids.map((transactionalId) => {
    const refused = codeFor(context, transactionalId)
    const found = context.transactions.describe(transactionalId)
    if (refused !== 0 || found === undefined) {
      const errorCode = refused !== 0 ? refused : codes.TRANSACTIONAL_ID_NOT_FOUND
      return { errorCode, transactionalId, transactionState: '', producerId: -1n, producerEpoch: -1 }
    }
    const { phase, producerId, epoch } = found
    return {
      errorCode: 0,
      transactionalId,
      transactionState: phase,
      producerId: BigInt(producerId),
      producerEpoch: epoch,
    }
  })
  respond({ throttleTimeMs: 0, transactionStates })
}
