import type { ProducerRecord } from '../src/kafka/kafka.ts'
import { decodeTopic } from './decode-rows.ts'

/** Records as they cross threads: their bytes in one buffer that is handed over, and what is needed to cut them again. */
export interface PackedRecords {
  readonly bytes: ArrayBuffer
  /** Four numbers a record: its partition, the lengths of its key and value, how many headers it has. */
  readonly facts: Int32Array<ArrayBuffer>
  /** Lengths of names and contents of all headers, in order. */
  readonly headers: Int32Array<ArrayBuffer>
  readonly timestamp: number
}

const factsPerRecord = 4

/** One copy into one buffer. Rows have values; nothing here has none. */
export function packRecords(records: readonly ProducerRecord[]): PackedRecords {
  const parts: Buffer[] = []
  const facts = new Int32Array(records.length * factsPerRecord)
  const headers: number[] = []
  for (const [index, { partition, key, value, headers: own }] of records.entries()) {
    if (key === null || value === null) throw new Error('a row has a key and a value')
    parts.push(key, value)
    for (const [name, content] of own) {
      parts.push(name, content)
      headers.push(name.length, content.length)
    }
    facts.set([partition, key.length, value.length, own.length], index * factsPerRecord)
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const bytes = new ArrayBuffer(length)
  const target = Buffer.from(bytes)
  let at = 0
  for (const part of parts) at += part.copy(target, at)
  return { bytes, facts, headers: Int32Array.from(headers), timestamp: records[0]?.timestamp ?? 0 }
}

/** Views into the buffer; nothing is copied. */
export function unpackRecords({ bytes, facts, headers, timestamp }: PackedRecords): readonly ProducerRecord[] {
  const records: ProducerRecord[] = []
  let at = 0
  let header = 0
  const cut = (length: number): Buffer => {
    const part = Buffer.from(bytes, at, length)
    at += length
    return part
  }
  for (let index = 0; index < facts.length; index += factsPerRecord) {
    const [partition = 0, keyLength = 0, valueLength = 0, count = 0] = facts.subarray(index, index + factsPerRecord)
    const key = cut(keyLength)
    const value = cut(valueLength)
    const own: (readonly [Buffer, Buffer])[] = []
    for (let n = 0; n < count; n++) own.push([cut(headers[header++] ?? 0), cut(headers[header++] ?? 0)])
    records.push({ topic: decodeTopic, partition, key, value, headers: own, timestamp })
  }
  return records
}
