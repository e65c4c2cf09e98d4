import type { ExportStep, SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import type { SnapshotMode } from './snapshot-mode.ts'

/** DynamoDB can restore, and export, what is a few minutes old. */
const restorableMs = 6 * 60_000
/** An increment covers a day at most. */
const longestIncrementMs = 24 * 3_600_000
/** So much may be missing when the stream, which keeps 24 hours, is read from there. */
const streamWithinMs = 12 * 3_600_000
/** Exports are off by a minute at most; what the stream tells again does no harm. */
const overlapMs = 5 * 60_000

/**
 * What becomes of a table that is loaded from exports, as pure decisions. Its stream is not read meanwhile:
 *
 *   exporting (step 0, whole) ──▶ running (its files are loaded) ──▶ exporting (step 1, what changed since) ──▶ running ──▶ …
 *                                     │ less than 12 hours are missing
 *                                     └──▶ completed; the stream is read from 5 minutes before the last export's end
 */
export function firstExport(nowMs: number): ExportStep {
  const toMs = wholeSecond(nowMs - restorableMs)
  return {
    step: 0,
    fromMs: undefined,
    toMs,
    attempt: 0,
    missingMs: nowMs - toMs,
    exportArn: undefined,
    manifest: undefined,
  }
}

/** DynamoDB has accepted the export. */
export function afterExportAccepted(known: TableEntry, exportArn: string): TableEntry | undefined {
  return withStep(known, { exportArn })
}

/** It is there: its files are loaded in so many segments, under a run of its own. */
export function afterExportCompleted(
  known: TableEntry,
  manifest: NonNullable<ExportStep['manifest']>,
  { segments, homeLane }: { readonly segments: number; readonly homeLane: number },
): TableEntry | undefined {
  const next = withStep(known, { manifest })
  if (next?.snapshot === undefined) return undefined
  const run = next.run + 1
  return { ...next, homeLane, run, snapshot: { ...next.snapshot, run, segments, state: 'running' } }
}

/** It cannot be had. A person looks, or lane 0 is taken anew. */
export function afterExportRefused(
  known: TableEntry,
  failure: { readonly code: string; readonly reason: string },
  nowMs: number,
): TableEntry | undefined {
  const { snapshot } = known
  if (snapshot?.state !== 'exporting') return undefined
  return {
    ...known,
    version: known.version + 1,
    snapshot: { ...snapshot, ...failure, state: 'failed', endedAtMs: nowMs },
  }
}

/**
 * What a snapshot goes on with that was interrupted. An export that failed is asked for anew; one that is only waited for is
 * waited for again. Somebody who goes on with what was too slow has changed something.
 */
export function exportAgain(snapshot: SnapshotRun): SnapshotRun {
  const { exports: step, state } = snapshot
  if (step === undefined) return snapshot
  if (state === 'parked') return { ...snapshot, exports: { ...step, missingMs: Number.MAX_SAFE_INTEGER } }
  if (step.manifest !== undefined || state !== 'failed') return snapshot
  return { ...snapshot, exports: { ...step, attempt: step.attempt + 1, exportArn: undefined } }
}

/**
 * All files of an export are delivered: the stream follows, or one more export. `before` is the snapshot without them: one
 * that is parked counts them again when it goes on.
 */
export function afterExportLoaded(
  known: TableEntry,
  before: Pick<SnapshotRun, 'totals'>,
  { mode, nowMs }: { readonly mode: SnapshotMode; readonly nowMs: number },
): TableEntry {
  const { snapshot } = known
  const step = snapshot?.exports
  if (snapshot === undefined || step === undefined || mode === 'only') return known
  const missingMs = nowMs - step.toMs
  if (missingMs <= streamWithinMs) {
    return { ...known, status: { kind: 'streaming' }, notBeforeMs: wholeSecond(step.toMs - overlapMs) }
  }
  if (step.step > 0 && missingMs >= step.missingMs) {
    const hours = (missingMs / 3_600_000).toFixed(1)
    const reason = `exports are loaded more slowly than the table changes: ${hours} hours are missing, and no fewer than before`
    const { totals } = before
    return {
      ...known,
      snapshot: { ...snapshot, state: 'parked', code: 'SNAPSHOT_PARKED', reason, endedAtMs: nowMs, totals },
    }
  }
  const next: ExportStep = {
    step: step.step + 1,
    fromMs: step.toMs,
    toMs: Math.min(step.toMs + longestIncrementMs, wholeSecond(nowMs - restorableMs)),
    attempt: 0,
    missingMs,
    exportArn: undefined,
    manifest: undefined,
  }
  return { ...known, snapshot: { ...snapshot, state: 'exporting', endedAtMs: undefined, exports: next } }
}

function withStep(known: TableEntry, change: Partial<ExportStep>): TableEntry | undefined {
  const { snapshot } = known
  if (snapshot?.state !== 'exporting' || snapshot.exports === undefined) return undefined
  return {
    ...known,
    version: known.version + 1,
    snapshot: { ...snapshot, exports: { ...snapshot.exports, ...change } },
  }
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}
