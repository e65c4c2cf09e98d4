import type { LaneState } from './lane-state.ts'
import type { AddressedEntry, TableEntry } from './ledger-entry.ts'

/**
 * The entries that would make all partitions agree about their tables: of each table the greatest version that any of them
 * holds, for every lane that has an older one or none. Index of `ledgers` = lane.
 */
export function missingTables(ledgers: readonly LaneState[]): readonly AddressedEntry[] {
  const greatest = new Map<string, TableEntry>()
  for (const { tables } of ledgers) {
    for (const [arn, entry] of tables) {
      if (entry.version > (greatest.get(arn)?.version ?? 0)) greatest.set(arn, entry)
    }
  }
  return [...greatest].flatMap(([arn, entry]) =>
    ledgers.flatMap(({ tables }, lane): readonly AddressedEntry[] =>
      (tables.get(arn)?.version ?? 0) < entry.version ? [{ lane, entry }] : [],
    ),
  )
}
