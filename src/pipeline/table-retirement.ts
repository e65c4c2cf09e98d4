import type { TableAbsence } from '../change/table-absence.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import { hasUnfinishedShards } from './table-life.ts'
import type { TableDecision } from './table-life.ts'

/**
 * How often in succession a table must be asked for and say the same before it is retired: services answer of a while ago.
 * What the configuration itself says needs no second look.
 */
export function looksUntilRetired({ kind }: TableAbsence): number {
  return kind === 'unselected' ? 1 : 2
}

/**
 * A table that is not meant any more, or is gone. What is left of the stream of a deleted table is read to its end first: it
 * stays readable for a day. `ledgers` must be fresh.
 */
export function afterAbsence(
  known: TableEntry,
  absence: TableAbsence,
  { ledgers, nowMs }: { readonly ledgers: readonly LaneState[]; readonly nowMs: number },
): TableDecision {
  const { status } = known
  if (status.kind === 'retired') return undefined
  if (absence.kind === 'gone' && hasUnfinishedShards(known, ledgers)) return undefined
  return {
    ...known,
    version: known.version + 1,
    status: {
      kind: 'retired',
      why: absence.kind,
      reason: absence.reason,
      sinceMs: nowMs,
      wasLoading: status.kind === 'loading',
    },
  }
}

/**
 * A retired table that is meant again goes on from its positions. Whether something was trimmed in front of them is found by
 * whoever reads on, as after any pause; that its stream was replaced, by the look that follows.
 */
export function afterReturn(known: TableEntry): TableDecision {
  const { status } = known
  if (status.kind !== 'retired') return undefined
  return { ...known, version: known.version + 1, status: { kind: status.wasLoading ? 'loading' : 'streaming' } }
}
