import type { FetchedRecord } from '../../kafka/kafka.ts'
import type { DeliveredChange } from './delivery-check.ts'
import { digestOfImage, digitsOf, isImage, parseExactly } from './image.ts'
import type { Image } from './image.ts'

/** A change of the table `orders` as the topic holds it. */
export interface ShopChange extends DeliveredChange {
  /** `READ`: a row of the snapshot. */
  readonly operation: 'INSERT' | 'UPDATE' | 'DELETE' | 'READ' | 'UNKNOWN'
  readonly beforeImage: Image | null
  readonly afterImage: Image | null
}

const operations: Readonly<Record<string, ShopChange['operation']>> = {
  c: 'INSERT',
  u: 'UPDATE',
  d: 'DELETE',
  r: 'READ',
}

/** No write has this rank. */
const unknownRank = -1

/** An item's name in the ledger and on the screen. */
export function shopKey(customer: string, order: string): string {
  return `${customer}/${order}`
}

/** The rank of the write that gave an item this version. A version's end, by a delete, comes behind it. */
export function rankOfVersion(version: number): number {
  return version * 2
}

/** The rank of the delete of an item that had this version. */
export function rankOfDelete(version: number): number {
  return version * 2 + 1
}

/**
 * Reads a record of the topic; undefined for a tombstone. What is not an envelope of the shop becomes a change that no
 * write made, so that the check counts it. Key and images come from the value; the record's key must name the same item.
 */
export function readShopChange(record: FetchedRecord, partition: number): ShopChange | undefined {
  if (record.value === null) return undefined
  const envelope = parsed(record.value)
  const key = keyOf(parsed(record.key ?? Buffer.from('null')))
  const before = envelope === undefined ? undefined : imageOf(envelope['before'])
  const after = envelope === undefined ? undefined : imageOf(envelope['after'])
  const operation = operations[textOf(envelope?.['op'])]
  const image = after ?? before
  const isWhole = operation !== undefined && fits(operation, before, after) && isOf(image, key)
  return {
    key,
    rank: isWhole ? rankOf(operation, image) : unknownRank,
    operation: operation ?? 'UNKNOWN',
    before: before === undefined || before === null ? null : digestOfImage(before),
    after: after === undefined || after === null ? null : digestOfImage(after),
    isRow: operation === 'READ',
    partition,
    offset: record.offset,
    beforeImage: before ?? null,
    afterImage: after ?? null,
  }
}

function parsed(bytes: Buffer): Image | undefined {
  try {
    const value = parseExactly(bytes.toString('utf8'))
    return isImage(value) ? value : undefined
  } catch {
    // Not JSON: the caller makes it a change that nobody wrote.
    return undefined
  }
}

/** Null where the envelope says so; undefined if it says something else than an item. */
function imageOf(value: unknown): Image | null | undefined {
  return value === null || isImage(value) ? value : undefined
}

function keyOf(key: Image | undefined): string {
  return shopKey(textOf(key?.['customer']), textOf(key?.['order']))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '?'
}

/** An insert and a row have no image before, a delete none behind, an update both. */
function fits(operation: ShopChange['operation'], before?: Image | null, after?: Image | null): boolean {
  if (before === undefined || after === undefined) return false
  return (
    (before === null) === (operation === 'INSERT' || operation === 'READ') &&
    (after === null) === (operation === 'DELETE')
  )
}

function isOf(image: Image | null | undefined, key: string): image is Image {
  return image !== null && image !== undefined && keyOf(image) === key
}

function rankOf(operation: ShopChange['operation'], image: Image): number {
  const version = Number(digitsOf(image['version']) ?? Number.NaN)
  return operation === 'DELETE' ? rankOfDelete(version) : rankOfVersion(version)
}
