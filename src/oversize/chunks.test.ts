import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headersOf, oversizedChange } from '../../test/oracle/oversized-changes.ts'
import { seededRng } from '../async/rng.ts'
import { createRecordReader } from '../reader/record-reader.ts'
import { createChunking } from './chunks.ts'

const never = new AbortController().signal
const chunking = createChunking({ isCompacted: () => Promise.resolve(false) })
const noObjects = (): never => {
  throw new Error('there are no objects')
}

describe('parts', () => {
  it('all fit, whatever the limit and the codec, share the key, and make up the value again', async () => {
    const codec = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd' as const)
    let cut = 0
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(),
          length: fc.integer({ min: 500, max: 20_000 }),
          letters: fc.constantFrom(1, 4, 256),
        }),
        fc.integer({ min: 500, max: 6_000 }),
        codec,
        fc.boolean(),
        async (content, limit, compression, isDelete) => {
          const bytes = bytesOf(content)
          const change = oversizedChange(bytes, limit, { compression, isDelete })
          fc.pre(!change.fits(change.records))
          const shrunk = await chunking.shrink(change, never)
          const records = shrunk?.records ?? []
          expect(change.fits(records)).toBe(true)
          const tail = isDelete ? 1 : 0
          expect(records.map(({ value }) => value === null).lastIndexOf(false)).toBe(records.length - 1 - tail)
          for (const { key } of records) expect(key).toBe(change.records[0]?.key)
          const parts = records.slice(0, records.length - tail)
          // No room is given away: a part less would not do.
          expect(parts.length).toBeLessThanOrEqual(Math.ceil(bytes.length / (limit * 0.98 - 480)))
          const reader = createRecordReader({ getObject: noObjects })
          const whole: unknown[] = []
          for (const part of parts) whole.push(await reader.take({ value: part.value, headers: part.headers }))
          expect(whole.slice(0, -1).every((one) => one === undefined)).toBe(true)
          expect(whole.at(-1)).toMatchObject({ value: bytes })
          cut += parts.length
        },
      ),
      { numRuns: 60 },
    )
    expect(cut).toBeGreaterThan(200)
  })

  it('say what they do to the item, which of them they are, and are the same when the change comes again', async () => {
    const change = oversizedChange(Buffer.alloc(3_000, 'x'), 1_000, { isDelete: true })
    const { records = [] } = (await chunking.shrink(change, never)) ?? {}
    expect(records.map(headersOf).slice(0, 2)).toMatchObject([
      { 'tailrace.table': 'orders', 'tailrace.op': 'd', 'tailrace.chunk.index': '0', 'tailrace.chunk.bytes': '3000' },
      { 'tailrace.op': 'd', 'tailrace.chunk.index': '1', 'tailrace.chunk.count': String(records.length - 1) },
    ])
    expect((await chunking.shrink(change, never))?.records).toEqual(records)
    const other = { ...change, position: { shard: 'shardId-1', sequenceNumber: '101' } }
    const ids = [change, other].map(async (one) => headersOf((await chunking.shrink(one, never))?.records[0] ?? never0))
    const [first, second] = await Promise.all(ids)
    expect(first?.['tailrace.chunk.id']).not.toBe(second?.['tailrace.chunk.id'])
  })

  it('are not made for a compacted topic, which would keep the last alone', async () => {
    const refusing = createChunking({ isCompacted: (topic) => Promise.resolve(topic === 'shop.orders') })
    const change = oversizedChange(Buffer.alloc(3_000), 1_000)
    await expect(refusing.shrink(change, never)).rejects.toMatchObject({
      code: 'OVERSIZE_COMPACTED',
      details: { topic: 'shop.orders', table: 'orders', shard: 'shardId-1', sequenceNumber: '100' },
    })
  })

  it('are not made where key and headers alone are too large', async () => {
    expect(await chunking.shrink(oversizedChange(Buffer.alloc(3_000), 300), never)).toBeUndefined()
  })
})

const never0 = { headers: [] }

/** What can be compressed more or less, or not at all. */
function bytesOf({
  seed,
  length,
  letters,
}: {
  readonly seed: number
  readonly length: number
  readonly letters: number
}): Buffer {
  const rng = seededRng(seed)
  return Buffer.from(Array.from({ length }, () => Math.floor(rng.next() * letters)))
}
