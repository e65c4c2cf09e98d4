import type { LaneContext } from './hand-over.ts'
import { isGathered } from './hand-over.ts'
import { isResting } from './table-rest.ts'
import type { LaneState } from './lane-state.ts'
import { ledgerKey } from './ledger-codec.ts'
import type {
  AddressedEntry,
  BaselineEntry,
  ReportEntry,
  ScanEntry,
  ScanTotals,
  SnapshotRun,
  TableEntry,
} from './ledger-entry.ts'

/** A snapshot that a lane is to scan now. */
export interface RunningScan {
  readonly table: TableEntry
  /** What is left, in the order of the segments: where each goes on. */
  readonly segments: readonly ScanEntry[]
}

/**
 * The snapshots that this lane scans: it is their home, every lane has answered, and their tables are streamed or only
 * loaded, and do not rest. Before the last answer another lane might still emit changes behind a row that is older.
 */
export function scansToRun(state: LaneState, { lane, lanes }: LaneContext): readonly RunningScan[] {
  const running: RunningScan[] = []
  for (const table of state.tables.values()) {
    const { snapshot, homeLane, status } = table
    if (
      snapshot?.state !== 'running' ||
      homeLane !== lane ||
      isResting(table) ||
      (status.kind !== 'streaming' && status.kind !== 'loading')
    )
      continue
    if (!isGathered(state, table, lanes)) continue
    const all = segmentsOf(state, table, snapshot)
    const ofTable = all.slice(0, snapshot.segments).filter(({ isDone }) => !isDone)
    // What is gone, only a scan that is over can tell.
    const segments = ofTable.length > 0 ? ofTable : all.filter(({ isDone }) => !isDone)
    if (segments.length > 0) running.push({ table, segments })
  }
  return running
}

/**
 * Every segment of a snapshot as far as it has come, the first pages not yet read included: those of the table, and then,
 * where the snapshot regains, the partitions of the topic, which are swept for keys of items that are gone.
 */
export function segmentsOf(state: LaneState, table: TableEntry, snapshot: SnapshotRun): readonly ScanEntry[] {
  const length = snapshot.segments + (snapshot.regains ? table.topicPartitions : 0)
  return Array.from({ length }, (_, segment) => {
    const start: ScanEntry = {
      kind: 'scan',
      tableArn: table.table.arn,
      run: snapshot.run,
      segment,
      totalSegments: snapshot.segments,
      lastKey: undefined,
      pages: 0,
      ...noTotals,
      isDone: false,
    }
    return state.scans.get(ledgerKey(start)) ?? start
  })
}

/** Where the topic ended when the scan of a snapshot began; undefined as long as it has not. */
export function baselineOf(state: LaneState, { table, snapshot }: TableEntry): BaselineEntry | undefined {
  if (snapshot === undefined) return undefined
  const key = ledgerKey({ kind: 'baseline', tableArn: table.arn, run: snapshot.run, offsets: [] })
  return state.baselines.get(key)
}

/**
 * True while a gap in a table's stream may be passed over: every item that the table holds is still to be read, after
 * whatever was lost. Once the first page was asked for that is no longer so.
 */
export function mayPassOverGaps(state: LaneState, table: TableEntry): boolean {
  const { snapshot, status } = table
  if (snapshot?.regains !== true || snapshot.state !== 'running' || status.kind !== 'streaming') return false
  return baselineOf(state, table) === undefined
}

/** Nothing was scanned. */
export const noTotals: ScanTotals = { items: 0, rows: 0, units: 0 }

/** Two sums together. */
export function addTotals(a: ScanTotals, b: ScanTotals): ScanTotals {
  return { items: a.items + b.items, rows: a.rows + b.rows, units: a.units + b.units }
}

/** Sums over the segments of a snapshot. */
export function totalsOf(segments: readonly ScanTotals[]): ScanTotals {
  return segments.reduce(addTotals, noTotals)
}

/**
 * Reports that this lane owes to the coordinator: snapshots of which it has delivered every segment. Each is given once;
 * the lane's own partition remembers it.
 */
export function reportsOwed(state: LaneState, context: LaneContext): readonly AddressedEntry[] {
  const entries: AddressedEntry[] = []
  for (const table of state.tables.values()) {
    const { snapshot, homeLane } = table
    if (snapshot?.state !== 'running' || homeLane !== context.lane) continue
    const segments = segmentsOf(state, table, snapshot)
    if (!segments.every(({ isDone }) => isDone)) continue
    const report = reportOf(table, totalsOf(segments), undefined, context.nowMs)
    if (!state.reports.has(ledgerKey(report))) entries.push(...addressedReport(report, context.lane))
  }
  return entries
}

/** The report of a snapshot that is over: complete, or with the reason why it cannot go on. */
export function reportOf(
  { table, run }: TableEntry,
  totals: ScanTotals,
  failure: { readonly code: string; readonly reason: string } | undefined,
  nowMs: number,
): ReportEntry {
  return {
    kind: 'report',
    tableArn: table.arn,
    run,
    outcome: failure === undefined ? 'completed' : failure.code === 'SNAPSHOT_PARKED' ? 'parked' : 'failed',
    code: failure?.code,
    reason: failure?.reason,
    totals,
    atMs: nowMs,
  }
}

/** A report goes to the coordinator, and into the lane's own partition. */
export function addressedReport(entry: ReportEntry, lane: number): readonly AddressedEntry[] {
  return [...new Set([lane, 0])].map((target) => ({ lane: target, entry }))
}

/**
 * Tombstones for what this lane's partition holds of gatherings and snapshots that are over. Of a gathering that the lane
 * has not heard of yet, because its table's entry comes later than an answer, everything stays.
 */
export function leftovers(state: LaneState, { lane }: LaneContext): readonly AddressedEntry[] {
  const tombstones: AddressedEntry[] = []
  for (const entry of [...state.answers.values(), ...state.reports.values()]) {
    const table = state.tables.get(entry.tableArn)
    if (table === undefined) continue
    if (entry.run < table.run || (entry.run === table.run && table.homeLane === undefined))
      tombstones.push({ lane, entry, isTombstone: true })
  }
  for (const entry of [...state.scans.values(), ...state.baselines.values()]) {
    const snapshot = state.tables.get(entry.tableArn)?.snapshot
    if (snapshot === undefined) continue
    if (entry.run < snapshot.run || (entry.run === snapshot.run && snapshot.state === 'completed'))
      tombstones.push({ lane, entry, isTombstone: true })
  }
  return tombstones
}
