import type { Matches } from './match-records.ts'
import type { Delivery } from './oracle.ts'
import { textOfChange, textOfRecord } from './places.ts'
import type { Tally } from './tally.ts'

/**
 * What is missing, what is too much, and what comes twice, in whatever order: `lost`, `silent-gap`, `phantom`, and
 * `duplicate` where each change may have one record only. A snapshot's row stands for no change; of each snapshot an item
 * has one at most.
 */
export function judgePresence(delivery: Delivery, matches: Matches, tally: Tally): void {
  const { written, delivered, guarantee, named, stored, trimmed } = delivery
  const { changeOf, isRight } = matches
  const isFound = new Uint8Array(written.length)
  const isVanished = createVanishings(delivery)
  for (const [record, { operation }] of delivered.entries()) {
    const change = changeOf[record] ?? -1
    if (operation === 'VANISHED') {
      if (!isVanished(record))
        tally.add('phantom', () => `${textOfRecord(delivery, record)} deletes what never was deleted`)
    } else if (isRight[record] !== 1) {
      const reason = (): string =>
        change < 0 ? 'names no written change' : `differs from ${textOfChange(delivery, change)}`
      tally.add('phantom', () => `${textOfRecord(delivery, record)} ${reason()}`)
    } else if (operation !== 'SNAPSHOT') {
      if (isFound[change] === 1 && guarantee === 'exactly_once')
        tally.add('duplicate', () => `${textOfRecord(delivery, record)} repeats ${textOfChange(delivery, change)}`)
      isFound[change] = 1
    }
  }
  if (guarantee === 'exactly_once') judgeRows(delivery, matches, tally)
  for (const [number, change] of written.entries()) {
    const isMissing = isFound[number] !== 1
    if (!isMissing && trimmed === undefined) continue
    if (named?.(change) === true || stored?.(change) === true) continue
    if (isMissing) tally.add('lost', () => textOfChange(delivery, number))
    if (trimmed?.(change) === true) tally.add('silent-gap', () => textOfChange(delivery, number))
  }
}

/** A delete that is told of no change is right only of an item that was deleted: unseen, or still to be seen. */
function createVanishings({ written, delivered }: Delivery): (record: number) => boolean {
  const nameOf = ({ table, key }: { readonly table: string; readonly key: string }): string => `${table}/${key}`
  let deleted: ReadonlySet<string> | undefined
  return (record) => {
    deleted ??= new Set(written.filter(({ operation }) => operation === 'REMOVE').map(nameOf))
    const found = delivered[record]
    return found !== undefined && deleted.has(nameOf(found))
  }
}

function judgeRows(delivery: Delivery, { histories, changeOf }: Matches, tally: Tally): void {
  const { snapshots } = delivery
  if (snapshots === undefined) return
  const rows = new Int32Array(histories.items)
  for (const [record, { operation, table }] of delivery.delivered.entries()) {
    const item = histories.itemOf[changeOf[record] ?? -1]
    if (operation !== 'SNAPSHOT' || item === undefined) continue
    const count = (rows[item] ?? 0) + 1
    rows[item] = count
    if (count > (snapshots.get(table) ?? 0))
      tally.add('duplicate', () => `${textOfRecord(delivery, record)} is row ${count} of its item`)
  }
}
