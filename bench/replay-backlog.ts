import { crc32 } from 'node:zlib'
import { seededRng } from '../src/async/rng.ts'
import type { Rng } from '../src/async/rng.ts'
import type { AttributeValue, Item } from '../src/change/attribute-value.ts'

/** A stream's worth of changes, as GetRecords answers them. */
export interface Backlog {
  readonly shardIds: readonly string[]
  readonly records: number
  /** Mean of the records' SizeBytes: keys and images by DynamoDB's own rules. */
  readonly meanSizeBytes: number
  /** The answer for page `page` of a shard; an empty one behind the last. Undefined if there is no such shard. */
  page(shardIndex: number, page: number): EncodedPage | undefined
  /** The page that begins behind a sequence number; undefined unless that number is the last one of a page. */
  pageBehind(shardIndex: number, sequenceNumber: string): number | undefined
}

/** A body that is ready to be sent, with the value of its x-amz-crc32 header. */
export interface EncodedPage {
  readonly body: Buffer
  readonly crc32: string
}

const pageRecords = 1_000
const firstSequenceNumber = 428_379_100_000_000_012_345_678n

/** Makes the same changes every time: eight MODIFY, one INSERT and one REMOVE of ten, of small shop orders. */
export function createBacklog(options: { readonly records: number; readonly shards: number }): Backlog {
  const { records, shards } = options
  const shardIds = Array.from({ length: shards }, (_, index) => `shardId-0000000179542613771${index}-6c8358a${index}`)
  const perShard = Math.ceil(records / shards)
  let bytes = 0
  const pages = shardIds.map((_, shardIndex) => {
    const rng = seededRng(shardIndex + 1)
    const encoded: EncodedPage[] = []
    for (let from = 0; from < perShard; from += pageRecords) {
      const page: string[] = []
      for (let index = from; index < Math.min(from + pageRecords, perShard); index++) {
        const sequenceNumber = String(sequenceNumberOf(shardIndex, index))
        const createdAtS = 1_795_426_137 + Math.floor(index / 500)
        const change = makeChange(shardIndex, index, rng, { sequenceNumber, createdAtS })
        bytes += change.sizeBytes
        page.push(change.json)
      }
      encoded.push(encodePage(page, iteratorOf(shardIndex, encoded.length + 1)))
    }
    return encoded
  })
  return {
    shardIds,
    records: perShard * shards,
    meanSizeBytes: bytes / Math.max(1, perShard * shards),
    page: (shardIndex, page) => {
      const ofShard = pages[shardIndex]
      return ofShard === undefined ? undefined : (ofShard[page] ?? encodePage([], iteratorOf(shardIndex, page)))
    },
    pageBehind: (shardIndex, sequenceNumber) => {
      const behind = Number(BigInt(sequenceNumber) - sequenceNumberOf(shardIndex, 0)) + 1
      return behind % pageRecords === 0 || behind === perShard ? Math.ceil(behind / pageRecords) : undefined
    },
  }
}

/** An iterator says all there is to know, so that one encoded page serves every table. */
export function iteratorOf(shardIndex: number, page: number): string {
  return `iterator-${shardIndex}-${page}-${'0'.repeat(180)}`
}

/** The place that an iterator means. */
export function placeOf(iterator: string): { readonly shardIndex: number; readonly page: number } {
  const [, shardIndex, page] = iterator.split('-').map(Number)
  return { shardIndex: shardIndex ?? -1, page: page ?? 0 }
}

function encodePage(records: readonly string[], next: string): EncodedPage {
  const body = Buffer.from(`{"Records":[${records.join(',')}],"NextShardIterator":"${next}"}`)
  return { body, crc32: String(crc32(body)) }
}

function sequenceNumberOf(shardIndex: number, index: number): bigint {
  return firstSequenceNumber + BigInt(shardIndex) * 1_000_000_000n + BigInt(index)
}

/** A record of GetRecords, and its SizeBytes. */
export function makeChange(
  shardIndex: number,
  index: number,
  rng: Rng,
  place: { readonly sequenceNumber: string; readonly createdAtS: number },
): { readonly json: string; readonly sizeBytes: number } {
  const kind = index % 10
  const eventName = kind === 3 ? 'INSERT' : kind === 7 ? 'REMOVE' : 'MODIFY'
  const after = makeOrder(shardIndex, index, rng)
  const before = { ...after, status: { S: 'OPEN' }, quantity: { N: String(pick(rng, 99)) } }
  const keys = { customer: after['customer'] ?? noKey, order: after['order'] ?? noKey }
  const images = {
    ...(eventName === 'REMOVE' ? {} : { NewImage: after }),
    ...(eventName === 'INSERT' ? {} : { OldImage: before }),
  }
  const sizeBytes = [keys, ...Object.values(images)].reduce((sum, item) => sum + itemBytes(item), 0)
  const record = {
    eventID: `${(shardIndex + 1).toString(16).padStart(8, 'e')}${index.toString(16).padStart(24, '0')}`,
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: place.createdAtS,
      Keys: keys,
      ...images,
      SequenceNumber: place.sequenceNumber,
      SizeBytes: sizeBytes,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  }
  return { json: JSON.stringify(record), sizeBytes }
}

const noKey: AttributeValue = { S: '' }
const cities = ['Nürnberg', 'Lyon', 'Porto', 'Gdańsk', 'Bergen', 'Utrecht']
const tags = ['express', 'gift', 'fragile', 'return', 'invoice']

/** A small shop order; its `order` is its number within the shard. */
export function makeOrder(shardIndex: number, index: number, rng: Rng): Item {
  const firstTag = pick(rng, tags.length - 1)
  return {
    customer: { S: `C#${shardIndex}${pick(rng, 1_000_000)}` },
    order: { S: `O#${String(index).padStart(9, '0')}` },
    status: { S: 'SHIPPED' },
    total: { N: `${pick(rng, 100_000)}.${10 + pick(rng, 89)}` },
    quantity: { N: String(pick(rng, 99)) },
    currency: { S: 'EUR' },
    note: { S: `please leave it at the door and ring twice, code ${pick(rng, 10_000)}` },
    tags: { SS: tags.slice(firstTag, firstTag + 2) },
    address: {
      M: {
        street: { S: `Main Street ${pick(rng, 200)}` },
        city: { S: cities[pick(rng, cities.length)] ?? '' },
        zip: { S: String(10_000 + pick(rng, 89_999)) },
      },
    },
    paid: { BOOL: rng.next() < 0.5 },
  }
}

function pick(rng: Rng, below: number): number {
  return Math.floor(rng.next() * below)
}

/** DynamoDB's size of an item: names and values in UTF-8, about a byte for two digits, three for a map or a list. */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0)
}

function valueBytes(value: AttributeValue): number {
  if ('S' in value) return Buffer.byteLength(value.S)
  if ('N' in value) return Math.ceil(value.N.replace(/\D/g, '').length / 2) + 1
  if ('SS' in value) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if ('M' in value) return 3 + itemBytes(value.M) + Object.keys(value.M).length
  return 1
}
