import type { SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import { isResting } from '../../lanes/table-rest.ts'
import { isLoss } from '../loss.ts'

/**
 * When a table's snapshot is taken by itself. Debezium's words:
 *
 * - `initial`: once, when the pipeline meets the table for the first time;
 * - `never`;
 * - `always`: also whenever the pipeline starts;
 * - `only`: as `initial`, and nothing of the stream is read;
 * - `when_needed`: as `initial`, and whenever changes were lost.
 */
export type SnapshotMode = 'initial' | 'never' | 'always' | 'only' | 'when_needed'

/** True if the mode wants a snapshot of the table to be begun now; one that is under way goes on. Never of a table that rests. */
export function isSnapshotDue(
  table: TableEntry,
  { mode, isPipelineStart }: { readonly mode: SnapshotMode; readonly isPipelineStart: boolean },
): boolean {
  const { snapshot, status, lossAtMs } = table
  if (mode === 'never' || isResting(table)) return false
  // Before anything of its stream is read: a table that is only loaded, or one that begins with an export.
  if (status.kind === 'loading') return snapshot === undefined
  if (mode === 'only') return false
  if (status.kind !== 'streaming') return mode === 'when_needed' && mayRegainAlone(table)
  // Its scan was overtaken by a loss: it begins again, once.
  if (snapshot === undefined || (isVoid(snapshot) && !snapshot.regains)) return true
  if (mode === 'always') return isPipelineStart && isOver(snapshot)
  return mode === 'when_needed' && lossAtMs !== undefined && mayRegainAlone(table)
}

/**
 * A table that has lost changes is snapshotted anew by itself, but not when it was such a snapshot that met the next gap (it
 * would begin again for ever), nor when somebody has stopped it. Then a person has to decide.
 */
function mayRegainAlone({ status, snapshot, lossAtMs }: TableEntry): boolean {
  const isStoppedByLoss = status.kind === 'stopped' && isLoss(status.code)
  if (!isStoppedByLoss && (status.kind !== 'streaming' || lossAtMs === undefined)) return false
  return snapshot?.regains !== true || snapshot.state === 'completed'
}

/** Changes were lost in the middle of it: it cannot go on, only begin anew. */
export function isVoid({ state, code }: SnapshotRun): boolean {
  return state === 'failed' && code !== undefined && isLoss(code)
}

/** Nothing of it is left to be done. */
export function isOver({ state }: SnapshotRun): boolean {
  return state === 'completed' || state === 'stopped'
}
