import { crc32 } from 'node:zlib'
import { seededRng } from '../src/async/rng.ts'
import { makeChange } from './replay-backlog.ts'
import type { EncodedPage } from './replay-backlog.ts'

/**
 * Streams whose changes become readable one after the other, evenly in time, from the moment at which a table is first asked
 * for. A sequence number tells when its change became readable, so whoever meets it in Kafka knows how old it is.
 */
export interface LiveStreams {
  /** The iterator at the beginning of a shard, or behind a sequence number. */
  iterator(table: string, shardIndex: number, after: string | undefined): string
  /** What has become readable behind an iterator. */
  page(iterator: string): EncodedPage
}

const pageRecords = 1_000

/** `perSecond`: changes of a table, over all of its shards. */
export function createLiveStreams(options: {
  readonly perSecond: number
  readonly shards: number
  readonly nowMs: () => number
}): LiveStreams {
  const { perSecond, shards, nowMs } = options
  const stepMs = 1_000 / perSecond
  const beganAtMs = new Map<string, number>()
  const rng = seededRng(7)
  const readableAtMs = (begin: number, shardIndex: number, index: number): number =>
    Math.ceil(begin + (index * shards + shardIndex) * stepMs)
  return {
    iterator: (table, shardIndex, after) => {
      if (!beganAtMs.has(table)) beganAtMs.set(table, nowMs())
      return liveIterator(table, shardIndex, after === undefined ? 0 : indexOf(after) + 1)
    },
    page: (iterator) => {
      const { table, shardIndex, index: from } = placeOf(iterator)
      const begin = beganAtMs.get(table) ?? nowMs()
      const now = nowMs()
      const records: string[] = []
      for (let index = from; records.length < pageRecords; index++) {
        const atMs = readableAtMs(begin, shardIndex, index)
        if (atMs > now) break
        const sequenceNumber = sequenceNumberOf(atMs, index)
        records.push(makeChange(shardIndex, index, rng, { sequenceNumber, createdAtS: Math.floor(atMs / 1_000) }).json)
      }
      const next = liveIterator(table, shardIndex, from + records.length)
      const body = Buffer.from(`{"Records":[${records.join(',')}],"NextShardIterator":"${next}"}`)
      return { body, crc32: String(crc32(body)) }
    },
  }
}

/** Nine digits that all have, thirteen of milliseconds, nine of the change's number in its shard. */
function sequenceNumberOf(readableAtMs: number, index: number): string {
  return `428379100${readableAtMs}${String(index).padStart(9, '0')}`
}

/** When a change of a live stream became readable. Milliseconds since the epoch. */
export function readableAtMsOf(sequenceNumber: string): number {
  return Number(sequenceNumber.slice(9, 22))
}

function indexOf(sequenceNumber: string): number {
  return Number(sequenceNumber.slice(22))
}

function liveIterator(table: string, shardIndex: number, index: number): string {
  return `${shardIndex}/${index}/${table}/${'0'.repeat(180)}`
}

function placeOf(iterator: string): { readonly table: string; readonly shardIndex: number; readonly index: number } {
  const [shardIndex, index, table = ''] = iterator.split('/')
  return { table, shardIndex: Number(shardIndex), index: Number(index) }
}
