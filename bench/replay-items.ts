import { crc32 } from 'node:zlib'
import { seededRng } from '../src/async/rng.ts'
import { itemBytes, makeOrder } from './replay-backlog.ts'
import type { EncodedPage } from './replay-backlog.ts'

/** A table's worth of items, as Scan answers them. */
export interface StoredItems {
  readonly items: number
  readonly meanSizeBytes: number
  /** What Scan is asked for by a segment, the key to go on behind, and a limit; undefined if there is no such place. */
  page(segment: number, afterKey: unknown, limit: unknown): EncodedPage | undefined
}

/** Items are encoded so many at a time; a limit below that is not kept. */
const chunkItems = 1_000
/** Without a limit: about a megabyte of items, as DynamoDB counts. */
const pageChunks = 4

/** Makes the same items every time. With `laps` they come so many times, for scans that are to last. */
export function createStoredItems(options: {
  readonly items: number
  readonly segments: number
  readonly laps: number
}): StoredItems {
  const chunksPerSegment = Math.ceil(options.items / options.segments / chunkItems)
  const total = chunksPerSegment * chunkItems * options.segments
  let bytes = 0
  const chunks = Array.from({ length: options.segments }, (_, segment) => {
    const rng = seededRng(segment + 100)
    return Array.from({ length: chunksPerSegment }, (_none, chunk) => {
      const items = Array.from({ length: chunkItems }, (_item, index) =>
        makeOrder(segment, chunk * chunkItems + index, rng),
      )
      bytes += items.reduce((sum, item) => sum + itemBytes(item), 0)
      return Buffer.from(JSON.stringify(items).slice(1, -1))
    })
  })
  return {
    items: total,
    meanSizeBytes: bytes / Math.max(1, total),
    page: (segment, afterKey, limit) => {
      const ofSegment = chunks[segment]
      const from = afterKey === undefined ? 0 : chunkBehind(afterKey)
      const mayHave = typeof limit === 'number' ? Math.floor(limit / chunkItems) : pageChunks
      const wanted = Math.max(1, Math.min(mayHave, pageChunks))
      const until = Math.min(from + wanted, chunksPerSegment * options.laps)
      if (ofSegment === undefined || until <= from) return undefined
      const taken = Array.from(
        { length: until - from },
        (_, at) => ofSegment[(from + at) % chunksPerSegment] ?? noBytes,
      )
      return encodePage(taken, until < chunksPerSegment * options.laps ? until : undefined)
    },
  }
}

const noBytes = Buffer.alloc(0)

function encodePage(chunks: readonly Buffer[], next: number | undefined): EncodedPage {
  const count = chunks.length * chunkItems
  const last = next === undefined ? '' : `,"LastEvaluatedKey":${JSON.stringify(lastKeyOf(next))}`
  const parts = chunks.flatMap((chunk, at) => [Buffer.from(at === 0 ? '{"Items":[' : ','), chunk])
  const body = Buffer.concat([...parts, Buffer.from(`],"Count":${count},"ScannedCount":${count}${last}}`)])
  return { body, crc32: String(crc32(body)) }
}

/** Orders are numbered within their segment, on from lap to lap, so the last key tells what comes next. */
function lastKeyOf(nextChunk: number): unknown {
  return { customer: { S: 'C#0' }, order: { S: `O#${String(nextChunk * chunkItems - 1).padStart(9, '0')}` } }
}

function chunkBehind(key: unknown): number {
  const { order } = key as { readonly order: { readonly S: string } }
  return Math.ceil((Number(order.S.replace(/\D/g, '')) + 1) / chunkItems)
}
