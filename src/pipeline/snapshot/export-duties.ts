import { TailraceError } from '../../errors.ts'
import type { ExportStep, TableEntry } from '../../lanes/ledger-entry.ts'
import { textHash } from '../../lanes/text-hash.ts'
import type { TableExport } from '../../sources/table-export/table-exports.ts'
import { isResting } from '../../lanes/table-rest.ts'
import type { Coordination } from '../coordination.ts'
import { afterExportAccepted, afterExportCompleted, afterExportRefused } from './export-life.ts'
import { homeLaneOf } from './snapshot-life.ts'

/**
 * Looks after the exports that snapshots wait for: asks for those that were not asked for, and has those loaded that are
 * complete. Whatever is answered goes into the ledger first; a crash in between asks again, under the same token.
 */
export async function advanceExports(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const waiting = [...coordination.session.state.tables.values()].filter(
    (known) => known.snapshot?.state === 'exporting' && known.status.kind === 'loading' && !isResting(known),
  )
  // Side by side: one that has to be waited for does not hold up the others.
  const outcomes = await Promise.allSettled(waiting.map((known) => advanceOne(coordination, known, signal)))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

async function advanceOne(coordination: Coordination, known: TableEntry, signal: AbortSignal): Promise<void> {
  const { environment } = coordination
  const step = known.snapshot?.exports
  if (step === undefined) return
  try {
    const next = await advance(coordination, known, step, signal)
    if (next !== undefined) await coordination.writeTables([next])
    if (next?.homeLane !== undefined)
      environment.onEvent({ kind: 'export-completed', table: known.table.name, ...step, lane: next.homeLane })
  } catch (error) {
    if (signal.aborted || !isRefusal(error)) throw error
    const failure = { code: error.code, reason: error.message }
    const next = afterExportRefused(known, failure, environment.clock.now())
    if (next !== undefined) await coordination.writeTables([next])
    environment.onEvent({ kind: 'snapshot-halted', table: known.table.name, state: 'failed', ...failure })
  }
}

/** Something about this table or its export, which somebody has to look at. */
function isRefusal(error: unknown): error is TailraceError {
  return error instanceof TailraceError && (error.policy === 'stop-table' || error.code === 'TABLE_NOT_FOUND')
}

async function advance(
  coordination: Coordination,
  known: TableEntry,
  step: ExportStep,
  signal: AbortSignal,
): Promise<TableEntry | undefined> {
  const { environment, snapshots } = coordination
  const { exports, identity } = environment
  const { name, arn, id } = known.table
  if (exports === undefined) {
    const text = `table ${name} waits for an export, and the configuration has no snapshot.source: export any more`
    throw new TailraceError('EXPORT_REFUSED', text)
  }
  const { api, target } = exports
  if (step.exportArn === undefined) {
    const extent =
      step.fromMs === undefined
        ? ({ kind: 'full', timeMs: step.toMs } as const)
        : ({ kind: 'incremental', fromMs: step.fromMs, toMs: step.toMs, view: 'NEW_AND_OLD_IMAGES' } as const)
    const token = tokenOf(identity.pipeline, known, step)
    const exportArn = await api.request({ ...target, tableArn: arn, token, extent }, signal)
    environment.onEvent({ kind: 'export-requested', table: name, ...step, exportArn })
    return afterExportAccepted(known, exportArn)
  }
  const status = await api.describe(step.exportArn, signal)
  if (status.status === 'IN_PROGRESS') return undefined
  if (status.status === 'FAILED') {
    const text = `Export ${step.exportArn} failed: ${status.code}: ${status.message}`
    throw new TailraceError('EXPORT_FAILED', text, { details: { exportArn: step.exportArn, failureCode: status.code } })
  }
  const manifest = { bucket: status.bucket, key: status.manifestKey }
  const opened = await api.openExpected(manifest, { arn, id, fromMs: step.fromMs, toMs: step.toMs }, signal)
  const segments = segmentsFor(opened, snapshots.segments)
  return afterExportCompleted(known, manifest, { segments, homeLane: homeLaneOf(known, identity.lanes) })
}

/** No more segments than files, and one for an export without any. */
function segmentsFor({ files }: TableExport, most: number): number {
  return Math.max(1, Math.min(files.length, most))
}

/** Of up to 64 characters, and another one for each export: two pipelines may export one table. */
function tokenOf(pipeline: string, { table, run }: TableEntry, { step, attempt, toMs }: ExportStep): string {
  const whose = `${textHash(pipeline).toString(36)}-${textHash(`${table.arn}/${table.id}`).toString(36)}`
  return `tailrace-${whose}-${run}-${step}-${attempt}-${Math.floor(toMs / 1000)}`
}
