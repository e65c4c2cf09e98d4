import type { ReportEntry, SnapshotAction, SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import { registrarOf } from '../../lanes/registrar.ts'
import { noTotals } from '../../lanes/snapshot-progress.ts'
import type { TableDecision } from '../table-life.ts'

/** When a table's snapshot is taken by itself. Debezium's words. */
export type SnapshotMode = 'initial' | 'never'

/** How snapshots are taken. */
export interface SnapshotRules {
  readonly mode: SnapshotMode
  /** Segments in which a table is scanned. */
  readonly segments: number
}

/** When and among how many lanes something is decided. */
export interface SnapshotContext extends SnapshotRules {
  readonly lanes: number
  readonly nowMs: number
  /** About how many items the table has; for people. */
  readonly expectedItems: number
}

/**
 * What the coordinator writes about a table's snapshot next, as pure decisions over its present entry; `undefined` = nothing.
 *
 *   (none) ── its shards are begun, or somebody asks ──▶ running ── every segment is delivered ──▶ completed
 *                       resume, or lane 0 taken anew      ▲  │
 *                       after a failure                   │  ├─ the scan is refused ─▶ failed
 *                                                         │  ├─ changes come too fast ─▶ parked
 *                                                         │  └─ somebody asks ─▶ paused, stopped
 *                                                         └───── (all of them but stopped)
 *
 * While it runs, the table's shards are gathered in its home lane, always the same one: there the scans keep their
 * progress. In every other state they are spread over all lanes.
 */
export function afterDiscovery(known: TableEntry, context: SnapshotContext): TableDecision {
  if (!isSnapshotDue(known, context)) return undefined
  return started(known, { snapshot: 'initial', segments: undefined, filter: undefined }, context)
}

/** True for a table that `afterDiscovery` would begin. */
export function isSnapshotDue({ snapshot, status }: TableEntry, { mode }: Pick<SnapshotRules, 'mode'>): boolean {
  return mode !== 'never' && snapshot === undefined && status.kind === 'streaming'
}

/** A home lane's report; one of an earlier gathering is void. */
export function afterReport(known: TableEntry, report: ReportEntry): TableDecision {
  const { snapshot } = known
  if (snapshot?.state !== 'running' || known.homeLane === undefined || report.run !== known.run) return undefined
  const { code, reason, totals, atMs } = report
  return released(known, { ...snapshot, state: report.outcome, code, reason, endedAtMs: atMs, totals })
}

/** Lane 0 was taken anew: what could not go on is tried again, from where it was. */
export function afterSnapshotTakeOver(known: TableEntry, { lanes }: Pick<SnapshotContext, 'lanes'>): TableDecision {
  const { snapshot } = known
  if (snapshot?.state !== 'failed' || known.status.kind !== 'streaming') return undefined
  return resumed(known, snapshot, lanes)
}

/** What becomes of a table, or why nothing does. */
export type RequestOutcome =
  | { readonly kind: 'done'; readonly table: TableEntry }
  | { readonly kind: 'refused'; readonly reason: string }

/** Somebody asks. */
export function afterRequest(known: TableEntry, action: SnapshotAction, context: SnapshotContext): RequestOutcome {
  const { snapshot, status } = known
  const done = (table: TableEntry): RequestOutcome => ({ kind: 'done', table })
  const state = snapshot?.state ?? 'none'
  const refused: RequestOutcome = {
    kind: 'refused',
    reason: snapshot === undefined ? 'no snapshot of the table was ever begun' : `its snapshot is ${state}`,
  }
  if (action.kind === 'start') {
    if (status.kind !== 'streaming') return { kind: 'refused', reason: `the table is ${status.kind}` }
    return isUnfinished(snapshot) ? refused : done(started(known, action, context))
  }
  if (snapshot === undefined || !isUnfinished(snapshot)) return refused
  switch (action.kind) {
    case 'pause':
      return state === 'paused' ? refused : done(released(known, { ...snapshot, state: 'paused' }))
    case 'resume':
      return state === 'running' ? refused : done(resumed(known, snapshot, context.lanes))
    case 'stop':
      return done(released(known, { ...snapshot, state: 'stopped', endedAtMs: context.nowMs }))
  }
}

function isUnfinished(snapshot: SnapshotRun | undefined): snapshot is SnapshotRun {
  return snapshot !== undefined && snapshot.state !== 'completed' && snapshot.state !== 'stopped'
}

function started(
  known: TableEntry,
  wanted: Omit<Extract<SnapshotAction, { readonly kind: 'start' }>, 'kind'>,
  { lanes, segments, nowMs, expectedItems }: SnapshotContext,
): TableEntry {
  const run = known.run + 1
  const snapshot: SnapshotRun = {
    run,
    kind: wanted.snapshot,
    segments: wanted.segments ?? segments,
    filter: wanted.filter,
    state: 'running',
    code: undefined,
    reason: undefined,
    beganAtMs: nowMs,
    endedAtMs: undefined,
    expectedItems,
    totals: noTotals,
  }
  return { ...known, version: known.version + 1, homeLane: homeLaneOf(known, lanes), run, snapshot }
}

/** Under a new gathering and the same run: the shards are gathered again, and the scans go on where they were. */
function resumed(known: TableEntry, snapshot: SnapshotRun, lanes: number): TableEntry {
  return {
    ...known,
    version: known.version + 1,
    homeLane: homeLaneOf(known, lanes),
    run: known.run + 1,
    snapshot: { ...snapshot, state: 'running', code: undefined, reason: undefined, endedAtMs: undefined },
  }
}

function released(known: TableEntry, snapshot: SnapshotRun): TableEntry {
  return { ...known, version: known.version + 1, homeLane: undefined, snapshot }
}

function homeLaneOf({ table }: TableEntry, lanes: number): number {
  return registrarOf(table.arn, 'snapshot', lanes)
}
