import type { SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import { isResting } from '../../lanes/table-rest.ts'
import { addTotals, segmentsOf, totalsOf } from '../../lanes/snapshot-progress.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'

/** How far a table's newest snapshot is; null where there is none, or nothing is known. Times in milliseconds. */
export interface SnapshotStatusRow {
  readonly table: string
  readonly state: NonNullable<TableEntry['snapshot']>['state'] | null
  readonly kind: 'initial' | 'incremental' | null
  readonly segments: number | null
  readonly segmentsDone: number | null
  /** Items that were scanned, rows of them in the topic, and read capacity units that it took. */
  readonly items: number | null
  readonly rows: number | null
  readonly units: number | null
  /** Items that DynamoDB counted when it began; hours old, maybe. */
  readonly expectedItems: number | null
  /** If it goes on as it went so far, standstills included; milliseconds. */
  readonly leftMs: number | null
  readonly beganAtMs: number | null
  readonly endedAtMs: number | null
  readonly code: string | null
  readonly reason: string | null
}

/** From the table's entry once a snapshot is over; while it is not, from its scans, which any lane may hold. */
export function snapshotStatusOf(
  { lanes }: PipelineLedger,
  { table, ...entry }: TableEntry,
  nowMs: number,
): SnapshotStatusRow {
  const { snapshot } = entry
  if (snapshot === undefined) return { table: table.name, ...nothing }
  const scans = lanes
    .map((lane) => segmentsOf(lane, { table, ...entry }, snapshot))
    .toSorted((a, b) => pagesOf(b) - pagesOf(a))[0]
  const isOver = snapshot.state === 'completed'
  const present = totalsOf(scans ?? [])
  // Of several exports those before the present one are summed up.
  const totals = isOver ? snapshot.totals : addTotals(snapshot.totals, present)
  return {
    table: table.name,
    state: snapshot.state,
    kind: snapshot.kind,
    segments: snapshot.segments,
    segmentsDone: isOver
      ? snapshot.segments
      : (scans ?? []).slice(0, snapshot.segments).filter(({ isDone }) => isDone).length,
    ...totals,
    expectedItems: snapshot.expectedItems,
    leftMs: snapshot.state === 'running' && !isResting(entry) ? timeLeft(snapshot, totals.items, nowMs) : null,
    beganAtMs: snapshot.beganAtMs,
    endedAtMs: snapshot.endedAtMs ?? null,
    code: snapshot.code ?? null,
    reason:
      snapshot.reason ?? (isResting(entry) ? 'it waits: the table is paused or stopped' : (snapshot.caution ?? null)),
  }
}

const nothing = {
  state: null,
  kind: null,
  segments: null,
  segmentsDone: null,
  items: null,
  rows: null,
  units: null,
  expectedItems: null,
  leftMs: null,
  beganAtMs: null,
  endedAtMs: null,
  code: null,
  reason: null,
}

function timeLeft({ beganAtMs, expectedItems }: SnapshotRun, items: number, nowMs: number): number | null {
  if (items === 0 || expectedItems === 0) return null
  return Math.max(0, Math.round(((nowMs - beganAtMs) / items) * (expectedItems - items)))
}

function pagesOf(segments: ReturnType<typeof segmentsOf>): number {
  return segments.reduce((sum, { pages }) => sum + pages, 0)
}
