import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import type { TableDecision } from '../table-life.ts'
import { discoverShards } from '../discovery.ts'
import { contextFor, contextNow } from './snapshot-context.ts'
import { afterDiscovery, afterReport, afterRequest, afterSnapshotTakeOver } from './snapshot-life.ts'
import { isSnapshotDue } from './snapshot-mode.ts'

/** Reports of home lanes, from lane 0's partition. */
export async function settleReports(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { reports, tables } = coordination.session.state
  for (const report of reports.values()) {
    const known = tables.get(report.tableArn)
    if (known === undefined) continue
    const decision = afterReport(known, report, contextNow(coordination))
    await decide(coordination, decision)
    if (decision !== undefined) tellIfLoaded(coordination)
    // Its stream is read from now on, and has shards that nobody knows yet.
    if (known.status.kind === 'loading' && decision?.status.kind === 'streaming')
      await discoverShards(coordination, signal)
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
    const isStart = entry.action.kind === 'start'
    const context = isStart ? await contextFor(coordination, known, signal) : contextNow(coordination)
    const outcome = afterRequest(known, entry.action, context)
    const settled = { request: entry.id, refusal: outcome.kind === 'refused' ? outcome.reason : undefined }
    const table: TableEntry =
      outcome.kind === 'done' ? { ...outcome.table, settled } : { ...known, version: known.version + 1, settled }
    const lanes = Array.from({ length: environment.identity.lanes }, (_, lane) => ({ lane, entry: table }))
    await coordination.write([...lanes, tombstone])
    if (outcome.kind === 'done') tell(coordination, table)
    if (context.present !== undefined) await discoverShards(coordination, signal)
  }
}

/** A pipeline that only loads is done when every table's snapshot is complete. */
export function tellIfLoaded({ snapshots, session, environment }: Coordination): void {
  const tables = [...session.state.tables.values()]
  const isLoaded = ({ status, snapshot }: TableEntry): boolean =>
    status.kind === 'loading' && snapshot?.state === 'completed'
  if (snapshots.mode === 'only' && tables.length > 0 && tables.every(isLoaded))
    environment.onEvent({ kind: 'all-loaded', tables: tables.length })
}

/**
 * Begins the snapshots that are due. To be called when the streams of all tables have been listed and what is in them has
 * begun: what changes from then on is delivered whatever the scan sees.
 */
export async function beginSnapshots(
  coordination: Coordination,
  signal: AbortSignal,
  isPipelineStart = false,
): Promise<void> {
  const rules = { ...coordination.snapshots, isPipelineStart }
  for (const known of coordination.session.state.tables.values()) {
    if (known.status.kind === 'stopped' || !isSnapshotDue(known, rules)) continue
    const context = await contextFor(coordination, known, signal)
    await decide(coordination, afterDiscovery(known, { ...context, isPipelineStart }))
  }
}

/** Tables that stand still because changes were lost, where the configuration wants them to be taken up again by a snapshot. */
export async function regainTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const rules = { ...coordination.snapshots, isPipelineStart: false }
  for (const known of coordination.session.state.tables.values()) {
    if (known.status.kind !== 'stopped' || !isSnapshotDue(known, rules)) continue
    const context = await contextFor(coordination, known, signal)
    await decide(coordination, afterDiscovery(known, context))
    // A new stream has shards that nobody knows yet.
    if (context.present !== undefined) await discoverShards(coordination, signal)
  }
}

/** Tries failed snapshots again. */
export async function retrySnapshots(coordination: Coordination): Promise<void> {
  for (const known of coordination.session.state.tables.values())
    await decide(coordination, afterSnapshotTakeOver(known, contextNow(coordination)))
}

async function decide(coordination: Coordination, decision: TableDecision): Promise<void> {
  if (decision === undefined) return
  await coordination.writeTables([decision])
  tell(coordination, decision)
}

/** Tells what has become of a table's snapshot. */
export function tell({ environment: { onEvent } }: Coordination, { table, homeLane, snapshot }: TableEntry): void {
  if (snapshot === undefined) return
  const { state, code, reason, totals, segments, regains } = snapshot
  if (homeLane !== undefined)
    onEvent({ kind: 'snapshot-started', table: table.name, lane: homeLane, segments, regains, caution: reason })
  // Of an export is told when it is asked for.
  else if (state === 'exporting') return
  else if (state === 'completed') onEvent({ kind: 'snapshot-completed', table: table.name, ...totals })
  else onEvent({ kind: 'snapshot-halted', table: table.name, state, code, reason })
}
