import type { ReportEntry, SnapshotAction, SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import { registrarOf } from '../../lanes/registrar.ts'
import { isResting } from '../../lanes/table-rest.ts'
import { addTotals, noTotals } from '../../lanes/snapshot-progress.ts'
import type { Table } from '../../change/table.ts'
import type { TableDecision } from '../table-life.ts'
import { isLoss } from '../loss.ts'
import { afterExportLoaded, exportAgain, firstExport } from './export-life.ts'
import type { ExportTarget } from './export-loading.ts'
import { isOver, isSnapshotDue, isVoid } from './snapshot-mode.ts'
import type { SnapshotMode } from './snapshot-mode.ts'

/** How snapshots are taken. */
export interface SnapshotRules {
  readonly mode: SnapshotMode
  /** Segments in which a table is scanned. */
  readonly segments: number
  /** Set where tables are loaded from exports instead of scans, before their streams are read. */
  readonly exports: ExportTarget | undefined
  /** Modes of tables that have one of their own, by ARN or, for all of a name, by name. Default: none has. */
  readonly modes?: ReadonlyMap<string, SnapshotMode>
}

/** The rules as they are for one table. */
export function rulesFor<R extends Pick<SnapshotRules, 'mode' | 'modes'>>(
  rules: R,
  { arn, name }: Pick<Table, 'arn' | 'name'>,
): R {
  const mode = rules.modes?.get(arn) ?? rules.modes?.get(name)
  return mode === undefined ? rules : { ...rules, mode }
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
  if (!isSnapshotDue(known, context) || isOutOfSight(known, context)) return undefined
  return started(known, { snapshot: 'initial', segments: undefined, filter: undefined }, context)
}

/** A home lane's report; one of an earlier gathering is void. */
export function afterReport(
  known: TableEntry,
  report: ReportEntry,
  { mode, nowMs }: Pick<SnapshotContext, 'mode' | 'nowMs'>,
): TableDecision {
  const { snapshot } = known
  if (snapshot?.state !== 'running' || known.homeLane === undefined || report.run !== known.run) return undefined
  const { code, reason, atMs, outcome } = report
  // Of several exports those before the present one are summed up; it counts when it is over.
  const isPart = snapshot.exports !== undefined
  const whole = isPart ? addTotals(snapshot.totals, report.totals) : report.totals
  const totals = isPart && outcome !== 'completed' ? snapshot.totals : whole
  const ended = released(known, {
    ...snapshot,
    state: outcome,
    code,
    reason,
    endedAtMs: atMs,
    totals,
  })
  if (outcome !== 'completed') return ended
  return snapshot.regains ? { ...ended, lossAtMs: undefined } : afterExportLoaded(ended, snapshot, { mode, nowMs })
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
    if (isResting(known)) return { kind: 'refused', reason: 'the table is paused or stopped' }
    const isLost = status.kind === 'stopped' && isLoss(status.code)
    if (!canScan(known) && !isLost) return { kind: 'refused', reason: `the table is ${status.kind}` }
    if (action.filter !== undefined && beginsWithExport(known, context))
      return { kind: 'refused', reason: 'the table begins with an export, which holds all of its items' }
    if (isOutOfSight(known, context))
      return { kind: 'refused', reason: 'its stream was replaced, and the source does not show another one now' }
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
      return state === 'running' || state === 'exporting' ? refused : done(resumed(known, snapshot, context.lanes))
    case 'stop':
      return done(released(known, { ...snapshot, state: 'stopped', endedAtMs: context.nowMs }))
  }
}

/** Replaced, and what took its place cannot be seen. */
function isOutOfSight({ status }: TableEntry, { present }: SnapshotContext): boolean {
  return status.kind === 'stopped' && status.code === 'SOURCE_REPLACED' && present === undefined
}

/** The rows of an export are some minutes old at least: nothing newer may have been written. */
function beginsWithExport({ status, snapshot, lossAtMs }: TableEntry, { exports }: SnapshotContext): boolean {
  const isUntouched = lossAtMs === undefined && (snapshot === undefined || snapshot.exports !== undefined)
  return exports !== undefined && status.kind === 'loading' && isUntouched
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
  context: SnapshotContext,
): TableEntry {
  const { mode, lanes, segments, nowMs, expectedItems, present, caution } = context
  const run = known.run + 1
  const { status } = known
  const isExport = beginsWithExport(known, context)
  const streams = mode !== 'only' && !isExport
  // What was loaded earlier, while nobody read the stream, may be gone by now.
  const lossAtMs = known.lossAtMs ?? (streams && status.kind === 'loading' ? nowMs : undefined)
  const isLost = status.kind === 'stopped'
  const snapshot: SnapshotRun = {
    run,
    kind: wanted.snapshot,
    segments: wanted.segments ?? segments,
    filter: wanted.filter,
    regains: (isLost || lossAtMs !== undefined) && wanted.filter === undefined && !isExport,
    exports: isExport ? firstExport(nowMs) : undefined,
    state: isExport ? 'exporting' : 'running',
    code: undefined,
    reason: undefined,
    caution,
    beganAtMs: nowMs,
    endedAtMs: undefined,
    expectedItems,
    totals: noTotals,
  }
  return {
    ...known,
    version: known.version + 1,
    homeLane: isExport ? undefined : homeLaneOf(known, lanes),
    run,
    snapshot,
    lossAtMs,
    status: { kind: streams ? 'streaming' : 'loading' },
    ...(present === undefined ? {} : { table: present, notBeforeMs: undefined }),
  }
}

/** Under a new gathering and the same run: the shards are gathered again, and the scans go on where they were. */
function resumed(known: TableEntry, snapshot: SnapshotRun, lanes: number): TableEntry {
  const again = exportAgain(snapshot)
  const cleared = { ...again, code: undefined, reason: undefined, endedAtMs: undefined }
  if (again.exports !== undefined && again.exports.manifest === undefined)
    return { ...known, version: known.version + 1, homeLane: undefined, snapshot: { ...cleared, state: 'exporting' } }
  return {
    ...known,
    version: known.version + 1,
    homeLane: homeLaneOf(known, lanes),
    run: known.run + 1,
    snapshot: { ...cleared, state: 'running' },
  }
}

function released(known: TableEntry, snapshot: SnapshotRun): TableEntry {
  return { ...known, version: known.version + 1, homeLane: undefined, snapshot }
}

/** The lane in which a table's snapshots are taken. */
export function homeLaneOf({ table }: TableEntry, lanes: number): number {
  return registrarOf(table.arn, 'snapshot', lanes)
}
