import type { SkippedTable } from '../change/skipped-table.ts'
import type { SkippedEntry } from './ledger-entry.ts'

/** A record of the ledger stays small, however many tables an account has. */
const mostTables = 200
/** Services quote whole policies now and then. */
const mostCharacters = 500

/**
 * What is to be written after a look for tables; undefined if the ledger says so already. Tables are told once each, by name, and
 * of very many only the first ones. A look that skips nothing empties an entry that is there, and makes none.
 */
export function skippedEntry(
  known: SkippedEntry | undefined,
  skipped: readonly SkippedTable[],
  nowMs: number,
): SkippedEntry | undefined {
  const each = new Map(skipped.map((table) => [table.arn ?? table.name, table]))
  const sorted = [...each.values()].toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  const tables = sorted.slice(0, mostTables).map(shortened)
  const more = sorted.length - tables.length
  const before = known ?? { tables: [], more: 0, version: 0 }
  if (before.more === more && JSON.stringify(before.tables) === JSON.stringify(tables)) return undefined
  return { kind: 'skipped', version: before.version + 1, tables, more, atMs: nowMs }
}

function orderOf({ name, arn }: SkippedTable): string {
  return `${name} ${arn ?? ''}`
}

/** In one order of its members, so that equal ones are equal texts. */
function shortened({ name, arn, code, message }: SkippedTable): SkippedTable {
  const words = message.length > mostCharacters ? `${message.slice(0, mostCharacters)}…` : message
  return { name, ...(arn === undefined ? {} : { arn }), code, message: words }
}
