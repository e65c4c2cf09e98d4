import { createRecordsBatch, Reader, readRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProducerRecord } from './kafka.ts'
import { decodeRecordBatches } from './record-batch-decoder.ts'
import {
  batchBytes,
  checksum,
  encodedBytes,
  encodeRecordBatch,
  fitsBatch,
  recordBytes,
} from './record-batch-encoder.ts'
import type { BatchHeader } from './record-batch-encoder.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map((data) => Buffer.from(data))
const records = fc.array(
  fc.record<ProducerRecord>({
    topic: fc.constant('topic'),
    partition: fc.constant(0),
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.array(
      fc.tuple(
        fc.string({ maxLength: 20 }).map((name) => Buffer.from(name)),
        bytes,
      ),
      { maxLength: 4 },
    ),
    timestamp: fc.integer({ min: 0, max: 8_640_000_000_000 }),
  }),
  { minLength: 1, maxLength: 20 },
)
const header: BatchHeader = { producerId: 77n, producerEpoch: 5, isTransactional: true, compression: 'none' }

const encode = (batch: readonly ProducerRecord[], how: BatchHeader = header): Buffer =>
  encodeRecordBatch({ topic: 'topic', partition: 0, baseSequence: 9, records: batch }, how)

test('what is encoded is decoded again, under every compression, and no record is larger than its bound', () => {
  const compression = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd' as const)
  fc.assert(
    fc.property(records, compression, (batch, codec) => {
      const encoded = encode(batch, { ...header, compression: codec })
      const [decoded] = decodeRecordBatches(encoded)
      expect(decoded).toMatchObject({
        baseOffset: 0n,
        nextOffset: BigInt(batch.length),
        producerId: 77n,
        isTransactional: true,
      })
      expect(decoded?.records).toEqual(
        batch.map(({ key, value, timestamp, headers }, index) => ({
          offset: BigInt(index),
          timestamp,
          key,
          value,
          headers: headers.map(([name, data]) => [name.toString(), data]),
        })),
      )
      const bound = batch.reduce((sum, record) => sum + recordBytes(record), 61)
      if (codec === 'none') expect(encoded.length).toBeLessThanOrEqual(bound)
    }),
  )
})

test('the size of a batch is known to the byte before it is sent, under every compression', () => {
  const compression = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd' as const)
  const repeated = fc.integer({ min: 1, max: 100_000 }).map((length) => Buffer.alloc(length, 'ab'))
  fc.assert(
    fc.property(records, fc.option(repeated), compression, (some, long, codec) => {
      const batch = some.map((record) => ({ ...record, ...(long === null ? {} : { value: long }), timestamp: 7 }))
      const sent = encode(batch, { ...header, compression: codec }).length
      expect(encodedBytes(batch, codec)).toBe(sent)
      if (codec === 'none') expect(batchBytes(batch)).toBe(sent)
      expect([sent - 1, sent, sent + 1].map((limit) => fitsBatch(batch, codec, limit))).toEqual([false, true, true])
    }),
  )
})

test('another implementation reads the same from our bytes, and we from its', () => {
  fc.assert(
    fc.property(records, (batch) => {
      const theirs = readRecordsBatch(Reader.from(encode(batch)))
      expect(theirs).toMatchObject({ magic: 2, producerId: 77n, producerEpoch: 5, firstSequence: 9, attributes: 0x10 })
      expect(theirs.records.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(
        batch.map(({ key, value, headers }) => ({ key, value, headers })),
      )
      const messages = batch.map(({ key, value, timestamp }) => ({
        topic: 'topic',
        partition: 0,
        ...(key === null ? {} : { key }),
        value: value ?? Buffer.from('none'),
        timestamp: BigInt(timestamp % 2 ** 31), // a larger distance within a batch is written wrongly by the library
      }))
      const written = createRecordsBatch(messages, { producerId: 3n, producerEpoch: 1 }).buffer
      expect(decodeRecordBatches(written)[0]?.records.map(({ key, timestamp }) => ({ key, timestamp }))).toEqual(
        batch.map(({ key, timestamp }) => ({ key, timestamp: timestamp % 2 ** 31 })),
      )
    }),
  )
})

const one: ProducerRecord = { topic: 't', partition: 0, key: Buffer.from('k'), value: null, headers: [], timestamp: 1 }

/** A batch with the given attributes; `data` replaces the record count and what follows it. */
function crafted(attributes: number, data?: Buffer): Buffer {
  const message = { topic: 't', partition: 0, key: Buffer.from([0, 0, 0, 1]), value: Buffer.alloc(6), timestamp: 5n }
  const batch = createRecordsBatch([message], { producerId: 3n, producerEpoch: 1 }).buffer
  const whole = data === undefined ? Buffer.from(batch) : Buffer.concat([batch.subarray(0, 57), data])
  whole.writeInt32BE(whole.length - 12, 8)
  whole.writeInt16BE(attributes, 21)
  whole.writeBigInt64BE(99n, 35)
  whole.writeUInt32BE(checksum(whole), 17)
  return whole
}

test('markers are told from data; a marker has no records', () => {
  const commit = crafted(0x30)
  expect(decodeRecordBatches(commit)[0]).toMatchObject({ marker: 'commit', records: [], producerId: 3n })
})

test('an empty batch, as compaction leaves it, says where reading goes on', () => {
  const empty = crafted(0x10, Buffer.alloc(4))
  expect(decodeRecordBatches(empty)).toEqual([
    {
      baseOffset: 0n,
      nextOffset: 1n,
      producerId: 3n,
      producerEpoch: 1,
      isTransactional: true,
      marker: undefined,
      records: [],
    },
  ])
})

test('under LogAppendTime the time of the header counts', () => {
  expect(decodeRecordBatches(crafted(0x08))[0]?.records[0]?.timestamp).toBe(99)
})

test('a batch that the broker cut off is left out; a damaged or an old one is refused', () => {
  const batch = encode([one, one])
  expect(decodeRecordBatches(Buffer.concat([batch, batch.subarray(0, batch.length - 1)]))).toHaveLength(1)
  expect(decodeRecordBatches(Buffer.concat([batch, batch.subarray(0, 30)]))).toHaveLength(1)
  const damaged = Buffer.from(batch)
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
  expect(() => decodeRecordBatches(damaged)).toThrow('checksum')
  const old = Buffer.from(batch)
  old[16] = 1
  expect(() => decodeRecordBatches(old)).toThrow('message format 1')
})
