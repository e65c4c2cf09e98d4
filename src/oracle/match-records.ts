import { indexHistories } from './item-histories.ts'
import type { ItemHistories } from './item-histories.ts'
import type { Delivery, DeliveredRecord, WrittenChange } from './oracle.ts'
import { indexShards } from './shard-histories.ts'
import type { ShardHistories } from './shard-histories.ts'
import { digitsOf } from './sequence-digits.ts'

/**
 * Which record is about which change. Records go by their number in `delivered`, changes by theirs in `written`; -1 is
 * none. A **strand** is what one partition holds of one item: only within it do records have an order.
 */
export interface Matches {
  readonly histories: ItemHistories
  readonly shards: ShardHistories
  /** The change that each record names, whatever else it says. */
  readonly changeOf: Int32Array
  /** 1 where the record also says of that change what was written. */
  readonly isRight: Uint8Array
  /** Number of each record's partition, counted over all topics. */
  readonly placeOf: Int32Array
  /** Strand of each record that names a change. An unmoved item's strand has the number of the item. */
  readonly strandOf: Int32Array
  readonly strands: number
  /** Item of each strand behind the first `histories.items`: one for each further partition of a moved item. */
  readonly furtherStrands: readonly { readonly item: number; readonly record: number }[]
}

/** Finds each record's change: by table, key and version, or by its position where it has no version. */
export function matchRecords({ written, delivered }: Delivery): Matches {
  const histories = indexHistories(written)
  const shards = indexShards(written)
  const changeOf = new Int32Array(delivered.length).fill(-1)
  const isRight = new Uint8Array(delivered.length)
  const placeOf = new Int32Array(delivered.length)
  const strandOf = new Int32Array(delivered.length).fill(-1)
  const places = createPlaces()
  const strands = createStrands(histories.items)
  for (const [at, record] of delivered.entries()) {
    const place = places(record.topic, record.partition)
    placeOf[at] = place
    const number = namedChange(record, histories, shards)
    const change = written[number]
    if (change === undefined || !isSamePlace(record, change)) continue
    changeOf[at] = number
    strandOf[at] = strands.of(histories.itemOf[number] ?? -1, place, at)
    if (isAsWritten(record, change)) isRight[at] = 1
  }
  return {
    histories,
    shards,
    changeOf,
    isRight,
    placeOf,
    strandOf,
    strands: histories.items + strands.further.length,
    furtherStrands: strands.further,
  }
}

function namedChange(record: DeliveredRecord, histories: ItemHistories, shards: ShardHistories): number {
  if (record.version !== undefined) return histories.find(record.table, record.key, record.version)
  return record.position === undefined ? -1 : shards.find(record.position)
}

function isSamePlace(record: DeliveredRecord, change: WrittenChange): boolean {
  if (record.key !== change.key || record.table !== change.table) return false
  const here = record.position
  const there = change.position
  if (here === undefined || there === undefined || here === there) return true
  if (here.shardId !== there.shardId) return false
  return (
    here.sequenceNumber === there.sequenceNumber || digitsOf(here.sequenceNumber) === digitsOf(there.sequenceNumber)
  )
}

function isAsWritten(record: DeliveredRecord, change: WrittenChange): boolean {
  const { operation } = record
  if (!isSameDigest(record.after, change.after)) return false
  // A row shows the item as the change left it, and nothing of how it came to that. A deleted item has no row.
  if (operation === 'SNAPSHOT') return change.operation !== 'REMOVE'
  return (operation === 'UNKNOWN' || operation === change.operation) && isSameDigest(record.before, change.before)
}

function isSameDigest(a: string | null | undefined, b: string | null | undefined): boolean {
  return a === b || a === undefined || b === undefined
}

function createPlaces(): (topic: string, partition: number) => number {
  const topics = new Map<string, Map<number, number>>()
  let count = 0
  return (topic, partition) => {
    let partitions = topics.get(topic)
    if (partitions === undefined) topics.set(topic, (partitions = new Map()))
    let place = partitions.get(partition)
    if (place === undefined) partitions.set(partition, (place = count++))
    return place
  }
}

interface Strands {
  of(item: number, place: number, record: number): number
  readonly further: readonly { readonly item: number; readonly record: number }[]
}

function createStrands(items: number): Strands {
  const firstPlace = new Int32Array(items).fill(-1)
  const further: { item: number; record: number }[] = []
  const moved = new Map<number, Map<number, number>>()
  return {
    further,
    of: (item, place, record) => {
      const first = firstPlace[item] ?? -1
      if (first === -1) firstPlace[item] = place
      if (first === -1 || first === place) return item
      const known = moved.get(item) ?? new Map<number, number>()
      moved.set(item, known)
      let strand = known.get(place)
      if (strand === undefined) {
        known.set(place, (strand = items + further.length))
        further.push({ item, record })
      }
      return strand
    },
  }
}
