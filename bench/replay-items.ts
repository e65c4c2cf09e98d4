import { crc32 } from 'node:zlib'
import { seededRng } from '../src/async/rng.ts'
import { itemBytes, makeOrder } from './replay-backlog.ts'
import type { EncodedPage } from './replay-backlog.ts'

/** A table's worth of items, as Scan answers them. */
export interface StoredItems {
  readonly items: number
  readonly meanSizeBytes: number
  /** The page behind that key; undefined if there is no such place. */
  page(segment: number, afterKey: unknown): EncodedPage | undefined
}

/** About a megabyte of items, as DynamoDB counts. */
const pageItems = 4_000

/** Makes the same items every time. */
export function createStoredItems(options: { readonly items: number; readonly segments: number }): StoredItems {
  const perSegment = Math.ceil(options.items / options.segments)
  let bytes = 0
  const pages = Array.from({ length: options.segments }, (_, segment) => {
    const rng = seededRng(segment + 100)
    const encoded: EncodedPage[] = []
    for (let from = 0; from < perSegment; from += pageItems) {
      const length = Math.min(pageItems, perSegment - from)
      const items = Array.from({ length }, (_none, index) => makeOrder(segment, from + index, rng))
      bytes += items.reduce((sum, item) => sum + itemBytes(item), 0)
      const { customer, order } = items.at(-1) ?? {}
      const last = from + length < perSegment ? { LastEvaluatedKey: { customer, order } } : {}
      const body = Buffer.from(JSON.stringify({ Items: items, Count: length, ScannedCount: length, ...last }))
      encoded.push({ body, crc32: String(crc32(body)) })
    }
    return encoded
  })
  return {
    items: perSegment * options.segments,
    meanSizeBytes: bytes / Math.max(1, perSegment * options.segments),
    page: (segment, afterKey) => pages[segment]?.[afterKey === undefined ? 0 : pageBehind(afterKey)],
  }
}

/** Orders are numbered within their segment, so the last key of a page tells the next one. */
function pageBehind(key: unknown): number {
  const { order } = key as { readonly order: { readonly S: string } }
  return Math.ceil((Number(order.S.replace(/\D/g, '')) + 1) / pageItems)
}
