import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { segmentsOf, totalsOf } from '../../lanes/snapshot-progress.ts'
import type { PipelineLedger } from './pipeline-ledger.ts'

/** How far a table's newest snapshot is; null where there is none, or nothing is known. Times in milliseconds. */
export interface SnapshotStatusRow {
  readonly table: string
  readonly state: NonNullable<TableEntry['snapshot']>['state'] | null
  readonly kind: 'initial' | 'incremental' | null
  readonly segments: number | null
  readonly segmentsDone: number | null
  /** Items that were scanned, and rows of them in the topic. */
  readonly items: number | null
  readonly rows: number | null
  readonly beganAtMs: number | null
  readonly endedAtMs: number | null
  readonly code: string | null
  readonly reason: string | null
}

/** From the table's entry once a snapshot is over; while it is not, from its scans, which any lane may hold. */
export function snapshotStatusOf({ lanes }: PipelineLedger, { table, ...entry }: TableEntry): SnapshotStatusRow {
  const { snapshot } = entry
  if (snapshot === undefined) {
    const nothing = { state: null, kind: null, segments: null, segmentsDone: null, items: null, rows: null }
    return { table: table.name, ...nothing, beganAtMs: null, endedAtMs: null, code: null, reason: null }
  }
  const scans = lanes
    .map((lane) => segmentsOf(lane, { table, ...entry }, snapshot))
    .toSorted((a, b) => pagesOf(b) - pagesOf(a))[0]
  const isOver = snapshot.state === 'completed'
  const { items, rows } = isOver ? snapshot : totalsOf(scans ?? [])
  return {
    table: table.name,
    state: snapshot.state,
    kind: snapshot.kind,
    segments: snapshot.segments,
    segmentsDone: isOver ? snapshot.segments : (scans ?? []).filter(({ isDone }) => isDone).length,
    items,
    rows,
    beganAtMs: snapshot.beganAtMs,
    endedAtMs: snapshot.endedAtMs ?? null,
    code: snapshot.code ?? null,
    reason: snapshot.reason ?? null,
  }
}

function pagesOf(segments: ReturnType<typeof segmentsOf>): number {
  return segments.reduce((sum, { pages }) => sum + pages, 0)
}
