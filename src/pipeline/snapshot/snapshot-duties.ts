import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import type { TableDecision } from '../table-life.ts'
import { discoverShards } from '../discovery.ts'
import { afterDiscovery, afterReport, afterRequest, afterSnapshotTakeOver } from './snapshot-life.ts'
import type { SnapshotContext } from './snapshot-life.ts'
import { isSnapshotDue } from './snapshot-mode.ts'

/** Reports of home lanes, from lane 0's partition. */
export async function settleReports(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { reports, tables } = coordination.session.state
  for (const report of reports.values()) {
    const known = tables.get(report.tableArn)
    if (known === undefined) continue
    const decision = afterReport(known, report, contextOf(coordination, 0))
    await decide(coordination, decision)
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
    const items = isStart ? await itemsOf(coordination, known, signal) : 0
    const present = isStart ? await presentOf(coordination, known, signal) : undefined
    const caution = isStart ? await cautionOf(coordination, known, signal) : undefined
    const outcome = afterRequest(known, entry.action, { ...contextOf(coordination, items), present, caution })
    const settled = { request: entry.id, refusal: outcome.kind === 'refused' ? outcome.reason : undefined }
    const table: TableEntry =
      outcome.kind === 'done' ? { ...outcome.table, settled } : { ...known, version: known.version + 1, settled }
    const lanes = Array.from({ length: environment.identity.lanes }, (_, lane) => ({ lane, entry: table }))
    await coordination.write([...lanes, tombstone])
    if (outcome.kind === 'done') tell(coordination, table)
    if (present !== undefined) await discoverShards(coordination, signal)
  }
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
    const items = await itemsOf(coordination, known, signal)
    const caution = await cautionOf(coordination, known, signal)
    await decide(coordination, afterDiscovery(known, { ...contextOf(coordination, items), isPipelineStart, caution }))
  }
}

/** Tables that stand still because changes were lost, where the configuration wants them to be taken up again by a snapshot. */
export async function regainTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const rules = { ...coordination.snapshots, isPipelineStart: false }
  for (const known of coordination.session.state.tables.values()) {
    if (known.status.kind !== 'stopped' || !isSnapshotDue(known, rules)) continue
    const present = await presentOf(coordination, known, signal)
    const items = await itemsOf(coordination, known, signal)
    const caution = await cautionOf(coordination, known, signal)
    await decide(coordination, afterDiscovery(known, { ...contextOf(coordination, items), present, caution }))
    // A new stream has shards that nobody knows yet.
    if (present !== undefined) await discoverShards(coordination, signal)
  }
}

/** Where a table's stream was replaced, only the source can tell what is there now. */
async function presentOf(
  { environment }: Coordination,
  { table, status }: TableEntry,
  signal: AbortSignal,
): Promise<Table | undefined> {
  const isReplaced = status.kind === 'stopped' && status.code === 'SOURCE_REPLACED'
  return isReplaced ? await environment.source.describeTable(table.name, signal) : undefined
}

/** Of a topic that throws records away by their age, nobody can read back which items it has shown. */
async function cautionOf(
  { kafka }: Coordination,
  { topic, status, lossAtMs }: TableEntry,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (status.kind !== 'stopped' && lossAtMs === undefined) return undefined
  const policies = (await kafka.topicConfig(topic, signal)).get('cleanup.policy')?.split(',') ?? []
  if (policies.includes('compact') && !policies.includes('delete')) return undefined
  return `deletes may be missing: topic ${topic} has cleanup.policy=${policies.join(',')}, so its keys may be incomplete`
}

/** Tries failed snapshots again. */
export async function retrySnapshots(coordination: Coordination): Promise<void> {
  for (const known of coordination.session.state.tables.values())
    await decide(coordination, afterSnapshotTakeOver(known, contextOf(coordination, 0)))
}

/** For people only: a snapshot begins without it, too. */
async function itemsOf({ environment }: Coordination, { table }: TableEntry, signal: AbortSignal): Promise<number> {
  try {
    return (await environment.source.tableSize(table.name, signal)).items
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    return 0
  }
}

function contextOf({ snapshots, environment }: Coordination, expectedItems: number): SnapshotContext {
  return {
    ...snapshots,
    lanes: environment.identity.lanes,
    nowMs: environment.clock.now(),
    isPipelineStart: false,
    present: undefined,
    caution: undefined,
    expectedItems,
  }
}

async function decide(coordination: Coordination, decision: TableDecision): Promise<void> {
  if (decision === undefined) return
  await coordination.writeTables([decision])
  tell(coordination, decision)
}

function tell({ environment: { onEvent } }: Coordination, { table, homeLane, snapshot }: TableEntry): void {
  if (snapshot === undefined) return
  const { state, code, reason, totals, segments, regains } = snapshot
  if (homeLane !== undefined)
    onEvent({ kind: 'snapshot-started', table: table.name, lane: homeLane, segments, regains, caution: reason })
  else if (state === 'completed') onEvent({ kind: 'snapshot-completed', table: table.name, ...totals })
  else onEvent({ kind: 'snapshot-halted', table: table.name, state, code, reason })
}
