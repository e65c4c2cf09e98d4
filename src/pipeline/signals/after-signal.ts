import type { ErrorCode } from '../../error-catalogue.ts'
import type { SnapshotAction, TableEntry } from '../../lanes/ledger-entry.ts'
import { afterRequest } from '../snapshot/snapshot-life.ts'
import type { SnapshotContext } from '../snapshot/snapshot-life.ts'
import { isOver } from '../snapshot/snapshot-mode.ts'
import { meansTable } from './meant-tables.ts'
import type { Signal } from './signal.ts'

/** What becomes of a signal: entries to write, and what is not done. Both may be there, for different tables. */
export interface SignalOutcome {
  readonly tables: readonly TableEntry[]
  readonly refusals: readonly SignalRefusal[]
}

/** Why a signal, or its part about one table, is not carried out. */
export interface SignalRefusal {
  readonly code: ErrorCode
  /** For people; no item values. */
  readonly reason: string
  readonly table: string | undefined
}

/** Tables that a signal means now. Those of a signal about every snapshot are the ones whose snapshot is not over. */
export function tablesMeant(signal: Signal, tables: Iterable<TableEntry>): readonly TableEntry[] {
  if (signal.type === 'log') return []
  const { collections } = signal
  return [...tables].filter(({ table, snapshot }) =>
    collections === undefined
      ? snapshot !== undefined && !isOver(snapshot)
      : collections.some((collection) => meansTable(collection, table)),
  )
}

/**
 * A pure decision over the present entries. A signal that names a table which the pipeline does not have is refused as a
 * whole; of the others each table is decided for itself.
 */
export function afterSignal(
  signal: Signal,
  id: string,
  tables: readonly TableEntry[],
  contextOf: (table: TableEntry) => SnapshotContext,
): SignalOutcome {
  if (signal.type === 'log') return { tables: [], refusals: [] }
  const unknown = unknownCollection(signal, tables)
  if (unknown !== undefined) return { tables: [], refusals: [unknown] }
  const meant = tablesMeant(signal, tables)
  if (meant.length === 0) return { tables: [], refusals: [refusal('no snapshot is under way', undefined)] }
  const decided: TableEntry[] = []
  const refusals: SignalRefusal[] = []
  for (const known of meant) {
    const outcome = afterRequest(known, actionOf(signal, known), contextOf(known))
    if (outcome.kind === 'refused') refusals.push(refusal(outcome.reason, known.table.name))
    else decided.push(signal.type === 'execute-snapshot' ? begunBy(id, outcome.table) : outcome.table)
  }
  // "All of them" asks for nothing about those that are already there.
  const isAll = signal.type !== 'execute-snapshot' && signal.collections === undefined
  return { tables: decided, refusals: isAll && decided.length > 0 ? [] : refusals }
}

function refusal(reason: string, table: string | undefined): SignalRefusal {
  return { code: 'SIGNAL_REFUSED', reason, table }
}

function unknownCollection(
  signal: Exclude<Signal, { readonly type: 'log' }>,
  tables: readonly TableEntry[],
): SignalRefusal | undefined {
  const has = (collection: string): boolean => tables.some(({ table }) => meansTable(collection, table))
  const named = (signal.collections ?? []).findIndex((collection) => !has(collection))
  const filters = signal.type === 'execute-snapshot' ? signal.filters : []
  const filtered = filters.findIndex(({ collection }) => !has(collection))
  if (named < 0 && filtered < 0) return undefined
  const where = named < 0 ? `additional-conditions[${filtered}]` : `data-collections[${named}]`
  return { code: 'SIGNAL_TABLE_UNKNOWN', reason: `${where} means no table of the pipeline`, table: undefined }
}

function actionOf(signal: Exclude<Signal, { readonly type: 'log' }>, { table }: TableEntry): SnapshotAction {
  switch (signal.type) {
    case 'execute-snapshot': {
      const found = signal.filters.find(({ collection }) => meansTable(collection, table))
      return { kind: 'start', snapshot: signal.snapshot, segments: undefined, filter: found?.filter }
    }
    case 'pause-snapshot':
      return { kind: 'pause' }
    case 'resume-snapshot':
      return { kind: 'resume' }
    case 'stop-snapshot':
      return { kind: 'stop' }
  }
}

function begunBy(id: string, entry: TableEntry): TableEntry {
  return entry.snapshot === undefined ? entry : { ...entry, snapshot: { ...entry.snapshot, signal: id } }
}
