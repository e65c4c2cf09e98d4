import type { Clock } from '../../async/clock.ts'
import type { PipelineEvent, PipelineEventSink } from '../../pipeline/pipeline-event.ts'
import type { SnapshotReport } from './snapshot-line.ts'

/**
 * Tells how far the snapshots are that this process scans: of each at most every `everyMs`, only while it moves, and once
 * more when its last segment is done. Rates are those since the last report; at the end, those since this process began with it.
 * A process that takes a scan over tells of it from there on.
 */
export function createSnapshotReport(
  clock: Clock,
  everyMs: number,
  report: (report: SnapshotReport) => void,
): PipelineEventSink {
  const scans = new Map<string, Scan>()
  return (event) => {
    const now = clock.monotonic()
    if (event.kind === 'scan-page-read' && !scans.has(event.table))
      scans.set(event.table, { lane: event.lane, askedAtMs: now - event.tookMs, known: undefined })
    if (event.kind === 'lane-released' || event.kind === 'lane-in-doubt')
      for (const [table, { lane }] of scans) if (lane === event.lane) scans.delete(table)
    if (event.kind !== 'rows-committed') return
    const { lane, table, snapshot: progress } = event
    const { first, last } = knownOf(scans.get(table), event, now)
    const isDone = progress.segmentsDone === progress.segments
    const isDue = isDone || now - last.atMs >= everyMs
    const reached = { atMs: now, items: progress.items, units: progress.units }
    if (isDone) scans.delete(table)
    else
      scans.set(table, {
        lane,
        askedAtMs: first.atMs,
        known: { run: progress.run, first, last: isDue ? reached : last },
      })
    if (isDue) report({ table, progress, ...ratesBetween(isDone ? first : last, reached), isDone })
  }
}

type RowsCommitted = Extract<PipelineEvent, { readonly kind: 'rows-committed' }>

/** A table whose scan is in this process. */
interface Scan {
  readonly lane: number
  /** When its first page was asked for. */
  readonly askedAtMs: number
  /** What the first commit has shown: where this process began, and what it told last. */
  readonly known: Known | undefined
}

interface Known {
  readonly run: number
  readonly first: Reading
  readonly last: Reading
}

/** Totals of a snapshot at a time of the monotonic clock. */
interface Reading {
  readonly atMs: number
  readonly items: number
  readonly units: number
}

/** Of a snapshot that is met for the first time, or another one than before: from in front of this page. */
function knownOf(scan: Scan | undefined, event: RowsCommitted, now: number): Omit<Known, 'run'> {
  const { snapshot, items, units } = event
  if (scan?.known?.run === snapshot.run) return scan.known
  const atMs = scan === undefined || scan.known !== undefined ? now : scan.askedAtMs
  const first = { atMs, items: snapshot.items - items, units: snapshot.units - units }
  return { first, last: first }
}

function ratesBetween(from: Reading, to: Reading): Pick<SnapshotReport, 'itemsPerSecond' | 'unitsPerSecond'> {
  const seconds = Math.max(1, to.atMs - from.atMs) / 1000
  return { itemsPerSecond: (to.items - from.items) / seconds, unitsPerSecond: (to.units - from.units) / seconds }
}
