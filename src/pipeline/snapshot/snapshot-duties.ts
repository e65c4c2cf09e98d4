import { TailraceError } from '../../errors.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import type { TableDecision } from '../table-life.ts'
import { afterDiscovery, afterReport, afterRequest, afterSnapshotTakeOver, isSnapshotDue } from './snapshot-life.ts'
import type { SnapshotContext } from './snapshot-life.ts'

/** Reports of home lanes, from lane 0's partition. */
export async function settleReports(coordination: Coordination): Promise<void> {
  const { reports, tables } = coordination.session.state
  for (const report of reports.values()) {
    const known = tables.get(report.tableArn)
    if (known !== undefined) await decide(coordination, afterReport(known, report))
  }
}

/**
 * Requests, from lane 0's partition, in the order in which they were written. What becomes of one and that it is settled
 * are one transaction, so that it is carried out once; whoever asked finds the answer in the table's entry.
 */
export async function settleRequests(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { session, environment } = coordination
  for (const entry of session.state.requests.values()) {
    const known = session.state.tables.get(entry.tableArn)
    const tombstone = { lane: 0, entry, isTombstone: true }
    if (known === undefined) {
      await coordination.write([tombstone])
      continue
    }
    const items = entry.action.kind === 'start' ? await itemsOf(coordination, known, signal) : 0
    const outcome = afterRequest(known, entry.action, contextOf(coordination, items))
    const settled = { request: entry.id, refusal: outcome.kind === 'refused' ? outcome.reason : undefined }
    const table: TableEntry =
      outcome.kind === 'done' ? { ...outcome.table, settled } : { ...known, version: known.version + 1, settled }
    const lanes = Array.from({ length: environment.identity.lanes }, (_, lane) => ({ lane, entry: table }))
    await coordination.write([...lanes, tombstone])
    if (outcome.kind === 'done') tell(coordination, table)
  }
}

/**
 * Begins the snapshots that are due. To be called when the streams of all tables have been listed and what is in them has
 * begun: what changes from then on is delivered whatever the scan sees.
 */
export async function beginSnapshots(coordination: Coordination, signal: AbortSignal): Promise<void> {
  for (const known of coordination.session.state.tables.values()) {
    if (!isSnapshotDue(known, coordination.snapshots)) continue
    const items = await itemsOf(coordination, known, signal)
    await decide(coordination, afterDiscovery(known, contextOf(coordination, items)))
  }
}

/** Tries failed snapshots again. */
export async function retrySnapshots(coordination: Coordination): Promise<void> {
  for (const known of coordination.session.state.tables.values())
    await decide(coordination, afterSnapshotTakeOver(known, contextOf(coordination, 0)))
}

/** For people only: a snapshot begins without it, too. */
export async function itemsOf(
  { environment }: Coordination,
  { table }: TableEntry,
  signal: AbortSignal,
): Promise<number> {
  try {
    return (await environment.source.tableSize(table.name, signal)).items
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    return 0
  }
}

/** In which circumstances something about a snapshot is decided now. */
export function contextOf({ snapshots, environment }: Coordination, expectedItems: number): SnapshotContext {
  return { ...snapshots, lanes: environment.identity.lanes, nowMs: environment.clock.now(), expectedItems }
}

async function decide(coordination: Coordination, decision: TableDecision): Promise<void> {
  if (decision === undefined) return
  await coordination.writeTables([decision])
  tell(coordination, decision)
}

/** Tells what has become of a table's snapshot. */
export function tell({ environment: { onEvent } }: Coordination, { table, homeLane, snapshot }: TableEntry): void {
  if (snapshot === undefined) return
  const { state, code, reason, totals, segments } = snapshot
  if (homeLane !== undefined) onEvent({ kind: 'snapshot-started', table: table.name, lane: homeLane, segments })
  else if (state === 'completed') onEvent({ kind: 'snapshot-completed', table: table.name, ...totals })
  else onEvent({ kind: 'snapshot-halted', table: table.name, state, code, reason })
}
