import type { Matches } from './match-records.ts'
import type { Delivery } from './oracle.ts'
import { textOfRecord } from './places.ts'
import type { Tally } from './tally.ts'

/**
 * `diverged`, once for each item: what a compacted topic would keep of it, its last record, must be what its table holds.
 * Every record counts here, right or wrong, but a last change that is named and has no record is forgiven,
 * unless a snapshot made up for it.
 */
export function judgeTables(delivery: Delivery, matches: Matches, tally: Tally): void {
  const { tables, delivered } = delivery
  if (tables === undefined) return
  const isExcused = createExcuses(delivery, matches)
  for (const [table, items] of tables) {
    const last = lastRecords(delivery, table)
    for (const [key, record] of last) {
      const found = delivered[record]
      const held = items.get(key) ?? null
      const shown = found?.operation === 'REMOVE' ? null : found?.after
      if (shown === undefined || shown === held || isExcused(table, key)) continue
      tally.add(
        'diverged',
        () =>
          `${textOfRecord(delivery, record)} is the last of its item in ${table}, which holds ${held === null ? 'none' : 'another'}`,
      )
    }
    for (const key of items.keys())
      if (!last.has(key) && !isExcused(table, key)) tally.add('diverged', () => `an item of ${table} has no record`)
  }
}

function lastRecords({ delivered }: Delivery, table: string): ReadonlyMap<string, number> {
  const last = new Map<string, number>()
  for (const [number, record] of delivered.entries()) if (record.table === table) last.set(record.key, number)
  return last
}

function createExcuses(
  { written, named, regained }: Delivery,
  { histories, changeOf, isRight }: Matches,
): (table: string, key: string) => boolean {
  if (named === undefined) return () => false
  const isFound = new Uint8Array(written.length)
  for (const [record, change] of changeOf.entries()) if (change >= 0 && isRight[record] === 1) isFound[change] = 1
  return (table, key) => {
    if (regained?.(table) === true) return false
    const newest = histories.newest(table, key)
    const change = written[newest]
    return change !== undefined && isFound[newest] !== 1 && named(change)
  }
}
