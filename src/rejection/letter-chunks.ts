import { createHash } from 'node:crypto'
import type { DeadLetter } from './dead-letter.ts'
import { chunkHeaders, header, letterHeaders } from './letter-headers.ts'
import type { Header } from './letter-headers.ts'

/** A chunk is never smaller, but for the last one: thousands of records for one letter help nobody. Bytes. */
const leastChunkBytes = 256

/**
 * The letter as one record, or cut into several with one key, the first of which has its headers. They must stand side by
 * side in one partition. Undefined if the topic takes no records in which a useful part would fit.
 */
export function chunksOf(
  letter: DeadLetter,
  limits: {
    readonly maxRecordBytes: number
    readonly sizeOf: (record: DeadLetter) => number
  },
): readonly DeadLetter[] | undefined {
  const { maxRecordBytes, sizeOf } = limits
  if (sizeOf(letter) <= maxRecordBytes) return [letter]
  const { key, value } = letter
  const sha256 = createHash('sha256').update(value).digest('hex')
  const pipeline = letter.headers.filter(([name]) => name.toString() === letterHeaders.pipeline)
  // The numbers' digits count: those of the worst case stand for all of them.
  const most = Math.ceil(value.length / leastChunkBytes)
  const headersOf = (index: number, count: number): readonly Header[] => [
    ...(index === 0 ? letter.headers : pipeline),
    header(chunkHeaders.id, sha256.slice(0, 32)),
    header(chunkHeaders.index, String(index)),
    header(chunkHeaders.count, String(count)),
    header(chunkHeaders.bytes, String(value.length)),
    header(chunkHeaders.sha256, sha256),
  ]
  const roomBehind = (headers: readonly Header[]): number =>
    maxRecordBytes - sizeOf({ key, value: Buffer.alloc(0), headers })
  const first = roomBehind(headersOf(0, most))
  const other = roomBehind([...headersOf(1, most), header('', String(most))])
  if (first < leastChunkBytes || other < leastChunkBytes) return undefined
  const parts = [value.subarray(0, first)]
  for (let from = first; from < value.length; from += other) parts.push(value.subarray(from, from + other))
  return parts.map((part, index) => ({ key, value: part, headers: headersOf(index, parts.length) }))
}

/** The value of a letter's parts, in their order; undefined if they are not whole. */
export function joinChunks(parts: readonly Buffer[], told: { readonly sha256: string }): Buffer | undefined {
  const value = Buffer.concat(parts)
  return createHash('sha256').update(value).digest('hex') === told.sha256 ? value : undefined
}
