import { createAPI, produceV11, Writer } from '@platformatic/kafka'
import type { ClusterMetadata } from './cluster-metadata.ts'
import { KafkaError } from './kafka.ts'
import type { ProduceBatch, ProduceRequest } from './kafka.ts'
import type { BrokerAddress } from './kafka-connection.ts'
import { encodeRecordBatch } from './record-batch-encoder.ts'
import type { Compression } from './record-batch-encoder.ts'
import type { Wire } from './wire.ts'
import { brokerError, isMoved } from './wire-errors.ts'

type ProduceAnswer = Exclude<Awaited<ReturnType<typeof produceV11.api.async>>, boolean>
type EncodedRequest = [transactionalId: string | null, timeoutMs: number, batches: readonly EncodedBatch[]]

interface EncodedBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
}

// Version 12 has the layout of 11; it tells the broker to add the partitions to the transaction by itself (KIP-890).
const apis = [12, 11, 10, 9].map((version) =>
  createAPI<EncodedRequest, ProduceAnswer>(0, version, writeRequest, produceV11.parseResponse),
)

/** The produce half of the port: one request per leader, in parallel, acknowledged by all in-sync replicas. */
export function createProduce(options: {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
  readonly compression: Compression
}): (request: ProduceRequest, signal: AbortSignal) => Promise<void> {
  const { wire, metadata } = options
  return async (request, signal) => {
    const leaders = await batchesByLeader(metadata, request.batches, signal)
    const versions =
      request.transactionalId !== null && request.transactionVersion === 2 ? apis.slice(0, 1) : apis.slice(1)
    const outcomes = await Promise.allSettled(
      leaders.map(async ({ broker, batches }) => {
        const encoded = batches.map((batch) => encode(request, batch, options.compression))
        const call = {
          broker,
          action: 'Produce',
          versions,
          request: encodedRequest(request, wire.requestTimeoutMs * 0.8, encoded),
        }
        try {
          return { answer: await wire.send(call, signal), encoded }
        } catch (error) {
          for (const { topic } of batches) metadata.forget(topic)
          throw error
        }
      }),
    )
    const errors: unknown[] = []
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') errors.push(outcome.reason)
      else errors.push(...errorsIn(outcome.value, metadata))
    }
    // CONCURRENT_TRANSACTIONS is a plain refusal that a caller may answer with the same batches again; it must not hide
    // an outcome that is unknown.
    const worst = errors.find((error) => !(error instanceof KafkaError && error.errorCode === 51)) ?? errors[0]
    if (worst !== undefined) throw worst
  }
}

async function batchesByLeader(
  metadata: ClusterMetadata,
  batches: readonly ProduceBatch[],
  signal: AbortSignal,
): Promise<{ broker: BrokerAddress; batches: ProduceBatch[] }[]> {
  const groups = new Map<string, { broker: BrokerAddress; batches: ProduceBatch[] }>()
  for (const batch of batches) {
    const { broker } = await metadata.leader(batch.topic, batch.partition, signal)
    const key = `${broker.host}:${broker.port}`
    const group = groups.get(key) ?? { broker, batches: [] }
    group.batches.push(batch)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function encode(request: ProduceRequest, batch: ProduceBatch, compression: Compression): EncodedBatch {
  const { producerId, producerEpoch } = request
  const header = { producerId, producerEpoch, isTransactional: request.transactionalId !== null, compression }
  return { topic: batch.topic, partition: batch.partition, bytes: encodeRecordBatch(batch, header) }
}

function encodedRequest(request: ProduceRequest, timeoutMs: number, batches: readonly EncodedBatch[]): EncodedRequest {
  return [request.transactionalId, Math.floor(timeoutMs), batches]
}

function writeRequest(transactionalId: string | null, timeoutMs: number, batches: readonly EncodedBatch[]): Writer {
  const topics = Map.groupBy(batches, ({ topic }) => topic)
  const allReplicas = -1
  return Writer.create()
    .appendString(transactionalId)
    .appendInt16(allReplicas)
    .appendInt32(timeoutMs)
    .appendArray([...topics], (topicWriter, [topic, ofTopic]) => {
      topicWriter.appendString(topic).appendArray(ofTopic, (writer, { partition, bytes }) => {
        writer.appendInt32(partition).appendBytes(bytes)
      })
    })
    .appendTaggedFields()
}

function errorsIn(
  { answer, encoded }: { readonly answer: ProduceAnswer; readonly encoded: readonly EncodedBatch[] },
  metadata: ClusterMetadata,
): Error[] {
  const errors: Error[] = []
  for (const { name, partitionResponses } of answer.responses) {
    for (const { index, errorCode, errorMessage } of partitionResponses) {
      if (errorCode === 0) continue
      if (isMoved(errorCode)) metadata.forget(name)
      const bytes = encoded.find(({ topic, partition }) => topic === name && partition === index)?.bytes.length
      const attempt = { action: 'Produce', resource: `${name}-${index}`, topic: name, partition: index, bytes }
      errors.push(brokerError(errorCode, attempt, errorMessage))
    }
  }
  return errors
}
