import { batchHeaderBytes, checksum } from '../../../src/kafka/record-batch-encoder.ts'
import type { FetchedRecord } from '../../../src/kafka/kafka.ts'

/** A batch's header, as far as a broker looks at it. */
export interface BatchFacts {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly records: number
  readonly lastOffsetDelta: number
  readonly isTransactional: boolean
  readonly isControl: boolean
}

/** Reads the header of one batch in format v2. */
export function readBatchFacts(bytes: Buffer): BatchFacts {
  const attributes = bytes.readInt16BE(21)
  return {
    producerId: Number(bytes.readBigInt64BE(43)),
    producerEpoch: bytes.readInt16BE(51),
    baseSequence: bytes.readInt32BE(53),
    records: bytes.readInt32BE(57),
    lastOffsetDelta: bytes.readInt32BE(23),
    isTransactional: (attributes & 0x10) !== 0,
    isControl: (attributes & 0x20) !== 0,
  }
}

/** The same batch at another place: a broker sets the base offset, which the checksum does not cover. */
export function atOffset(bytes: Buffer, baseOffset: number): Buffer {
  // Not out of the shared pool: a log that lives long would keep alive whatever else was in its slabs.
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  copy.writeBigInt64BE(BigInt(baseOffset), 0)
  return copy
}

/** The control batch that ends a transaction on one partition. */
export function markerBatch(marker: {
  readonly producerId: number
  readonly producerEpoch: number
  readonly outcome: 'commit' | 'abort'
  readonly timestamp: number
}): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(marker.outcome === 'commit' ? 1 : 0, 2)
  // Version and coordinator epoch; nobody reads them here.
  const value = Buffer.alloc(6)
  const record = { offsetDelta: 0, timestampDelta: 0, key, value, headers: [] }
  const header = { ...marker, attributes: 0x30, baseSequence: -1, lastOffsetDelta: 0, firstTimestamp: marker.timestamp }
  return writeBatch(header, [record])
}

/** What compaction leaves of a batch: some of its records, at their offsets. */
export function withRecords(bytes: Buffer, kept: readonly FetchedRecord[]): Buffer {
  const baseOffset = Number(bytes.readBigInt64BE(0))
  const firstTimestamp = Number(bytes.readBigInt64BE(27))
  const header = {
    ...readBatchFacts(bytes),
    attributes: bytes.readInt16BE(21),
    firstTimestamp,
  }
  const records = kept.map((record) => ({
    offsetDelta: Number(record.offset) - baseOffset,
    timestampDelta: record.timestamp - firstTimestamp,
    key: record.key,
    value: record.value,
    headers: record.headers,
  }))
  return atOffset(writeBatch(header, records), baseOffset)
}

interface HeaderFields {
  readonly producerId: number
  readonly producerEpoch: number
  readonly attributes: number
  readonly baseSequence: number
  readonly lastOffsetDelta: number
  readonly firstTimestamp: number
}

interface RecordFields {
  readonly offsetDelta: number
  readonly timestampDelta: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [string, Buffer | null])[]
}

function writeBatch(header: HeaderFields, records: readonly RecordFields[]): Buffer {
  const body = Buffer.concat(records.map(recordBytes))
  const bytes = Buffer.concat([Buffer.alloc(batchHeaderBytes), body])
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt32BE(-1, 12)
  bytes.writeInt8(2, 16)
  bytes.writeInt16BE(header.attributes, 21)
  bytes.writeInt32BE(header.lastOffsetDelta, 23)
  bytes.writeBigInt64BE(BigInt(header.firstTimestamp), 27)
  bytes.writeBigInt64BE(BigInt(header.firstTimestamp), 35)
  bytes.writeBigInt64BE(BigInt(header.producerId), 43)
  bytes.writeInt16BE(header.producerEpoch, 51)
  bytes.writeInt32BE(header.baseSequence, 53)
  bytes.writeInt32BE(records.length, 57)
  bytes.writeUInt32BE(checksum(bytes), 17)
  return bytes
}

function recordBytes(record: RecordFields): Buffer {
  const headers = record.headers.flatMap(([name, value]) => [nullable(Buffer.from(name)), nullable(value)])
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(record.timestampDelta),
    varint(record.offsetDelta),
    nullable(record.key),
    nullable(record.value),
    varint(record.headers.length),
    ...headers,
  ])
  return Buffer.concat([varint(body.length), body])
}

function nullable(data: Buffer | null): Buffer {
  return data === null ? varint(-1) : Buffer.concat([varint(data.length), data])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
