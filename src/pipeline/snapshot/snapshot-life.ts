import type { ReportEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { registrarOf } from '../../lanes/registrar.ts'
import type { TableDecision } from '../table-life.ts'

/** When a table's snapshot is taken by itself. Debezium's words. */
export type SnapshotMode = 'initial' | 'never'

/** How snapshots are taken. */
export interface SnapshotRules {
  readonly mode: SnapshotMode
  /** Segments in which a table is scanned. */
  readonly segments: number
}

/**
 * What the coordinator writes about a table's snapshot next, as pure decisions over its present entry; `undefined` = nothing.
 *
 *   (none) ── its shards are begun ──▶ running ── every segment is delivered ──▶ completed
 *                                       ▲    │ the scan is refused
 *                    lane 0 taken anew  │    ▼
 *                                       failed
 *
 * While it runs, the table's shards are gathered in its home lane, always the same one: there the scans keep their progress.
 */
export function afterDiscovery(
  known: TableEntry,
  { mode, segments }: SnapshotRules,
  now: { readonly lanes: number; readonly nowMs: number },
): TableDecision {
  if (mode === 'never' || known.snapshot !== undefined || known.status.kind !== 'streaming') return undefined
  const run = known.run + 1
  return {
    ...known,
    version: known.version + 1,
    homeLane: homeLaneOf(known, now.lanes),
    run,
    snapshot: {
      run,
      kind: 'initial',
      segments,
      state: 'running',
      code: undefined,
      reason: undefined,
      beganAtMs: now.nowMs,
      endedAtMs: undefined,
      items: 0,
      rows: 0,
    },
  }
}

/** A home lane's report; one of an earlier gathering is void. */
export function afterReport(known: TableEntry, report: ReportEntry): TableDecision {
  const { snapshot } = known
  if (snapshot?.state !== 'running' || known.homeLane === undefined || report.run !== known.run) return undefined
  return {
    ...known,
    version: known.version + 1,
    homeLane: undefined,
    snapshot: {
      ...snapshot,
      state: report.outcome,
      code: report.code,
      reason: report.reason,
      endedAtMs: report.atMs,
      items: report.items,
      rows: report.rows,
    },
  }
}

/** Lane 0 was taken anew: what could not go on is tried again, from where it was. */
export function afterSnapshotTakeOver(known: TableEntry, lanes: number): TableDecision {
  const { snapshot } = known
  if (snapshot?.state !== 'failed' || known.status.kind !== 'streaming') return undefined
  return {
    ...known,
    version: known.version + 1,
    homeLane: homeLaneOf(known, lanes),
    run: known.run + 1,
    snapshot: { ...snapshot, state: 'running', code: undefined, reason: undefined, endedAtMs: undefined },
  }
}

function homeLaneOf({ table }: TableEntry, lanes: number): number {
  return registrarOf(table.arn, 'snapshot', lanes)
}
