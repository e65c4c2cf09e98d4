import type { TableEntry, TableTarget } from './ledger-entry.ts'

/** What is wanted of a table. */
export function targetOf({ rest }: Pick<TableEntry, 'rest'>): TableTarget {
  return rest?.target ?? 'RUNNING'
}

/** True while nothing of a table is read because somebody wants it so. It may have failed, or be retired, besides. */
export function isResting({ rest }: Pick<TableEntry, 'rest'>): boolean {
  return rest !== undefined
}
