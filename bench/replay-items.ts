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

/** Makes the same items every time. With `laps` they come so many times, for scans that are to last. */
export function createStoredItems(options: {
  readonly items: number
  readonly segments: number
  readonly laps: number
}): StoredItems {
  const perSegment = Math.ceil(options.items / options.segments)
  let bytes = 0
  const pages = Array.from({ length: options.segments }, (_, segment) => {
    const rng = seededRng(segment + 100)
    const encoded: PageHead[] = []
    for (let from = 0; from < perSegment; from += pageItems) {
      const length = Math.min(pageItems, perSegment - from)
      const items = Array.from({ length }, (_none, index) => makeOrder(segment, from + index, rng))
      bytes += items.reduce((sum, item) => sum + itemBytes(item), 0)
      const counts = { Items: items, Count: length, ScannedCount: length }
      const head = Buffer.from(JSON.stringify(counts).slice(0, -1))
      encoded.push({ head, headCrc32: crc32(head) })
    }
    return encoded
  })
  return {
    items: perSegment * options.segments,
    meanSizeBytes: bytes / Math.max(1, perSegment * options.segments),
    page: (segment, afterKey) => {
      const ofSegment = pages[segment]
      const number = afterKey === undefined ? 0 : pageBehind(afterKey)
      const head = ofSegment?.[number % ofSegment.length]
      if (ofSegment === undefined || head === undefined) return undefined
      const isLast = number + 1 >= ofSegment.length * options.laps
      return finish(head, isLast ? '}' : `,"LastEvaluatedKey":${JSON.stringify(lastKeyOf(number))}}`)
    },
  }
}

/** An answer but for what follows on its items. */
interface PageHead {
  readonly head: Buffer
  readonly headCrc32: number
}

function finish({ head, headCrc32 }: PageHead, tail: string): EncodedPage {
  return { body: Buffer.concat([head, Buffer.from(tail)]), crc32: String(crc32(tail, headCrc32)) }
}

function lastKeyOf(page: number): unknown {
  return { customer: { S: 'C#0' }, order: { S: `O#${String((page + 1) * pageItems - 1).padStart(9, '0')}` } }
}

/** Orders are numbered within their segment, so the last key of a page tells the next one. */
function pageBehind(key: unknown): number {
  const { order } = key as { readonly order: { readonly S: string } }
  return Math.ceil((Number(order.S.replace(/\D/g, '')) + 1) / pageItems)
}
