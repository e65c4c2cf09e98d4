import { createAPI, Reader, Writer } from '@platformatic/kafka'
import { TailraceError } from '../errors.ts'
import type { ClusterMetadata, PartitionLeader } from './cluster-metadata.ts'
import type { FetchedPartition, FetchRequest } from './kafka.ts'
import { decodeRecordBatches } from './record-batch-decoder.ts'
import type { Wire } from './wire.ts'
import { brokerError, isMoved } from './wire-errors.ts'

/** What goes over the wire for one partition. */
interface WireFetch extends FetchRequest {
  readonly topicId: string
}

/** The one partition of an answer, its record batches not yet decoded. */
interface WireFetched extends Omit<FetchedPartition, 'batches'> {
  readonly errorCode: number
  readonly records: Buffer
}

// From 13 on topics go by id, so a recreated topic is not mistaken for its predecessor. 11 is the newest of some
// Kafka-compatible services.
const apis = [17, 16, 15, 14, 13, 12, 11].map((version) => {
  const isFlexible = version >= 12
  const write = (request: WireFetch): Writer => writeRequest(version, request)
  const parse = (_correlation: number, _key: number, _version: number, reader: Reader): WireFetched =>
    readAnswer(version, reader)
  return createAPI<[WireFetch], WireFetched>(1, version, write, parse, isFlexible, isFlexible)
})

/** The fetch half of the port: one partition a request, outside any fetch session. */
export function createFetch(options: {
  readonly wire: Wire
  readonly metadata: ClusterMetadata
}): (request: FetchRequest, signal: AbortSignal) => Promise<FetchedPartition> {
  const { wire, metadata } = options
  return async (request, signal) => {
    const { topic, partition } = request
    const leader = await metadata.leader(topic, partition, signal)
    const answer = await exchange(request, leader, signal)
    if (answer.errorCode !== 0) {
      if (isMoved(answer.errorCode)) metadata.forget(topic)
      throw brokerError(answer.errorCode, { action: 'Fetch', resource: `${topic}-${partition}`, topic, partition })
    }
    const { highWatermark, lastStable, logStart, abortedTransactions } = answer
    return { batches: decodeRecordBatches(answer.records), highWatermark, lastStable, logStart, abortedTransactions }
  }

  async function exchange(request: FetchRequest, leader: PartitionLeader, signal: AbortSignal): Promise<WireFetched> {
    const maxWaitMs = Math.min(request.maxWaitMs, Math.floor(wire.requestTimeoutMs / 2))
    const versions = leader.topicId === unknownTopicId ? apis.slice(5) : apis
    const call = { broker: leader.broker, action: 'Fetch', versions }
    try {
      return await wire.send(
        { ...call, request: [{ ...request, maxWaitMs, topicId: leader.topicId }] as [WireFetch] },
        signal,
      )
    } catch (error) {
      if (!signal.aborted) metadata.forget(request.topic)
      throw error
    }
  }
}

const unknownTopicId = '00000000-0000-0000-0000-000000000000'

function writeRequest(version: number, request: WireFetch): Writer {
  const isFlexible = version >= 12
  const writer = Writer.create()
  if (version < 15) writer.appendInt32(-1) // replica id: a consumer
  writer
    .appendInt32(request.maxWaitMs)
    .appendInt32(1)
    .appendInt32(request.maxBytes)
    .appendInt8(request.isolation === 'read_committed' ? 1 : 0)
    .appendInt32(0)
    .appendInt32(-1)
    .appendArray([request], (topicWriter) => writeTopic(topicWriter, version, request), isFlexible, isFlexible)
    .appendArray([], () => {}, isFlexible, isFlexible)
    .appendString('', isFlexible)
  return isFlexible ? writer.appendTaggedFields() : writer
}

function writeTopic(writer: Writer, version: number, request: WireFetch): void {
  const isFlexible = version >= 12
  if (version >= 13) writer.appendUUID(request.topicId)
  else writer.appendString(request.topic, isFlexible)
  writer.appendArray(
    [request.partition],
    (partitionWriter, partition) => {
      partitionWriter.appendInt32(partition).appendInt32(-1).appendInt64(request.offset)
      if (isFlexible) partitionWriter.appendInt32(-1)
      partitionWriter.appendInt64(-1n).appendInt32(request.maxBytes)
    },
    isFlexible,
    isFlexible,
  )
}

function readAnswer(version: number, wireReader: Reader): WireFetched {
  const isFlexible = version >= 12
  // One contiguous copy, so that keys and values are views into it.
  const reader = Reader.from(wireReader.buffer.slice(wireReader.position))
  reader.readInt32() // throttle time
  const errorCode = reader.readInt16()
  reader.readInt32() // session id
  const partitions = reader.readArray((topicReader) => readTopic(topicReader, version), isFlexible, isFlexible).flat()
  const partition = partitions[0]
  if (errorCode === 0 && partition !== undefined) return partition
  if (errorCode === 0) throw new TailraceError('KAFKA_PROTOCOL', 'Fetch: the broker answered without the partition.')
  return {
    errorCode,
    highWatermark: -1n,
    lastStable: -1n,
    logStart: -1n,
    abortedTransactions: [],
    records: Buffer.alloc(0),
  }
}

function readTopic(reader: Reader, version: number): WireFetched[] {
  const isFlexible = version >= 12
  if (version >= 13) reader.readUUID()
  else reader.readString(isFlexible)
  return reader.readArray((partitionReader) => readPartition(partitionReader, isFlexible), isFlexible, isFlexible)
}

function readPartition(reader: Reader, isFlexible: boolean): WireFetched {
  reader.readInt32() // partition index: only one was asked for
  const errorCode = reader.readInt16()
  const highWatermark = reader.readInt64()
  const lastStable = reader.readInt64()
  const logStart = reader.readInt64()
  const abortedTransactions = reader.readArray(
    (entry) => ({ producerId: entry.readInt64(), firstOffset: entry.readInt64() }),
    isFlexible,
    isFlexible,
  )
  reader.readInt32() // preferred read replica: no rack was named
  const records = reader.readNullableBytes(isFlexible) ?? Buffer.alloc(0)
  return { errorCode, highWatermark, lastStable, logStart, abortedTransactions, records }
}
