import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { ReportEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { reportOf } from '../../lanes/snapshot-progress.ts'
import { firstEntry } from '../table-life.ts'
import { afterDiscovery, afterReport, afterRequest, afterSnapshotTakeOver, rulesFor } from './snapshot-life.ts'

const rules = {
  mode: 'initial',
  segments: 3,
  exports: undefined,
  lanes: 5,
  nowMs: 1_000,
  expectedItems: 20,
  isPipelineStart: false,
  present: undefined,
  caution: undefined,
} as const
const known = firstEntry(tableOf('NEW_IMAGE'), { topic: 'orders', partitions: 1, id: 'x' }, undefined)
const some = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('nothing was decided')
  return value
}
const running = (): TableEntry => some(afterDiscovery(known, rules))
const report = (of: TableEntry, failure?: { readonly code: string; readonly reason: string }): ReportEntry =>
  reportOf(of, { items: 9, rows: 7, units: 3 }, failure, 2_000)

describe('the rules of snapshots', () => {
  it('are those of the table, where it has a mode of its own', () => {
    const mixed = { ...rules, modes: new Map([['bills', 'never' as const]]) }
    expect(rulesFor(mixed, { arn: 'b', name: 'bills' }).mode).toBe('never')
    expect(rulesFor(mixed, { arn: 'o', name: 'orders' }).mode).toBe('initial')
    expect(rulesFor(rules, { arn: 'b', name: 'bills' })).toBe(rules)
  })

  it('are those of the ARN before those of the name', () => {
    const modes = new Map([
      ['bills', 'never' as const],
      ['b2', 'only' as const],
    ])
    const modeOf = (arn: string): string => rulesFor({ ...rules, modes }, { arn, name: 'bills' }).mode
    expect([modeOf('b1'), modeOf('b2')]).toEqual(['never', 'only'])
  })
})

describe('the life of a snapshot', () => {
  it('begins once, with the table, in a home lane that is always the same', () => {
    const begun = running()
    expect(begun).toMatchObject({
      version: 2,
      run: 1,
      snapshot: { run: 1, kind: 'initial', segments: 3, state: 'running', beganAtMs: 1_000, expectedItems: 20 },
    })
    expect(begun.homeLane).toBeGreaterThanOrEqual(0)
    expect(begun.homeLane).toBeLessThan(5)
    expect(afterDiscovery(begun, rules)).toBeUndefined()
    expect(afterDiscovery(known, { ...rules, mode: 'never' })).toBeUndefined()
    const stopped = { kind: 'stopped', code: 'STREAM_GAP', reason: '', shardId: undefined } as const
    expect(afterDiscovery({ ...known, status: stopped }, rules)).toBeUndefined()
  })

  it('ends with the report of its home lane, and gives the shards back', () => {
    const done = some(afterReport(running(), report(running()), rules))
    expect(done).toMatchObject({
      version: 3,
      homeLane: undefined,
      snapshot: { state: 'completed', totals: { items: 9, rows: 7, units: 3 }, endedAtMs: 2_000 },
    })
    expect(afterReport(done, report(running()), rules)).toBeUndefined()
    expect(afterDiscovery(done, rules)).toBeUndefined()
    expect(afterSnapshotTakeOver(done, rules)).toBeUndefined()
  })

  it('is tried again after a failure, with its progress, and takes no report of the time before', () => {
    const begun = running()
    const failed = some(afterReport(begun, report(begun, { code: 'SCAN_REFUSED', reason: 'no' }), rules))
    expect(failed).toMatchObject({ homeLane: undefined, snapshot: { state: 'failed', code: 'SCAN_REFUSED' } })
    const again = some(afterSnapshotTakeOver(failed, rules))
    expect(again).toMatchObject({
      run: 2,
      homeLane: begun.homeLane,
      snapshot: { run: 1, state: 'running', code: undefined, endedAtMs: undefined },
    })
    expect(afterReport(again, report(begun), rules)).toBeUndefined()
    expect(afterReport(again, report(again), rules)).toMatchObject({ snapshot: { state: 'completed' } })
  })

  it('waits for somebody once it is parked', () => {
    const parked = some(
      afterReport(running(), report(running(), { code: 'SNAPSHOT_PARKED', reason: 'too fast' }), rules),
    )
    expect(parked).toMatchObject({ homeLane: undefined, snapshot: { state: 'parked', reason: 'too fast' } })
    expect(afterSnapshotTakeOver(parked, rules)).toBeUndefined()
  })

  const ask = (table: TableEntry, kind: 'pause' | 'resume' | 'stop'): TableEntry => {
    const outcome = afterRequest(table, { kind }, rules)
    if (outcome.kind === 'refused') throw new Error(outcome.reason)
    return outcome.table
  }
  const begin = { kind: 'start', snapshot: 'incremental', segments: 7, filter: undefined } as const

  it('is paused and resumed on demand, with its progress', () => {
    const paused = ask(running(), 'pause')
    expect(paused).toMatchObject({ homeLane: undefined, run: 1, snapshot: { state: 'paused', run: 1 } })
    expect(ask(paused, 'resume')).toMatchObject({ run: 2, snapshot: { state: 'running', run: 1 } })
    expect(() => ask(paused, 'pause')).toThrow('its snapshot is paused')
    expect(() => ask(running(), 'resume')).toThrow('its snapshot is running')
    expect(() => ask(known, 'pause')).toThrow('no snapshot of the table was ever begun')
  })

  it('is stopped for good on demand; another one may begin then, and not before', () => {
    const stopped = ask(running(), 'stop')
    expect(stopped).toMatchObject({ homeLane: undefined, snapshot: { state: 'stopped', endedAtMs: 1_000 } })
    expect(() => ask(stopped, 'resume')).toThrow('its snapshot is stopped')
    expect(afterRequest(running(), begin, rules)).toEqual({ kind: 'refused', reason: 'its snapshot is running' })
    const resting = { ...known, rest: { target: 'PAUSED', sinceMs: 1 } as const }
    expect(afterRequest(resting, begin, rules)).toEqual({
      kind: 'refused',
      reason: 'the table is paused or stopped',
    })
    expect(afterRequest(stopped, begin, rules)).toMatchObject({
      kind: 'done',
      table: { run: 2, snapshot: { run: 2, kind: 'incremental', segments: 7, state: 'running' } },
    })
  })

  it('does not begin on a table that stands still', () => {
    const status = { kind: 'draining', replacedBy: 's2' } as const
    expect(afterRequest({ ...known, status }, begin, rules)).toEqual({
      kind: 'refused',
      reason: 'the table is draining',
    })
  })

  const lossy: TableEntry = {
    ...known,
    status: { kind: 'stopped', code: 'STREAM_GAP', reason: 'trimmed', shardId: 's' },
    lossAtMs: 900,
    snapshot: { ...some(running().snapshot), state: 'completed' },
  }

  it('takes up a table that has lost changes, on demand or by itself, and is then complete again', () => {
    const begun = afterRequest(lossy, begin, { ...rules, caution: 'deletes may be missing' })
    expect(begun).toMatchObject({
      kind: 'done',
      table: {
        status: { kind: 'streaming' },
        lossAtMs: 900,
        snapshot: { regains: true, caution: 'deletes may be missing' },
      },
    })
    const alone = some(afterDiscovery(lossy, { ...rules, mode: 'when_needed' }))
    expect(alone).toMatchObject({ status: { kind: 'streaming' }, snapshot: { regains: true, kind: 'initial' } })
    expect(afterReport(alone, report(alone), rules)).toMatchObject({
      lossAtMs: undefined,
      snapshot: { state: 'completed' },
    })
  })

  it('loads from an export only what nothing was written of', () => {
    const exports = {
      isForAll: true,
      bucket: 'b',
      prefix: undefined,
      owner: undefined,
      format: 'DYNAMODB_JSON',
    } as const
    const loading: TableEntry = { ...known, status: { kind: 'loading' } }
    const only = { ...rules, mode: 'only', exports } as const
    const stateOf = (entry: TableEntry): unknown => {
      const outcome = afterRequest(entry, { ...begin, snapshot: 'initial' }, only)
      return outcome.kind === 'done' ? outcome.table.snapshot?.state : outcome.reason
    }
    expect(stateOf(loading)).toBe('exporting')
    expect(stateOf({ ...loading, lossAtMs: 5 })).toBe('running')
    expect(stateOf({ ...loading, snapshot: { ...some(running().snapshot), state: 'completed' } })).toBe('running')
    const filter = { expression: 'a = :b', names: {}, values: {} }
    expect(afterRequest(loading, { ...begin, filter }, only)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('all of its items'),
    })
  })

  it('goes on in the new stream where the old one was replaced', () => {
    const present = { ...known.table, id: 'id-2', streamArn: 'stream-2' }
    const replaced: TableEntry = { ...lossy, notBeforeMs: 3 }
    expect(afterRequest(replaced, begin, { ...rules, present })).toMatchObject({
      table: { table: present, notBeforeMs: undefined, snapshot: { regains: true } },
    })
  })

  it('does not take up a table with a part of its items, nor go on behind a loss', () => {
    const filter = { expression: 'a = :b', names: {}, values: {} }
    expect(afterRequest(lossy, { ...begin, filter }, rules)).toMatchObject({ kind: 'refused' })
    const voided: TableEntry = {
      ...running(),
      snapshot: { ...some(running().snapshot), state: 'failed', code: 'STREAM_GAP' },
    }
    expect(afterRequest(voided, { kind: 'resume' }, rules)).toMatchObject({ kind: 'refused' })
    expect(afterSnapshotTakeOver(voided, rules)).toBeUndefined()
    expect(afterRequest(voided, begin, rules)).toMatchObject({ kind: 'done' })
  })
})
