import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import type { TableDecision } from '../table-life.ts'
import { tableEntries } from '../discovery.ts'
import { contextFor, contextNow } from './snapshot-context.ts'
import { afterDiscovery, afterReport, afterSnapshotTakeOver, rulesFor } from './snapshot-life.ts'
import { isSnapshotDue } from './snapshot-mode.ts'

/** Reports of home lanes, from lane 0's partition. */
export async function settleReports(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { reports, tables } = coordination.session.state
  for (const report of reports.values()) {
    const known = tables.get(report.tableArn)
    if (known === undefined) continue
    const decision = afterReport(known, report, contextNow(coordination, known))
    await decide(coordination, decision, signal)
    if (decision !== undefined) tellIfLoaded(coordination)
  }
}

/**
 * A pipeline that only loads is done when every table's snapshot is complete. Not behind a look that one of several accounts did not
 * answer: it may have tables that nobody has met.
 */
export function tellIfLoaded({ snapshots, session, environment, absences, lastLook }: Coordination): void {
  if (lastLook.isPartial) return
  // Tables that are gone, or no longer meant, will never be loaded. That a look lacks a table says neither.
  const absent = absences.certain()
  const tables = [...session.state.tables.values()].filter(
    ({ table, status }) => status.kind !== 'retired' && !absent.has(table.arn),
  )
  const isLoaded = ({ status, snapshot }: TableEntry): boolean =>
    status.kind === 'loading' && snapshot?.state === 'completed'
  const isOnlyLoading = tables.every(({ table }) => rulesFor(snapshots, table).mode === 'only')
  if (isOnlyLoading && tables.length > 0 && tables.every(isLoaded))
    environment.onEvent({ kind: 'all-loaded', tables: tables.length })
}

/**
 * Begins the snapshots that are due. To be called when the streams of all tables have been listed and what is in them has
 * begun: what changes from then on is delivered whatever the scan sees. `only`: the ARNs of the tables that are meant; default: all.
 */
export async function beginSnapshots(
  coordination: Coordination,
  signal: AbortSignal,
  {
    isPipelineStart = false,
    only,
  }: { readonly isPipelineStart?: boolean; readonly only?: ReadonlySet<string> | undefined } = {},
): Promise<void> {
  const due = (known: TableEntry): boolean =>
    (only === undefined || only.has(known.table.arn)) &&
    known.status.kind !== 'stopped' &&
    isSnapshotDue(known, { ...rulesFor(coordination.snapshots, known.table), isPipelineStart })
  await eachOf(coordination, due, async (known) => {
    const context = await contextFor(coordination, known, signal)
    await decide(coordination, afterDiscovery(known, { ...context, isPipelineStart }), signal)
  })
}

/** Tables that stand still because changes were lost, where the configuration wants them to be taken up again by a snapshot. */
export async function regainTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const due = (known: TableEntry): boolean =>
    known.status.kind === 'stopped' &&
    isSnapshotDue(known, { ...rulesFor(coordination.snapshots, known.table), isPipelineStart: false })
  await eachOf(coordination, due, async (known) => {
    await decide(coordination, afterDiscovery(known, await contextFor(coordination, known, signal)), signal)
  })
}

/** What goes wrong with one table does not hold up the others: it is thrown when they are done. */
async function eachOf(
  { session }: Coordination,
  isMeant: (known: TableEntry) => boolean,
  work: (known: TableEntry) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  for (const known of [...session.state.tables.values()].filter(isMeant)) {
    try {
      await work(known)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** Tries failed snapshots again. */
export async function retrySnapshots(coordination: Coordination, signal: AbortSignal): Promise<void> {
  for (const known of coordination.session.state.tables.values())
    await decide(coordination, afterSnapshotTakeOver(known, contextNow(coordination, known)), signal)
}

async function decide(coordination: Coordination, decision: TableDecision, signal: AbortSignal): Promise<void> {
  if (decision === undefined) return
  await coordination.write(await tableEntries(coordination, decision, signal))
  tell(coordination, decision)
}

/** Tells what has become of a table's snapshot. */
export function tell({ environment: { onEvent } }: Coordination, { table, homeLane, snapshot }: TableEntry): void {
  if (snapshot === undefined) return
  const { state, code, reason, caution, totals, segments, regains } = snapshot
  if (homeLane !== undefined)
    onEvent({ kind: 'snapshot-started', table: table.name, lane: homeLane, segments, regains, caution })
  // Of an export is told when it is asked for.
  else if (state === 'exporting') return
  else if (state === 'completed') onEvent({ kind: 'snapshot-completed', table: table.name, ...totals })
  else onEvent({ kind: 'snapshot-halted', table: table.name, state, code, reason })
}
