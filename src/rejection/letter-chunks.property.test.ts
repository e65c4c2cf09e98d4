import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeadLetter } from './dead-letter.ts'
import { chunksOf, joinChunks } from './letter-chunks.ts'
import { chunkHeaders, header, letterHeaders } from './letter-headers.ts'

const sizeOf = ({ key, value, headers }: DeadLetter): number =>
  headers.reduce((sum, [name, content]) => sum + 10 + name.length + content.length, 101 + key.length + value.length)
const headersOf = ({ headers }: DeadLetter): Readonly<Record<string, string>> =>
  Object.fromEntries(headers.map(([name, value]) => [String(name), String(value)]))

describe('a letter that is cut', () => {
  it('fits in every part, and is whole when they are put together again', () => {
    const cut = fc.record({
      length: fc.integer({ min: 0, max: 40_000 }),
      note: fc.integer({ min: 0, max: 3_000 }),
      maxRecordBytes: fc.integer({ min: 200, max: 20_000 }),
    })
    let inParts = 0
    fc.assert(
      fc.property(cut, ({ length, note, maxRecordBytes }) => {
        const value = Buffer.from(Array.from({ length }, (_, at) => (at * 7919) % 251))
        const headers = [header(letterHeaders.pipeline, 'shop'), header('note', 'x'.repeat(note))]
        const letter = { key: Buffer.from('a key'), value, headers }
        const chunks = chunksOf(letter, { maxRecordBytes, sizeOf })
        if (chunks === undefined) {
          // No room beside the headers.
          expect(maxRecordBytes).toBeLessThan(sizeOf({ ...letter, value: Buffer.alloc(0) }) + 900)
          return
        }
        for (const chunk of chunks) expect(sizeOf(chunk)).toBeLessThanOrEqual(maxRecordBytes)
        if (chunks.length === 1) return
        inParts++
        expect(chunks.every(({ key }) => key === letter.key)).toBe(true)
        const told = chunks.map(headersOf)
        expect(told.map((one) => Number(one[chunkHeaders.index]))).toEqual(chunks.map((_, index) => index))
        expect(new Set(told.map((one) => `${one[chunkHeaders.id]} ${one[chunkHeaders.count]}`)).size).toBe(1)
        expect(told[0]?.[chunkHeaders.count]).toBe(String(chunks.length))
        expect(told.every((one) => one[letterHeaders.pipeline] === 'shop')).toBe(true)
        const sha256 = told[0]?.[chunkHeaders.sha256] ?? ''
        const parts = chunks.map((chunk) => chunk.value)
        expect(joinChunks(parts, { sha256 })?.equals(value)).toBe(true)
        expect(joinChunks(parts.slice(1), { sha256 })).toBeUndefined()
        expect(joinChunks([...parts].toReversed(), { sha256 })).toBeUndefined()
      }),
      { numRuns: 300 },
    )
    expect(inParts).toBeGreaterThan(50)
  })
})
