import type { ReportEntry, SnapshotAction, SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import { registrarOf } from '../../lanes/registrar.ts'
import { noTotals } from '../../lanes/snapshot-progress.ts'
import type { Table } from '../../change/table.ts'
import type { TableDecision } from '../table-life.ts'
import { isLoss } from '../loss.ts'
import { isOver, isSnapshotDue, isVoid } from './snapshot-mode.ts'
import type { SnapshotMode } from './snapshot-mode.ts'

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
  /** True while the pipeline starts: the first look of its only worker. */
  readonly isPipelineStart: boolean
  /** About how many items the table has; for people. */
  readonly expectedItems: number
  /** The table as the source shows it now, where its stream was replaced. */
  readonly present: Table | undefined
  /** What people should know of a snapshot that regains; undefined = nothing. */
  readonly caution: string | undefined
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
 * progress. In every other state they are spread over all lanes. Where changes were lost meanwhile it has failed for good
 * (table-life.ts); the next one regains what they said.
 */
export function afterDiscovery(known: TableEntry, context: SnapshotContext): TableDecision {
  if (!isSnapshotDue(known, context)) return undefined
  return started(known, { snapshot: 'initial', segments: undefined, filter: undefined }, context)
}

/** A home lane's report; one of an earlier gathering is void. */
export function afterReport(known: TableEntry, report: ReportEntry): TableDecision {
  const { snapshot } = known
  if (snapshot?.state !== 'running' || known.homeLane === undefined || report.run !== known.run) return undefined
  const { code, reason, totals, atMs } = report
  const ended = released(known, {
    ...snapshot,
    state: report.outcome,
    code,
    reason: reason ?? snapshot.reason,
    endedAtMs: atMs,
    totals,
  })
  return report.outcome === 'completed' && snapshot.regains ? { ...ended, lossAtMs: undefined } : ended
}

/** Lane 0 was taken anew: what could not go on is tried again, from where it was. */
export function afterSnapshotTakeOver(known: TableEntry, { lanes }: Pick<SnapshotContext, 'lanes'>): TableDecision {
  const { snapshot } = known
  if (snapshot?.state !== 'failed' || isVoid(snapshot) || !canScan(known)) return undefined
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
    const isLost = status.kind === 'stopped' && isLoss(status.code)
    if (!canScan(known) && !isLost) return { kind: 'refused', reason: `the table is ${status.kind}` }
    if (isLost && action.filter !== undefined)
      return {
        kind: 'refused',
        reason: 'the table has lost changes: only a snapshot of all its items can take it up again',
      }
    return snapshot === undefined || isOver(snapshot) || isVoid(snapshot)
      ? done(started(known, action, context))
      : refused
  }
  if (snapshot === undefined || isOver(snapshot)) return refused
  switch (action.kind) {
    case 'pause':
      return state === 'paused' ? refused : done(released(known, { ...snapshot, state: 'paused' }))
    case 'resume':
      if (isVoid(snapshot)) return { kind: 'refused', reason: 'changes were lost since it began: start a new one' }
      return state === 'running' ? refused : done(resumed(known, snapshot, context.lanes))
    case 'stop':
      return done(released(known, { ...snapshot, state: 'stopped', endedAtMs: context.nowMs }))
  }
}

/** What is stopped, or read to the end of an old stream, cannot be scanned. */
function canScan({ status }: TableEntry): boolean {
  return status.kind === 'streaming' || status.kind === 'loading'
}

/**
 * A table that has lost changes is taken up again with it: a snapshot of all its items makes up for them, as long as their
 * gap is met before its first page is asked for.
 */
function started(
  known: TableEntry,
  wanted: Omit<Extract<SnapshotAction, { readonly kind: 'start' }>, 'kind'>,
  { mode, lanes, segments, nowMs, expectedItems, present, caution }: SnapshotContext,
): TableEntry {
  const run = known.run + 1
  const { status, lossAtMs } = known
  const isLost = status.kind === 'stopped'
  const snapshot: SnapshotRun = {
    run,
    kind: wanted.snapshot,
    segments: wanted.segments ?? segments,
    filter: wanted.filter,
    regains: (isLost || lossAtMs !== undefined) && wanted.filter === undefined,
    state: 'running',
    code: undefined,
    reason: caution,
    beganAtMs: nowMs,
    endedAtMs: undefined,
    expectedItems,
    totals: noTotals,
  }
  return {
    ...known,
    version: known.version + 1,
    homeLane: homeLaneOf(known, lanes),
    run,
    snapshot,
    ...(isLost ? { status: { kind: mode === 'only' ? 'loading' : 'streaming' } } : {}),
    ...(present === undefined ? {} : { table: present, notBeforeMs: undefined }),
  }
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
