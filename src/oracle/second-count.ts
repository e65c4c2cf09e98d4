import type { DeliveredRecord, Delivery, WrittenChange } from './oracle.ts'

/** The operations in the order of the counts. */
const operations: readonly string[] = ['INSERT', 'MODIFY', 'REMOVE']

/** What both sides know of one item. */
interface Item {
  writtenVersion: number
  /** Null when the item is not there. */
  writtenAmount: number | null
  /** A gap or a dead letter names one of its changes: what it ends as is open. */
  isOpen: boolean
  deliveredVersion: number
  /** The same without rows. */
  countedVersion: number
  deliveredAmount: number | null
  partition: number
}

interface TableCount {
  readonly name: string
  readonly items: Map<string, Item>
  /** By operation. */
  readonly most: number[]
  readonly named: number[]
  readonly delivered: number[]
  unknown: number
}

/**
 * Counts everything a second time and in another way, sharing no code with the judgement, so that a fault of the judge
 * cannot hide one of the product. For each table: changes by operation, items that are left, and the sum of their
 * amounts, once from the writes, once from the records alone. Gives one line for each number that differs.
 *
 * Items end as their last record says; at least once, repetitions do not count. Of an item in several partitions, between
 * which there is no order, the record of the greater version is the later one. Sums are exact up to 2^53.
 */
export function countAgain({ written, delivered, guarantee, named, stored, regained }: Delivery): readonly string[] {
  const tables = new Map<string, TableCount>()
  for (const change of written) {
    const fate = {
      isNamed: named?.(change) === true,
      isStored: stored?.(change) === true,
      isRegained: regained?.(change.table) === true,
    }
    countWrite(tableOf(tables, change.table), change, fate)
  }
  const isNew = guarantee === 'exactly_once' ? (): boolean => true : createFirsts()
  for (const record of delivered) countRecord(tableOf(tables, record.table), record, isNew)
  return [...tables.values()].flatMap(differencesOf)
}

function countWrite(
  count: TableCount,
  change: WrittenChange,
  {
    isNamed,
    isStored,
    isRegained,
  }: { readonly isNamed: boolean; readonly isStored: boolean; readonly isRegained: boolean },
): void {
  const operation = operations.indexOf(change.operation)
  // What was there before the stream has no record of its own, but its item must end as it was left.
  if (!isStored) count.most[operation] = (count.most[operation] ?? 0) + 1
  if (isNamed) count.named[operation] = (count.named[operation] ?? 0) + 1
  const item = itemOf(count, change.key)
  if (isNamed && !isRegained) item.isOpen = true
  if (change.version < item.writtenVersion) return
  item.writtenVersion = change.version
  item.writtenAmount = change.operation === 'REMOVE' ? null : change.amount
}

function countRecord(
  count: TableCount,
  record: DeliveredRecord,
  isNew: (record: DeliveredRecord, item: Item) => boolean,
): void {
  const item = itemOf(count, record.key)
  if (record.operation !== 'SNAPSHOT' && record.operation !== 'VANISHED') {
    if (!isNew(record, item)) return
    item.countedVersion = Math.max(item.countedVersion, record.version ?? 0)
    const operation = operations.indexOf(record.operation)
    if (operation < 0) count.unknown++
    else count.delivered[operation] = (count.delivered[operation] ?? 0) + 1
  }
  const isElsewhere = item.partition !== -1 && item.partition !== record.partition
  if (isElsewhere && (record.version ?? item.deliveredVersion) < item.deliveredVersion) return
  item.partition = record.partition
  item.deliveredVersion = Math.max(item.deliveredVersion, record.version ?? 0)
  item.deliveredAmount = record.operation === 'REMOVE' || record.after === null ? null : record.amount
}

/** For repetitions: a record counts if its version is new to its item, or else if its position is new. */
function createFirsts(): (record: DeliveredRecord, item: Item) => boolean {
  const positions = new Map<string, Set<bigint>>()
  return ({ version, position }, item) => {
    if (version !== undefined) return version > item.countedVersion
    if (position === undefined || !/^\d+$/.test(position.sequenceNumber)) return true
    const shard = positions.get(position.shardId) ?? new Set<bigint>()
    positions.set(position.shardId, shard)
    const size = shard.size
    return shard.add(BigInt(position.sequenceNumber)).size > size
  }
}

function differencesOf(count: TableCount): readonly string[] {
  const lines: string[] = []
  const compare = (what: string, delivered: number, most: number, named: number): void => {
    if (delivered > most || delivered < most - named)
      lines.push(
        `${count.name}: ${delivered} ${what} delivered, ${most} written${named === 0 ? '' : `, ${named} named`}`,
      )
  }
  if (count.unknown > 0) {
    compare('changes', count.unknown + sum(count.delivered), sum(count.most), sum(count.named))
    return lines
  }
  for (const [at, operation] of operations.entries())
    compare(operation, count.delivered[at] ?? 0, count.most[at] ?? 0, count.named[at] ?? 0)
  const closed = [...count.items.values()].filter(({ isOpen }) => !isOpen)
  const left = closed.map(({ writtenAmount }) => writtenAmount).filter((amount) => amount !== null)
  const found = closed.map(({ deliveredAmount }) => deliveredAmount).filter((amount) => amount !== null)
  if (left.length !== found.length)
    lines.push(`${count.name}: ${found.length} items by the records, ${left.length} by the writes`)
  if (!Object.is(sum(left), sum(found)))
    lines.push(`${count.name}: the sum by the records differs from that by the writes`)
  return lines
}

function sum(numbers: readonly number[]): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}

function tableOf(tables: Map<string, TableCount>, name: string): TableCount {
  let count = tables.get(name)
  if (count === undefined) {
    count = { name, items: new Map(), most: [0, 0, 0], named: [0, 0, 0], delivered: [0, 0, 0], unknown: 0 }
    tables.set(name, count)
  }
  return count
}

function itemOf({ items }: TableCount, key: string): Item {
  let item = items.get(key)
  if (item === undefined) {
    item = {
      writtenVersion: 0,
      writtenAmount: null,
      isOpen: false,
      deliveredVersion: 0,
      countedVersion: 0,
      deliveredAmount: null,
      partition: -1,
    }
    items.set(key, item)
  }
  return item
}
