import { describe, expect, it } from 'vitest'
import type { Table } from '../change/table.ts'
import type { SnapshotRun, TableEntry, TableStatus } from '../lanes/ledger-entry.ts'
import { noTotals } from '../lanes/snapshot-progress.ts'
import { firstEntry } from './table-life.ts'
import { afterTableRequest } from './table-target.ts'
import { isSnapshotDue } from './snapshot/snapshot-mode.ts'

const table: Table = {
  arn: 'arn',
  name: 't',
  id: 'id-1',
  region: 'r',
  account: 'a',
  streamArn: 'stream-1',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [],
}
const entry = (status: TableStatus = { kind: 'streaming' }): TableEntry => ({
  ...firstEntry(table, { topic: 't', partitions: 3, id: 'topic-1' }, undefined),
  version: 7,
  status,
})
const stopped = (code: string): TableStatus => ({ kind: 'stopped', code, reason: 'why', shardId: 's' })
const context = { mode: 'initial', lanes: 4, nowMs: 50, present: undefined, problem: undefined } as const
const failedSnapshot: SnapshotRun = {
  run: 1,
  kind: 'initial',
  segments: 1,
  filter: undefined,
  regains: false,
  state: 'failed',
  code: 'AWS_ACCESS_DENIED',
  reason: 'no',
  beganAtMs: 0,
  endedAtMs: 1,
  expectedItems: 0,
  totals: noTotals,
}
const done = (
  known: TableEntry,
  ...rest: Parameters<typeof afterTableRequest> extends [unknown, ...infer R] ? R : never
): TableEntry => {
  const outcome = afterTableRequest(known, ...rest)
  if (outcome.kind !== 'done') throw new Error(outcome.reason)
  return outcome.table
}

describe('what is wanted of a table', () => {
  it('makes it rest without touching what it is, and go on again', () => {
    const paused = done(entry(), { kind: 'target', target: 'PAUSED' }, context)
    expect(paused).toEqual({ ...entry(), version: 8, rest: { target: 'PAUSED', sinceMs: 50 } })
    const halted = done(paused, { kind: 'target', target: 'STOPPED' }, { ...context, nowMs: 90 })
    expect(halted).toEqual({ ...entry(), version: 9, rest: { target: 'STOPPED', sinceMs: 50 } })
    const back = done(halted, { kind: 'target', target: 'RUNNING' }, context)
    expect(back).toEqual({ ...entry(), version: 10, rest: undefined })
  })

  it.each<TableStatus>([
    stopped('STREAM_GAP'),
    { kind: 'draining', replacedBy: 'stream-2' },
    { kind: 'retired', why: 'untagged', reason: 'no tag', sinceMs: 1, wasLoading: false },
    { kind: 'loading' },
  ])('is remembered beside $kind', (status) => {
    const paused = done(entry(status), { kind: 'target', target: 'PAUSED' }, context)
    expect(paused.status).toEqual(status)
    expect(done(paused, { kind: 'target', target: 'RUNNING' }, context).status).toEqual(status)
  })

  it('begins no snapshot while it rests', () => {
    const rules = { mode: 'initial', isPipelineStart: true } as const
    expect(isSnapshotDue(entry(), rules)).toBe(true)
    expect(isSnapshotDue(done(entry(), { kind: 'target', target: 'PAUSED' }, context), rules)).toBe(false)
  })
})

describe('a restart of a table', () => {
  const restart = { kind: 'restart' } as const

  it('forgets why it failed, and lets a table that rests rest', () => {
    expect(done(entry(stopped('OUTPUT_TOPIC_CHANGED')), restart, context)).toMatchObject({
      version: 8,
      status: { kind: 'streaming' },
    })
    const resting = { ...entry(stopped('RECORD_INVALID')), rest: { target: 'PAUSED', sinceMs: 3 } as const }
    expect(done(resting, restart, context)).toMatchObject({
      status: { kind: 'streaming' },
      rest: { target: 'PAUSED', sinceMs: 3 },
    })
    expect(done(entry(stopped('X')), restart, { ...context, mode: 'only' }).status).toEqual({ kind: 'loading' })
  })

  it('tries a snapshot again that has failed, from where it was', () => {
    const again = done({ ...entry(), run: 1, snapshot: failedSnapshot }, restart, context)
    expect(again).toMatchObject({ version: 8, run: 2, snapshot: { run: 1, state: 'running', code: undefined } })
    expect(again.homeLane).toBeDefined()
  })

  it('sees at once that the stream was replaced meanwhile', () => {
    const present = { ...table, streamArn: 'stream-2' }
    expect(done(entry(stopped('STREAM_DISABLED')), restart, { ...context, present })).toMatchObject({
      version: 8,
      status: { kind: 'draining', replacedBy: 'stream-2' },
    })
  })

  it.each<[TableStatus, string | undefined, RegExp]>([
    [{ kind: 'retired', why: 'gone', reason: 'deleted', sinceMs: 1, wasLoading: false }, undefined, /retired: deleted/],
    [stopped('SOURCE_REPLACED'), undefined, /replaced/],
    [stopped('STREAM_DISABLED'), 'its stream is off', /its stream is off/],
  ])('is refused where it could change nothing (%o)', (status, problem, reason) => {
    const outcome = afterTableRequest(entry(status), restart, { ...context, problem })
    expect(outcome).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) })
  })
})
