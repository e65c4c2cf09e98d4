import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import { noTotals } from '../../lanes/snapshot-progress.ts'
import { firstEntry } from '../table-life.ts'
import { isSnapshotDue } from './snapshot-mode.ts'
import type { SnapshotMode } from './snapshot-mode.ts'

const met = firstEntry(tableOf('NEW_IMAGE'), { topic: 'orders', partitions: 1, id: 'x' }, undefined)
const run = (more: Partial<SnapshotRun> = {}): SnapshotRun => ({
  run: 1,
  kind: 'initial',
  segments: 1,
  filter: undefined,
  regains: false,
  state: 'completed',
  reason: undefined,
  code: undefined,
  beganAtMs: 0,
  endedAtMs: 1,
  expectedItems: 0,
  totals: noTotals,
  ...more,
})
const stopped = (code: string): Partial<TableEntry> => ({
  status: { kind: 'stopped', code, reason: '', shardId: undefined },
})
const voided = { state: 'failed', code: 'STREAM_GAP' } as const
const loading: Partial<TableEntry> = { status: { kind: 'loading' } }

/** Modes in which a table in this state gets a snapshot by itself. */
const modesFor = (table: Partial<TableEntry>, isPipelineStart = false): readonly SnapshotMode[] =>
  (['initial', 'never', 'always', 'only', 'when_needed'] as const).filter((mode) =>
    isSnapshotDue({ ...met, ...table }, { mode, isPipelineStart }),
  )

describe('when a table is snapshotted by itself', () => {
  it.each<[string, Partial<TableEntry>, readonly SnapshotMode[]]>([
    ['it is new', {}, ['initial', 'always', 'when_needed']],
    ['it is new and only loaded', loading, ['initial', 'always', 'only', 'when_needed']],
    ['it was snapshotted', { snapshot: run() }, []],
    ['it was loaded', { ...loading, snapshot: run() }, []],
    ['its snapshot goes on', { snapshot: run({ state: 'running' }) }, []],
    ['its snapshot failed for another reason', { snapshot: run({ state: 'failed', code: 'SCAN_REFUSED' }) }, []],
    ['changes were lost', { snapshot: run(), lossAtMs: 5 }, ['when_needed']],
    ['it stands still for a gap', { ...stopped('STREAM_GAP'), snapshot: run(), lossAtMs: 5 }, ['when_needed']],
    ['it was replaced', { ...stopped('SOURCE_REPLACED'), snapshot: run(), lossAtMs: 5 }, ['when_needed']],
    ['it stands still for something else', { ...stopped('RECORD_TOO_LARGE'), snapshot: run() }, []],
    [
      'changes were lost in its first snapshot',
      { snapshot: run(voided), lossAtMs: 5 },
      ['initial', 'always', 'when_needed'],
    ],
    ['changes were lost while it made up for others', { snapshot: run({ ...voided, regains: true }), lossAtMs: 5 }, []],
    [
      'changes were lost after it made up for others',
      { snapshot: run({ regains: true }), lossAtMs: 5 },
      ['when_needed'],
    ],
  ])('%s', (_, table, modes) => {
    expect(modesFor(table)).toEqual(modes)
  })

  it('is repeated at each start of the pipeline, if that is wanted, once the one before is over', () => {
    expect(modesFor({ snapshot: run() }, true)).toEqual(['always'])
    expect(modesFor({ snapshot: run({ state: 'paused' }) }, true)).toEqual([])
  })
})
