/** One change as it was written at the source. */
export interface WrittenChange {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly key: string
  /** 1 for the item's first change, then one more each time. */
  readonly version: number
}

/** One record as an independent reader found it, without tombstones. */
export interface DeliveredChange {
  readonly partition: number
  readonly offset: number
  readonly shardId: string
  readonly sequenceNumber: string
}

/** What went wrong, by the names of the anomalies; all zero is what is promised. */
export interface DeliveryFindings {
  readonly written: number
  readonly delivered: number
  readonly lost: number
  readonly duplicated: number
  /** Records that no write explains. */
  readonly phantom: number
  /** Changes of one item that stand in another order than they were made. */
  readonly reordered: number
  /** Items whose changes are in more than one partition. */
  readonly moved: number
  /** Records of a child shard that stand before a record of its parent, in one partition. */
  readonly childBeforeParent: number
  /** A few examples, for whoever has to find out why. */
  readonly examples: readonly string[]
}

/** Holds what was delivered against what was written. `parents` tells the parent of each shard. */
export function judgeDelivery(
  written: readonly WrittenChange[],
  delivered: readonly DeliveredChange[],
  parents: ReadonlyMap<string, string | undefined>,
): DeliveryFindings {
  const examples: string[] = []
  const note = (text: string): void => {
    if (examples.length < 20) examples.push(text)
  }
  const byName = new Map(written.map((change) => [nameOf(change), change]))
  const seen = new Map<string, DeliveredChange>()
  let duplicated = 0
  let phantom = 0
  for (const record of delivered) {
    const name = nameOf(record)
    const before = seen.get(name)
    if (!byName.has(name)) {
      phantom++
      note(`phantom ${name} at ${placeOf(record)}`)
    } else if (before !== undefined) {
      duplicated++
      note(`duplicate ${name} at ${placeOf(before)} and ${placeOf(record)}`)
    } else seen.set(name, record)
  }
  let lost = 0
  for (const name of byName.keys()) {
    if (seen.has(name)) continue
    lost++
    note(`lost ${name}`)
  }
  const order = judgeItems(delivered, byName, note)
  const childBeforeParent = judgeLineage(delivered, parents, note)
  return {
    written: written.length,
    delivered: delivered.length,
    lost,
    duplicated,
    phantom,
    ...order,
    childBeforeParent,
    examples,
  }
}

/** Delivered changes of one item, in partition order, must have rising versions and one partition. */
function judgeItems(
  delivered: readonly DeliveredChange[],
  byName: ReadonlyMap<string, WrittenChange>,
  note: (text: string) => void,
): { readonly reordered: number; readonly moved: number } {
  const last = new Map<string, { readonly partition: number; readonly version: number }>()
  let reordered = 0
  let moved = 0
  for (const record of inLogOrder(delivered)) {
    const change = byName.get(nameOf(record))
    if (change === undefined) continue
    const before = last.get(change.key)
    last.set(change.key, { partition: record.partition, version: change.version })
    if (before === undefined) continue
    if (before.partition !== record.partition) {
      moved++
      note(`item ${change.key} is in partitions ${before.partition} and ${record.partition}`)
    } else if (before.version >= change.version) {
      reordered++
      note(`item ${change.key}: version ${change.version} at ${placeOf(record)} follows version ${before.version}`)
    }
  }
  return { reordered, moved }
}

function judgeLineage(
  delivered: readonly DeliveredChange[],
  parents: ReadonlyMap<string, string | undefined>,
  note: (text: string) => void,
): number {
  const firstOf = new Map<string, number>()
  const lastOf = new Map<string, number>()
  for (const { partition, shardId, offset } of inLogOrder(delivered)) {
    const place = `${partition}/${shardId}`
    if (!firstOf.has(place)) firstOf.set(place, offset)
    lastOf.set(place, offset)
  }
  let violations = 0
  for (const [place, first] of firstOf) {
    const [partition = '', shardId = ''] = place.split('/')
    const parent = parents.get(shardId)
    const parentLast = parent === undefined ? undefined : lastOf.get(`${partition}/${parent}`)
    if (parentLast === undefined || parentLast < first) continue
    violations++
    note(`shard ${shardId} begins at ${first} in partition ${partition}, before its parent ends at ${parentLast}`)
  }
  return violations
}

function inLogOrder(delivered: readonly DeliveredChange[]): readonly DeliveredChange[] {
  return delivered.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** Sequence numbers are compared as numbers, so leading zeros must not make two names of one change. */
function nameOf({ shardId, sequenceNumber }: { readonly shardId: string; readonly sequenceNumber: string }): string {
  return `${shardId}@${BigInt(sequenceNumber)}`
}

function placeOf({ partition, offset }: DeliveredChange): string {
  return `${partition}@${offset}`
}
