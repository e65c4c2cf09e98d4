import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import type { TableDecision } from '../table-life.ts'
import { afterDiscovery, afterReport, afterSnapshotTakeOver } from './snapshot-life.ts'

/** Reports of home lanes, from lane 0's partition. */
export async function settleReports(coordination: Coordination): Promise<void> {
  const { reports, tables } = coordination.session.state
  for (const report of reports.values()) {
    const known = tables.get(report.tableArn)
    if (known !== undefined) await decide(coordination, afterReport(known, report))
  }
}

/**
 * Begins the snapshots that are due. To be called when the streams of all tables have been listed and what is in them has
 * begun: what changes from then on is delivered whatever the scan sees.
 */
export async function beginSnapshots(coordination: Coordination): Promise<void> {
  const { session, snapshots, environment } = coordination
  const now = { lanes: environment.identity.lanes, nowMs: environment.clock.now() }
  for (const known of [...session.state.tables.values()])
    await decide(coordination, afterDiscovery(known, snapshots, now))
}

/** Tries failed snapshots again. */
export async function retrySnapshots(coordination: Coordination): Promise<void> {
  const { session, environment } = coordination
  for (const known of [...session.state.tables.values()])
    await decide(coordination, afterSnapshotTakeOver(known, environment.identity.lanes))
}

async function decide(coordination: Coordination, decision: TableDecision): Promise<void> {
  if (decision === undefined) return
  await coordination.writeTables([decision])
  tell(coordination, decision)
}

function tell({ environment: { onEvent } }: Coordination, { table, homeLane, snapshot }: TableEntry): void {
  if (snapshot === undefined) return
  const { code = 'INTERNAL', reason = '', items, rows, segments } = snapshot
  if (homeLane !== undefined) onEvent({ kind: 'snapshot-started', table: table.name, lane: homeLane, segments })
  else if (snapshot.state === 'completed') onEvent({ kind: 'snapshot-completed', table: table.name, items, rows })
  else onEvent({ kind: 'snapshot-failed', table: table.name, code, reason })
}
