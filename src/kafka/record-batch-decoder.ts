import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka'
import { TailraceError } from '../errors.ts'
import type { FetchedBatch, FetchedRecord } from './kafka.ts'
import { batchHeaderBytes, checksum } from './record-batch-encoder.ts'

/**
 * All whole batches in the bytes of a fetch answer. A broker may cut the last one off: it is left out and fetched again.
 * Empty batches (what compaction leaves of a producer's last one) are kept, because they say where reading goes on.
 * Keys and values are views into `data`. Rejects batches of the formats before v2, and wrong checksums.
 */
export function decodeRecordBatches(data: Buffer): FetchedBatch[] {
  const batches: FetchedBatch[] = []
  let at = 0
  while (data.length - at >= batchHeaderBytes) {
    const end = at + 12 + data.readInt32BE(at + 8)
    if (end > data.length) break
    batches.push(decodeBatch(data.subarray(at, end)))
    at = end
  }
  return batches
}

function decodeBatch(data: Buffer): FetchedBatch {
  const baseOffset = data.readBigInt64BE(0)
  const magic = data.readInt8(16)
  if (magic !== 2)
    throw unreadable(`it has message format ${magic}; tailrace reads format 2 (Kafka 0.11 and later)`, baseOffset)
  if (data.readUInt32BE(17) !== checksum(data)) throw unreadable('its checksum is wrong', baseOffset)
  const attributes = data.readInt16BE(21)
  const isControl = (attributes & 0x20) !== 0
  const records = decodeRecords(data, attributes, baseOffset)
  return {
    baseOffset,
    nextOffset: baseOffset + BigInt(data.readInt32BE(23) + 1),
    producerId: data.readBigInt64BE(43),
    producerEpoch: data.readInt16BE(51),
    isTransactional: (attributes & 0x10) !== 0,
    marker: isControl ? markerOf(records[0]) : undefined,
    records: isControl ? [] : records,
  }
}

function decodeRecords(data: Buffer, attributes: number, baseOffset: bigint): FetchedRecord[] {
  const count = data.readInt32BE(57)
  if (count === 0) return []
  const cursor = new RecordCursor(plainRecords(data, attributes, baseOffset))
  const baseTimestamp = Number(data.readBigInt64BE(27))
  // With LogAppendTime the broker's time stands in the header only.
  const appendTime = (attributes & 0x08) === 0 ? undefined : Number(data.readBigInt64BE(35))
  const records: FetchedRecord[] = []
  for (let index = 0; index < count; index++) records.push(cursor.record(baseOffset, baseTimestamp, appendTime))
  return records
}

function plainRecords(data: Buffer, attributes: number, baseOffset: bigint): Buffer {
  const records = data.subarray(batchHeaderBytes)
  const codec = attributes & 0x07
  if (codec === 0) return records
  const algorithm = compressionsAlgorithmsByBitmask[codec]
  if (algorithm === undefined || !algorithm.available)
    throw unreadable(`its compression (codec ${codec}) is not supported`, baseOffset)
  return algorithm.decompressSync(records)
}

// The key of a control record: int16 version, int16 type.
function markerOf(record: FetchedRecord | undefined): 'commit' | 'abort' | undefined {
  if (record?.key === null || record === undefined || record.key.length < 4) return undefined
  const type = record.key.readInt16BE(2)
  if (type === 0) return 'abort'
  return type === 1 ? 'commit' : undefined
}

function unreadable(reason: string, baseOffset: bigint): TailraceError {
  return new TailraceError('KAFKA_PROTOCOL', `The record batch at offset ${baseOffset} cannot be read: ${reason}.`)
}

class RecordCursor {
  readonly #data: Buffer
  #at = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  record(baseOffset: bigint, baseTimestamp: number, appendTime: number | undefined): FetchedRecord {
    const end = this.#varint() + this.#at
    this.#at += 1 // attributes, unused
    const timestamp = baseTimestamp + this.#varint()
    const offset = baseOffset + BigInt(this.#varint())
    const key = this.#bytes()
    const value = this.#bytes()
    const headers = this.#headers()
    this.#at = end
    return { offset, timestamp: appendTime ?? timestamp, key, value, headers }
  }

  #headers(): (readonly [string, Buffer | null])[] {
    const count = this.#varint()
    if (count === 0) return []
    const headers: (readonly [string, Buffer | null])[] = []
    for (let index = 0; index < count; index++) {
      const length = this.#varint()
      const name = this.#data.toString('utf8', this.#at, this.#at + length)
      this.#at += length
      headers.push([name, this.#bytes()])
    }
    return headers
  }

  #bytes(): Buffer | null {
    const length = this.#varint()
    if (length < 0) return null
    this.#at += length
    return this.#data.subarray(this.#at - length, this.#at)
  }

  // Zigzag. By arithmetic beyond 28 bits: timestamp deltas may exceed 32.
  #varint(): number {
    let byte = this.#data[this.#at++] ?? 0
    let value = byte & 0x7f
    let scale = 0x80
    while (byte >= 0x80) {
      byte = this.#data[this.#at++] ?? 0
      value += (byte & 0x7f) * scale
      scale *= 0x80
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
