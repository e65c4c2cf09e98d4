import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { reportOf } from '../../lanes/snapshot-progress.ts'
import { afterModeChange, firstEntry } from '../table-life.ts'
import { afterExportAccepted, afterExportCompleted, afterExportRefused } from './export-life.ts'
import { afterDiscovery, afterReport, afterRequest, afterSnapshotTakeOver } from './snapshot-life.ts'
import type { SnapshotContext } from './snapshot-life.ts'

const hour = 3_600_000
const start = Date.UTC(2026, 10, 3, 10) + 123
const target = {
  isForAll: true,
  bucket: 'exports',
  prefix: undefined,
  owner: undefined,
  format: 'DYNAMODB_JSON',
} as const
const at = (nowMs: number, more: Partial<SnapshotContext> = {}): SnapshotContext => ({
  mode: 'initial',
  segments: 4,
  exports: target,
  lanes: 5,
  nowMs,
  expectedItems: 20,
  isPipelineStart: false,
  present: undefined,
  caution: undefined,
  ...more,
})
const met: TableEntry = {
  ...firstEntry(tableOf('NEW_IMAGE'), { topic: 'orders', partitions: 1, id: 'x' }, undefined),
  status: { kind: 'loading' },
}
const some = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('nothing was decided')
  return value
}
const begun = some(afterDiscovery(met, at(start)))
const manifest = { bucket: 'exports', key: 'a/manifest-summary.json' }
const arrived = (known: TableEntry): TableEntry =>
  some(afterExportCompleted(some(afterExportAccepted(known, 'arn:export')), manifest, { segments: 3, homeLane: 2 }))
const loaded = (known: TableEntry, nowMs: number, more: Partial<SnapshotContext> = {}): TableEntry => {
  const totals = { items: 9, rows: 9, units: 0 }
  return some(afterReport(known, reportOf(known, totals, undefined, nowMs), at(nowMs, more)))
}

describe('a table that begins with an export', () => {
  it('is exported as it was a few minutes ago, on a whole second, and not read meanwhile', () => {
    expect(begun).toMatchObject({
      status: { kind: 'loading' },
      homeLane: undefined,
      snapshot: { state: 'exporting', kind: 'initial', regains: false, exports: { step: 0, fromMs: undefined } },
    })
    const toMs = begun.snapshot?.exports?.toMs ?? 0
    expect(toMs % 1000).toBe(0)
    expect(start - toMs).toBeGreaterThanOrEqual(5 * 60_000)
    expect(afterDiscovery(begun, at(start))).toBeUndefined()
    expect(afterModeChange(begun, at(start), start)).toBeUndefined()
    expect(afterModeChange(met, at(start), start)).toBeUndefined()
  })

  it('is loaded in its home lane under a run of its own', () => {
    const running = arrived(begun)
    expect(running).toMatchObject({
      homeLane: 2,
      run: begun.run + 1,
      snapshot: { run: begun.run + 1, segments: 3, state: 'running', exports: { exportArn: 'arn:export', manifest } },
    })
    expect(afterExportAccepted(running, 'other')).toBeUndefined()
  })

  it('is streamed from five minutes before, once less than twelve hours are missing', () => {
    const done = loaded(arrived(begun), start + 11 * hour)
    const toMs = begun.snapshot?.exports?.toMs ?? 0
    expect(done).toMatchObject({
      status: { kind: 'streaming' },
      notBeforeMs: toMs - 5 * 60_000,
      homeLane: undefined,
      snapshot: { state: 'completed', totals: { items: 9 } },
    })
    expect(afterDiscovery(done, at(start + 12 * hour))).toBeUndefined()
  })

  it('gets increments without a hole, of a day at most, until that is so', () => {
    const first = loaded(arrived(begun), start + 40 * hour)
    const end = begun.snapshot?.exports?.toMs ?? 0
    expect(first).toMatchObject({
      status: { kind: 'loading' },
      homeLane: undefined,
      snapshot: {
        state: 'exporting',
        totals: { items: 9 },
        exports: { step: 1, fromMs: end, toMs: end + 24 * hour, exportArn: undefined, manifest: undefined },
      },
    })
    const second = loaded(arrived(first), start + 43 * hour)
    expect(second.snapshot).toMatchObject({ totals: { items: 18 }, exports: { step: 2, fromMs: end + 24 * hour } })
    const last = second.snapshot?.exports?.toMs ?? 0
    expect(last).toBeLessThan(start + 43 * hour)
    expect(loaded(arrived(second), start + 45 * hour)).toMatchObject({
      status: { kind: 'streaming' },
      notBeforeMs: last - 5 * 60_000,
    })
  })

  it('is parked when it changes faster than its exports are loaded, and goes on when somebody asks', () => {
    const first = loaded(arrived(begun), start + 40 * hour)
    const parked = loaded(arrived(first), start + 65 * hour)
    expect(parked).toMatchObject({
      status: { kind: 'loading' },
      snapshot: { state: 'parked', code: 'SNAPSHOT_PARKED' },
    })
    const outcome = afterRequest(parked, { kind: 'resume' }, at(start + 66 * hour))
    if (outcome.kind === 'refused') throw new Error(outcome.reason)
    expect(outcome.table.snapshot).toMatchObject({ state: 'running' })
    expect(loaded(outcome.table, start + 67 * hour).snapshot).toMatchObject({
      state: 'exporting',
      exports: { step: 2 },
    })
  })

  it('asks anew for an export that failed, and goes on with files that could not be read', () => {
    const failure = { code: 'EXPORT_FAILED', reason: 'no access' }
    const failed = some(afterExportRefused(some(afterExportAccepted(begun, 'arn:export')), failure, start))
    expect(failed.snapshot).toMatchObject({ state: 'failed', ...failure })
    expect(some(afterSnapshotTakeOver(failed, at(start))).snapshot).toMatchObject({
      state: 'exporting',
      code: undefined,
      exports: { attempt: 1, exportArn: undefined, toMs: begun.snapshot?.exports?.toMs },
    })
    const running = arrived(begun)
    const totals = { items: 2, rows: 2, units: 0 }
    const report = reportOf(running, totals, { code: 'EXPORT_INVALID', reason: 'a bad md5' }, start)
    const broken = some(afterReport(running, report, at(start)))
    expect(broken).toMatchObject({ status: { kind: 'loading' }, snapshot: { state: 'failed' } })
    expect(some(afterSnapshotTakeOver(broken, at(start)))).toMatchObject({
      homeLane: expect.any(Number),
      snapshot: { state: 'running', run: running.snapshot?.run, exports: { manifest } },
    })
  })

  it('is paused and goes on while DynamoDB writes, with the same export', () => {
    const asked = some(afterExportAccepted(begun, 'arn:export'))
    const paused = afterRequest(asked, { kind: 'pause' }, at(start))
    if (paused.kind === 'refused') throw new Error(paused.reason)
    expect(paused.table).toMatchObject({ homeLane: undefined, snapshot: { state: 'paused' } })
    expect(afterExportAccepted(paused.table, 'arn')).toBeUndefined()
    const again = afterRequest(paused.table, { kind: 'resume' }, at(start))
    expect(again).toMatchObject({
      table: {
        homeLane: undefined,
        snapshot: { state: 'exporting', exports: { attempt: 0, exportArn: 'arn:export' } },
      },
    })
  })

  it('is not streamed where it is only loaded', () => {
    expect(loaded(arrived(begun), start + hour, { mode: 'only' })).toMatchObject({
      status: { kind: 'loading' },
      snapshot: { state: 'completed' },
    })
  })
})
