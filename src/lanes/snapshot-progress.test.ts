import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneFold } from './lane-state.ts'
import { ledgerKey } from './ledger-codec.ts'
import type { AnswerEntry, LedgerEntry, ScanEntry, TableEntry } from './ledger-entry.ts'
import { leftovers, noTotals, reportsOwed, scansToRun } from './snapshot-progress.ts'

const table: TableEntry = {
  kind: 'table',
  version: 2,
  table: tableOf('NEW_IMAGE'),
  topic: 'orders',
  topicPartitions: 1,
  topicId: 'x',
  status: { kind: 'streaming' },
  notBeforeMs: undefined,
  homeLane: 1,
  run: 3,
  snapshot: {
    run: 2,
    kind: 'initial',
    segments: 2,
    filter: undefined,
    regains: false,
    state: 'running',
    reason: undefined,
    code: undefined,
    beganAtMs: 0,
    endedAtMs: undefined,
    expectedItems: 0,
    totals: noTotals,
  },
  settled: undefined,
}
const tableArn = table.table.arn
const home = { lane: 1, lanes: 2, nowMs: 5_000 }
const answer = (lane: number, run = 3): AnswerEntry => ({ kind: 'answer', tableArn, run, lane })
const scan = (segment: number, more: Partial<ScanEntry> = {}): ScanEntry => ({
  kind: 'scan',
  tableArn,
  run: 2,
  segment,
  totalSegments: 2,
  lastKey: '{}',
  pages: 1,
  items: 10,
  rows: 8,
  units: 2,
  isDone: false,
  ...more,
})
const done = (segment: number): ScanEntry => scan(segment, { isDone: true, lastKey: undefined, pages: 9 })
const foldOf = (...entries: readonly LedgerEntry[]): LaneFold => {
  const fold = createLaneFold()
  for (const entry of entries) fold.apply({ kind: 'entry', entry })
  return fold
}
const keysOf = (entries: ReturnType<typeof leftovers>): readonly string[] =>
  entries.map(({ entry }) => ledgerKey(entry))

describe('which snapshots a lane scans', () => {
  it('are those whose home it is, once every lane has answered for this gathering', () => {
    const scans = (...entries: readonly LedgerEntry[]) => scansToRun(foldOf(...entries).state, home)
    expect(scans(table, answer(0))).toEqual([])
    expect(scans(table, answer(0, 2), answer(1))).toEqual([])
    expect(scans(table, answer(0), answer(1))).toMatchObject([
      { segments: [{ segment: 0, pages: 0, lastKey: undefined }, { segment: 1 }] },
    ])
    expect(scansToRun(foldOf(table, answer(0), answer(1)).state, { ...home, lane: 0 })).toEqual([])
  })

  it('go on behind what is delivered, and leave out segments that are done', () => {
    const { state } = foldOf(table, answer(0), answer(1), done(0), scan(1))
    expect(scansToRun(state, home)).toMatchObject([{ segments: [{ segment: 1, lastKey: '{}', pages: 1 }] }])
  })

  it('stand still with their table', () => {
    const status = { kind: 'stopped', code: 'STREAM_GAP', reason: '', shardId: undefined } as const
    expect(scansToRun(foldOf({ ...table, status }, answer(0), answer(1)).state, home)).toEqual([])
  })
})

describe('the report of a snapshot', () => {
  it('is owed once, when every segment is done', () => {
    const fold = foldOf(table, answer(0), answer(1), done(0), scan(1))
    expect(reportsOwed(fold.state, home)).toEqual([])
    fold.apply({ kind: 'entry', entry: done(1) })
    const owed = reportsOwed(fold.state, home)
    expect(owed.map(({ lane }) => lane)).toEqual([1, 0])
    expect(owed[0]?.entry).toMatchObject({
      kind: 'report',
      run: 3,
      outcome: 'completed',
      totals: { items: 20, rows: 16, units: 4 },
    })
    for (const { lane, entry } of owed) if (lane === 1) fold.apply({ kind: 'entry', entry })
    expect(reportsOwed(fold.state, home)).toEqual([])
  })
})

describe('what is left of snapshots that are over', () => {
  it('is forgotten when the shards were given back, and not before', () => {
    const fold = foldOf(table, answer(0), answer(1), done(0), done(1))
    expect(leftovers(fold.state, home)).toEqual([])
    const snapshot = table.snapshot && { ...table.snapshot, state: 'completed' as const }
    fold.apply({ kind: 'entry', entry: { ...table, version: 3, homeLane: undefined, snapshot } })
    const tombstones = leftovers(fold.state, home)
    expect(tombstones.every(({ lane, isTombstone }) => lane === 1 && isTombstone === true)).toBe(true)
    expect(keysOf(tombstones).length).toBe(4)
    for (const key of keysOf(tombstones)) fold.apply({ kind: 'forget', key })
    expect(leftovers(fold.state, home)).toEqual([])
  })

  it('keeps the progress of a snapshot that failed, and answers to a gathering that is not known yet', () => {
    const snapshot = table.snapshot && { ...table.snapshot, state: 'failed' as const }
    const fold = foldOf({ ...table, homeLane: undefined, snapshot }, answer(0), answer(1, 4), scan(0))
    expect(keysOf(leftovers(fold.state, home))).toEqual([ledgerKey(answer(0))])
  })
})
