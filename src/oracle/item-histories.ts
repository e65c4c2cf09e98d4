import type { WrittenChange } from './oracle.ts'

/**
 * The written changes by item and version. A change goes by its number in `written`; -1 is no change. Typed arrays
 * throughout, so that ten million changes fit into memory.
 */
export interface ItemHistories {
  /** The change of that item that has this version. */
  find(table: string, key: string, version: number): number
  /** The change of the same item one version earlier, if it was recorded. */
  previous(change: number): number
  /** The newest change of that item. */
  newest(table: string, key: string): number
  /** Items have numbers from 0 up to here. */
  readonly items: number
  /** The item of each change. */
  readonly itemOf: Int32Array
}

/** Throws if two changes of one item have the same version: against such a record nothing can be judged. */
export function indexHistories(written: readonly WrittenChange[]): ItemHistories {
  const { itemOf, items, numberOf } = numberItems(written)
  const { starts, ordered, slotOf } = orderByItem(written, itemOf, items)
  const versions = new Float64Array(written.length)
  for (let slot = 0; slot < ordered.length; slot++) versions[slot] = written[ordered[slot] ?? -1]?.version ?? Number.NaN
  assertRising(versions, ordered, starts)
  const find = (item: number, version: number): number => {
    const from = starts[item] ?? 0
    const to = starts[item + 1] ?? 0
    // Histories seldom have holes, and then the first guess is right.
    const guess = from + version - (versions[from] ?? 0)
    if (guess < to && versions[guess] === version) return ordered[guess] ?? -1
    const slot = firstAtLeast(versions, { from, to }, version)
    return slot < to && versions[slot] === version ? (ordered[slot] ?? -1) : -1
  }
  return {
    items,
    itemOf,
    find: (table, key, version) => {
      const item = numberOf(table, key)
      return item < 0 ? -1 : find(item, version)
    },
    previous: (change) => {
      const slot = slotOf[change] ?? 0
      const isFirst = slot === starts[itemOf[change] ?? 0]
      return !isFirst && versions[slot - 1] === (versions[slot] ?? 0) - 1 ? (ordered[slot - 1] ?? -1) : -1
    },
    newest: (table, key) => {
      const item = numberOf(table, key)
      return item < 0 ? -1 : (ordered[(starts[item + 1] ?? 0) - 1] ?? -1)
    },
  }
}

function numberItems(written: readonly WrittenChange[]): {
  readonly itemOf: Int32Array
  readonly items: number
  readonly numberOf: (table: string, key: string) => number
} {
  const itemOf = new Int32Array(written.length)
  const tables = new Map<string, Map<string, number>>()
  let items = 0
  for (const [change, { table, key }] of written.entries()) {
    let keys = tables.get(table)
    if (keys === undefined) tables.set(table, (keys = new Map()))
    let item = keys.get(key)
    if (item === undefined) keys.set(key, (item = items++))
    itemOf[change] = item
  }
  return { itemOf, items, numberOf: (table, key) => tables.get(table)?.get(key) ?? -1 }
}

/** The changes side by side, item by item, those of one item by version. */
interface OrderedChanges {
  /** Slot at which each item's changes begin; one more entry for the end of the last. */
  readonly starts: Int32Array
  /** The change in each slot, and the slot of each change. */
  readonly ordered: Int32Array
  readonly slotOf: Int32Array
}

function orderByItem(written: readonly WrittenChange[], itemOf: Int32Array, items: number): OrderedChanges {
  const starts = startsOf(itemOf, items)
  const ordered = new Int32Array(written.length)
  const next = starts.slice()
  /** Newest version put down for each item so far. */
  const last = new Float64Array(items)
  const unsorted = new Set<number>()
  for (const [change, { version }] of written.entries()) {
    const item = itemOf[change] ?? 0
    const slot = next[item] ?? 0
    ordered[slot] = change
    next[item] = slot + 1
    if (version < (last[item] ?? 0)) unsorted.add(item)
    last[item] = version
  }
  const versionOf = (change: number): number => written[change]?.version ?? Number.NaN
  // Concurrent writers may learn of their versions in another order.
  for (const item of unsorted)
    ordered.subarray(starts[item], starts[item + 1]).sort((a, b) => versionOf(a) - versionOf(b))
  const slotOf = new Int32Array(written.length)
  for (const [slot, change] of ordered.entries()) slotOf[change] = slot
  return { starts, ordered, slotOf }
}

function startsOf(itemOf: Int32Array, items: number): Int32Array {
  const starts = new Int32Array(items + 1)
  for (const item of itemOf) starts[item + 1] = (starts[item + 1] ?? 0) + 1
  for (let item = 0; item < items; item++) starts[item + 1] = (starts[item + 1] ?? 0) + (starts[item] ?? 0)
  return starts
}

function assertRising(versions: Float64Array, ordered: Int32Array, starts: Int32Array): void {
  for (let item = 0; item + 1 < starts.length; item++) {
    for (let slot = (starts[item] ?? 0) + 1; slot < (starts[item + 1] ?? 0); slot++) {
      if ((versions[slot - 1] ?? 0) < (versions[slot] ?? 0)) continue
      throw new Error(`written changes ${ordered[slot - 1]} and ${ordered[slot]} are the same version of one item`)
    }
  }
}

function firstAtLeast(
  versions: Float64Array,
  range: { readonly from: number; readonly to: number },
  version: number,
): number {
  let { from, to } = range
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((versions[middle] ?? 0) < version) from = middle + 1
    else to = middle
  }
  return from
}
