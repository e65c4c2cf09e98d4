import type { Matches } from './match-records.ts'
import type { Delivery } from './oracle.ts'
import { textOfChange, textOfRecord } from './places.ts'
import type { Tally } from './tally.ts'

/**
 * The order of each item's records: `reorder`, `skip`, `resurrect`, `stale-snapshot`, and `partition-move`. Of a change
 * only its first record is looked at; what its repetitions mean, others judge. Between partitions there is no order, so
 * a moved item is judged in each of its partitions.
 */
export function judgeItems(delivery: Delivery, matches: Matches, tally: Tally): void {
  for (const { record } of onePerItem(matches.furtherStrands))
    tally.add('partition-move', () => `${textOfRecord(delivery, record)} is not in the partition of its item's others`)
  const walk = createWalk(delivery, matches, tally)
  for (const [record, { operation }] of delivery.delivered.entries()) {
    const change = matches.changeOf[record] ?? -1
    if (change < 0) continue
    if (operation === 'SNAPSHOT') walk.row(record, change)
    else if (walk.isFirst(change)) walk.change(record, change)
  }
}

interface Walk {
  isFirst(change: number): boolean
  row(record: number, change: number): void
  change(record: number, change: number): void
}

function createWalk(delivery: Delivery, matches: Matches, tally: Tally): Walk {
  const { written } = delivery
  const { strands, strandOf } = matches
  const isSeen = new Uint8Array(written.length)
  /** Greatest version of each kind so far in each strand; 0 = none. */
  const newest = new Float64Array(strands)
  const newestDelete = new Float64Array(strands)
  const newestRow = new Float64Array(strands)
  const isSkip = createSkips(delivery, matches, isSeen)
  const describe = (record: number, change: number, before: number) => (): string =>
    `${textOfRecord(delivery, record)}, ${textOfChange(delivery, change)}, stands behind version ${before}`
  return {
    isFirst: (change) => isSeen[change] !== 1,
    row: (record, change) => {
      const strand = strandOf[record] ?? -1
      const version = written[change]?.version ?? 0
      const deleted = newestDelete[strand] ?? 0
      const newestBefore = newest[strand] ?? 0
      if (version < deleted) tally.add('resurrect', describe(record, change, deleted))
      else if (version < newestBefore) tally.add('stale-snapshot', describe(record, change, newestBefore))
      newestRow[strand] = Math.max(newestRow[strand] ?? 0, version)
    },
    change: (record, change) => {
      const strand = strandOf[record] ?? -1
      const { version = 0, operation } = written[change] ?? {}
      const deleted = newestDelete[strand] ?? 0
      const newestBefore = newest[strand] ?? 0
      if (version < newestBefore) tally.add('reorder', describe(record, change, newestBefore))
      if (operation !== 'REMOVE' && version < deleted) tally.add('resurrect', describe(record, change, deleted))
      if (isSkip(record, change, newestRow[strand] ?? 0))
        tally.add('skip', () => `${textOfRecord(delivery, record)}, ${textOfChange(delivery, change)}, comes too early`)
      isSeen[change] = 1
      newest[strand] = Math.max(newestBefore, version)
      if (operation === 'REMOVE') newestDelete[strand] = Math.max(deleted, version)
    },
  }
}

/**
 * Tells whether a change's predecessor should have been seen and was not. It need not if it is named or stored, if a row in front
 * stands for it or for something newer, or if its only records are in another partition, where they have no order to this.
 */
function createSkips(
  { written, delivered, named, stored }: Delivery,
  { histories, changeOf, placeOf }: Matches,
  isSeen: Uint8Array,
): (record: number, change: number, newestRow: number) => boolean {
  const firstPlace = new Int32Array(written.length).fill(-1)
  for (const [record, { operation }] of delivered.entries()) {
    const change = changeOf[record] ?? -1
    if (operation !== 'SNAPSHOT' && firstPlace[change] === -1) firstPlace[change] = placeOf[record] ?? -1
  }
  return (record, change, newestRow) => {
    const previous = histories.previous(change)
    const before = written[previous]
    if (before === undefined || isSeen[previous] === 1 || before.version <= newestRow) return false
    const place = firstPlace[previous]
    return (place === -1 || place === placeOf[record]) && named?.(before) !== true && stored?.(before) !== true
  }
}

/** An item in three partitions has moved once, too: how often it went to and fro, partitions do not tell. */
function onePerItem<Strand extends { readonly item: number }>(strands: readonly Strand[]): Iterable<Strand> {
  return new Map(strands.toReversed().map((strand) => [strand.item, strand])).values()
}
