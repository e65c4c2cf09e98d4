import { compressionsAlgorithms, crc32c, Writer } from '@platformatic/kafka'
import type { ProduceBatch, ProducerIdentity, ProducerRecord } from './kafka.ts'

/** How record batches are compressed on their way to the broker. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** What a batch's header says besides its records. */
export interface BatchHeader extends ProducerIdentity {
  readonly isTransactional: boolean
  readonly compression: Compression
}

/** Bytes of a batch before its first record. */
export const batchHeaderBytes = 61

/**
 * One record batch in Kafka's format v2, in a buffer of its own. Written by hand into one allocation: this is the hot
 * path of every record, and a chain of small buffers costs more than the rest of the pipeline's writing.
 */
export function encodeRecordBatch(batch: ProduceBatch, header: BatchHeader): Buffer {
  const { records } = batch
  const firstTimestamp = records[0]?.timestamp ?? 0
  const sizes = new Int32Array(records.length)
  let bytes = 0
  let maxTimestamp = firstTimestamp
  for (const [index, record] of records.entries()) {
    const size = bodyBytes(record, index, record.timestamp - firstTimestamp)
    sizes[index] = size
    bytes += size + varintBytes(zigzag(size))
    if (record.timestamp > maxTimestamp) maxTimestamp = record.timestamp
  }
  const cursor: Cursor = { target: Buffer.allocUnsafe(batchHeaderBytes + bytes), at: batchHeaderBytes }
  for (const [index, record] of records.entries()) {
    writeVarint(cursor, zigzag(sizes[index] ?? 0))
    writeBody(cursor, record, index, record.timestamp - firstTimestamp)
  }
  const target = header.compression === 'none' ? cursor.target : compressed(cursor.target, header.compression)
  target.writeBigInt64BE(0n, 0)
  target.writeInt32BE(target.length - 12, 8)
  target.writeInt32BE(-1, 12)
  target.writeInt8(2, 16)
  target.writeInt16BE((header.isTransactional ? 0x10 : 0) | compressionsAlgorithms[header.compression].bitmask, 21)
  target.writeInt32BE(records.length - 1, 23)
  target.writeBigInt64BE(BigInt(firstTimestamp), 27)
  target.writeBigInt64BE(BigInt(maxTimestamp), 35)
  target.writeBigInt64BE(header.producerId, 43)
  target.writeInt16BE(header.producerEpoch, 51)
  target.writeInt32BE(header.producerId < 0n ? -1 : batch.baseSequence, 53)
  target.writeInt32BE(records.length, 57)
  target.writeUInt32BE(checksum(target), 17)
  return target
}

/** CRC-32C of a whole batch in `data`: from the attributes to the end. */
export function checksum(data: Buffer): number {
  // Wrapped, because the native implementation copies a plain Buffer but not one that comes in the library's own type.
  return crc32c(Writer.create().append(data.subarray(21)).dynamicBuffer) >>> 0
}

/** An upper bound of the bytes one record adds to an uncompressed batch. */
export function recordBytes(record: ProducerRecord): number {
  let bytes = 32 + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const [name, value] of record.headers) bytes += name.length + value.length + 10
  return bytes
}

/** What goes out as one batch, as far as its size depends on it. Timestamps of one batch are taken to be equal. */
export type SizedRecord = Pick<ProducerRecord, 'key' | 'value' | 'headers'>

/** Exact bytes of an uncompressed batch of these records, as brokers and topics count them. */
export function batchBytes(records: readonly SizedRecord[]): number {
  return records.reduce((sum, record, index) => {
    const size = bodyBytes(record, index, 0)
    return sum + size + varintBytes(zigzag(size))
  }, batchHeaderBytes)
}

/**
 * True if a batch of these records has at most `limit` bytes on its way to the broker. Compresses them to find out, but only
 * where it decides: the compressed bytes are thrown away.
 */
export function fitsBatch(records: readonly SizedRecord[], compression: Compression, limit: number): boolean {
  const plain = batchBytes(records)
  if (compression === 'none') return plain <= limit
  // No codec makes more of what it cannot compress; snappy names a sixth as its worst.
  if (plain + plain / 6 + 100 <= limit) return true
  return encodedBytes(records, compression) <= limit
}

/** Exact bytes of a batch of these records on its way to the broker. Compresses them. */
export function encodedBytes(records: readonly SizedRecord[], compression: Compression): number {
  if (compression === 'none') return batchBytes(records)
  const target = Buffer.allocUnsafe(batchBytes(records))
  const cursor: Cursor = { target, at: batchHeaderBytes }
  for (const [index, record] of records.entries()) {
    writeVarint(cursor, zigzag(bodyBytes(record, index, 0)))
    writeBody(cursor, record, index, 0)
  }
  const { compressSync } = compressionsAlgorithms[compression]
  return batchHeaderBytes + compressSync(target.subarray(batchHeaderBytes)).length
}

interface Cursor {
  readonly target: Buffer
  at: number
}

function compressed(plain: Buffer, compression: Compression): Buffer {
  const records = compressionsAlgorithms[compression].compressSync(plain.subarray(batchHeaderBytes))
  return Buffer.concat([plain.subarray(0, batchHeaderBytes), records])
}

function bodyBytes(record: SizedRecord, offsetDelta: number, timestampDelta: number): number {
  let bytes = 1 + varintBytes(zigzag(timestampDelta)) + varintBytes(zigzag(offsetDelta))
  bytes += nullableBytes(record.key) + nullableBytes(record.value) + varintBytes(zigzag(record.headers.length))
  for (const [name, value] of record.headers) bytes += nullableBytes(name) + nullableBytes(value)
  return bytes
}

function writeBody(cursor: Cursor, record: SizedRecord, offsetDelta: number, timestampDelta: number): void {
  cursor.target[cursor.at++] = 0
  writeVarint(cursor, zigzag(timestampDelta))
  writeVarint(cursor, zigzag(offsetDelta))
  writeNullable(cursor, record.key)
  writeNullable(cursor, record.value)
  writeVarint(cursor, zigzag(record.headers.length))
  for (const [name, value] of record.headers) {
    writeNullable(cursor, name)
    writeNullable(cursor, value)
  }
}

function nullableBytes(data: Buffer | null): number {
  return data === null ? 1 : varintBytes(zigzag(data.length)) + data.length
}

function writeNullable(cursor: Cursor, data: Buffer | null): void {
  if (data === null) {
    cursor.target[cursor.at++] = 1
    return
  }
  writeVarint(cursor, zigzag(data.length))
  cursor.target.set(data, cursor.at)
  cursor.at += data.length
}

// By arithmetic, not by shifts: timestamp deltas may exceed 32 bits.
function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

function varintBytes(zigzagged: number): number {
  let bytes = 1
  for (let rest = zigzagged; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1
  return bytes
}

function writeVarint(cursor: Cursor, zigzagged: number): void {
  let rest = zigzagged
  while (rest >= 0x80) {
    cursor.target[cursor.at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  cursor.target[cursor.at++] = rest
}
