/** One acknowledged write of one item. */
export interface ItemWrite {
  /** Its place in the item's history: greater is later. Never used twice for one item. */
  readonly rank: number
  /** Digest of the item behind the write; null when the write deleted it. */
  readonly after: string | null
}

/** One change as a reader of the topic found it. Tombstones are not changes. */
export interface DeliveredChange {
  readonly key: string
  readonly rank: number
  /** Digests of the two images; null for an image that is null. */
  readonly before: string | null
  readonly after: string | null
  readonly partition: number
}

/** What became of the writes. All but `written` and `delivered` are 0 in a good run. */
export interface DeliveryResult {
  readonly written: number
  /** Change records that were found, right or wrong. */
  readonly delivered: number
  /** Records of a write that had been found before. */
  readonly duplicated: number
  /** Writes without a right record. */
  readonly lost: number
  /** Records behind a later change of their item, or in another partition than its other records. */
  readonly reordered: number
  /** Records that no write made, or whose images are not what was written. */
  readonly phantom: number
}

/** Compares what was written with what was delivered. */
export interface DeliveryCheck {
  /** The next record. Those of one partition must come in offset order; how partitions interleave is of no matter. */
  add(change: DeliveredChange): void
  result(): DeliveryResult
}

/** True if every write was delivered once, in order, as it was made. */
export function isExactlyOnce(result: DeliveryResult): boolean {
  return result.lost === 0 && result.duplicated === 0 && result.reordered === 0 && result.phantom === 0
}

interface Expected {
  readonly before: string | null
  readonly after: string | null
  isFound: boolean
}

interface ItemState {
  readonly expected: ReadonlyMap<number, Expected>
  partition: number | undefined
  lastRank: number
}

/** A check against all writes by item key. The writes of an item may come in any order. */
export function createDeliveryCheck(writes: ReadonlyMap<string, readonly ItemWrite[]>): DeliveryCheck {
  const items = new Map([...writes].map(([key, history]) => [key, expectationsOf(history)]))
  const counts = { delivered: 0, duplicated: 0, reordered: 0, phantom: 0 }
  return {
    add: (change) => {
      counts.delivered++
      const item = items.get(change.key)
      const expected = item?.expected.get(change.rank)
      if (item === undefined || expected === undefined) counts.phantom++
      else if (expected.before !== change.before || expected.after !== change.after) counts.phantom++
      else if (expected.isFound) counts.duplicated++
      else if (!enter(expected, item, change)) counts.reordered++
    },
    result: () => {
      const all = [...items.values()].flatMap(({ expected }) => [...expected.values()])
      return { written: all.length, lost: all.filter(({ isFound }) => !isFound).length, ...counts }
    },
  }
}

/** Notes a change that is found for the first time; false if it is out of order. */
function enter(expected: Expected, item: ItemState, { rank, partition }: DeliveredChange): boolean {
  expected.isFound = true
  const isInOrder = rank > item.lastRank && (item.partition ?? partition) === partition
  item.lastRank = Math.max(item.lastRank, rank)
  item.partition ??= partition
  return isInOrder
}

function expectationsOf(history: readonly ItemWrite[]): ItemState {
  const expected = new Map<number, Expected>()
  let before: string | null = null
  for (const { rank, after } of history.toSorted((a, b) => a.rank - b.rank)) {
    expected.set(rank, { before, after, isFound: false })
    before = after
  }
  return { expected, partition: undefined, lastRank: Number.NEGATIVE_INFINITY }
}
