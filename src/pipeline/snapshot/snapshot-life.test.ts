import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { ReportEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { reportOf } from '../../lanes/snapshot-progress.ts'
import { firstEntry } from '../table-life.ts'
import { afterDiscovery, afterReport, afterSnapshotTakeOver } from './snapshot-life.ts'

const rules = { mode: 'initial', segments: 3 } as const
const now = { lanes: 5, nowMs: 1_000 }
const known = firstEntry(tableOf('NEW_IMAGE'), { topic: 'orders', partitions: 1, id: 'x' }, undefined)
const some = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('nothing was decided')
  return value
}
const running = (): TableEntry => some(afterDiscovery(known, rules, now))
const report = (of: TableEntry, failure?: { readonly code: string; readonly reason: string }): ReportEntry =>
  reportOf(of, { items: 9, rows: 7 }, failure, 2_000)

describe('the life of a snapshot', () => {
  it('begins once, with the table, in a home lane that is always the same', () => {
    const begun = running()
    expect(begun).toMatchObject({
      version: 2,
      run: 1,
      snapshot: { run: 1, kind: 'initial', segments: 3, state: 'running', beganAtMs: 1_000 },
    })
    expect(begun.homeLane).toBeGreaterThanOrEqual(0)
    expect(begun.homeLane).toBeLessThan(5)
    expect(afterDiscovery(begun, rules, now)).toBeUndefined()
    expect(afterDiscovery(known, { ...rules, mode: 'never' }, now)).toBeUndefined()
    const stopped = { kind: 'stopped', code: 'STREAM_GAP', reason: '', shardId: undefined } as const
    expect(afterDiscovery({ ...known, status: stopped }, rules, now)).toBeUndefined()
  })

  it('ends with the report of its home lane, and gives the shards back', () => {
    const done = some(afterReport(running(), report(running())))
    expect(done).toMatchObject({
      version: 3,
      homeLane: undefined,
      snapshot: { state: 'completed', items: 9, rows: 7, endedAtMs: 2_000 },
    })
    expect(afterReport(done, report(running()))).toBeUndefined()
    expect(afterDiscovery(done, rules, now)).toBeUndefined()
    expect(afterSnapshotTakeOver(done, 5)).toBeUndefined()
  })

  it('is tried again after a failure, with its progress, and takes no report of the time before', () => {
    const begun = running()
    const failed = some(afterReport(begun, report(begun, { code: 'SCAN_REFUSED', reason: 'no' })))
    expect(failed).toMatchObject({ homeLane: undefined, snapshot: { state: 'failed', code: 'SCAN_REFUSED' } })
    const again = some(afterSnapshotTakeOver(failed, 5))
    expect(again).toMatchObject({
      run: 2,
      homeLane: begun.homeLane,
      snapshot: { run: 1, state: 'running', code: undefined, endedAtMs: undefined },
    })
    expect(afterReport(again, report(begun))).toBeUndefined()
    expect(afterReport(again, report(again))).toMatchObject({ snapshot: { state: 'completed' } })
  })

  it('waits for somebody once it is parked', () => {
    const parked = some(afterReport(running(), report(running(), { code: 'SNAPSHOT_PARKED', reason: 'too fast' })))
    expect(parked).toMatchObject({ homeLane: undefined, snapshot: { state: 'parked', reason: 'too fast' } })
    expect(afterSnapshotTakeOver(parked, 5)).toBeUndefined()
  })
})
