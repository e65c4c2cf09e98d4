import type { Table } from '../change/table.ts'
import type { TableAction, TableEntry } from '../lanes/ledger-entry.ts'
import { afterSnapshotTakeOver } from './snapshot/snapshot-life.ts'
import type { RequestOutcome } from './snapshot/snapshot-life.ts'
import type { SnapshotMode } from './snapshot/snapshot-mode.ts'
import { afterLookingAgain, afterTakeOver } from './table-life.ts'

/** When, and among what, a request about a table is decided. */
export interface TableRequestContext {
  readonly mode: SnapshotMode
  readonly lanes: number
  readonly nowMs: number
  /** The table as the source shows it now, for a restart; undefined where nobody can tell. */
  readonly present: Table | undefined
  /** Why the source refuses it, in words. */
  readonly problem: string | undefined
}

/**
 * Somebody asks for something about a table. A table that rests keeps whatever it is (streaming, stopped by an error, retired)
 * and all that the ledger knows of it; lanes close its feeds when they read this, and open them again where they were.
 */
export function afterTableRequest(
  known: TableEntry,
  action: TableAction,
  context: TableRequestContext,
): RequestOutcome {
  const version = known.version + 1
  if (action.kind === 'restart') return restarted(known, context)
  if (action.target === 'RUNNING') return { kind: 'done', table: { ...known, version, rest: undefined } }
  const rest = { target: action.target, sinceMs: known.rest?.sinceMs ?? context.nowMs }
  return { kind: 'done', table: { ...known, version, rest } }
}

/** What taking lane 0 anew does for every table, for this one: a failure is forgotten, and comes again if nobody mended its cause. */
function restarted(known: TableEntry, context: TableRequestContext): RequestOutcome {
  const { mode, lanes, nowMs, present, problem } = context
  const { status } = known
  if (status.kind === 'retired') return { kind: 'refused', reason: `the table is retired: ${status.reason}` }
  if (status.kind === 'stopped' && status.code === 'SOURCE_REPLACED')
    return {
      kind: 'refused',
      reason: 'its stream was replaced: a snapshot takes it up again, or a reset of its positions',
    }
  if (problem !== undefined) return { kind: 'refused', reason: problem }
  const revived = afterTakeOver(known, { mode }) ?? known
  const seen = present === undefined ? revived : (afterLookingAgain(revived, present, nowMs) ?? revived)
  const table = afterSnapshotTakeOver(seen, { lanes }) ?? seen
  return { kind: 'done', table: { ...table, version: known.version + 1 } }
}
