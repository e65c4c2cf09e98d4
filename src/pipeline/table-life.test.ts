import { describe, expect, it } from 'vitest'
import type { Table } from '../change/table.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { StopEntry, TableEntry, TableStatus } from '../lanes/ledger-entry.ts'
import {
  afterDraining,
  afterLookingAgain,
  afterModeChange,
  afterStopRequest,
  afterTakeOver,
  afterSeeingRetention,
  afterSeeingTopic,
  firstEntry,
} from './table-life.ts'

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
const draining: TableStatus = { kind: 'draining', replacedBy: 'stream-2' }
const stopped = (code: string): TableStatus => ({ kind: 'stopped', code, reason: 'why', shardId: 's' })
const request = (tableVersion: number): StopEntry => ({
  kind: 'stop',
  tableArn: 'arn',
  streamArn: 'stream-1',
  shardId: 's',
  tableVersion,
  code: 'STREAM_GAP',
  reason: 'trimmed',
  after: '5',
  atMs: 0,
})
const ledgerWith = (shardId: string, isEnded: boolean): LaneState => {
  const fold = createLaneFold()
  const shard = { tableArn: 'arn', streamArn: 'stream-1', shardId }
  const begin = {
    kind: 'begin',
    ...shard,
    generation: 0,
    parent: undefined,
    parents: [],
    after: undefined,
    notBeforeMs: undefined,
    sinceMs: undefined,
  } as const
  fold.apply({ kind: 'entry', entry: begin })
  if (isEnded) {
    const end = {
      kind: 'at',
      ...shard,
      generation: 0,
      status: 'end',
      after: '9',
      createdAtMs: 0,
      committedAtMs: 0,
      movedTo: undefined,
      children: [],
    } as const
    fold.apply({ kind: 'entry', entry: end })
  }
  return fold.state
}

describe('how long a stream keeps changes', () => {
  it('is noted where it has changed, of the stream that is read alone', () => {
    const known = entry()
    const kept = { ...table, retentionMs: 1_000 }
    const noted = afterSeeingRetention(known, kept)
    expect(noted).toEqual({ ...known, version: 8, table: kept })
    if (noted !== undefined) expect(afterSeeingRetention(noted, kept)).toBeUndefined()
    expect(afterSeeingRetention(known, table)).toBeUndefined()
    expect(afterSeeingRetention(known, { ...kept, streamArn: 'stream-2' })).toBeUndefined()
  })
})

describe('the life of a table', () => {
  it('goes on while it is the same table', () => {
    expect(afterLookingAgain(entry(), table, 9_000)).toBeUndefined()
  })

  it.each<[string, Partial<Table>]>([
    ['its stream was made anew', { streamArn: 'stream-2' }],
    ['it was made anew', { id: 'id-2', streamArn: 'stream-2' }],
    ['it was made anew under the same stream name', { id: 'id-2' }],
  ])('drains when %s', (_, change) => {
    expect(afterLookingAgain(entry(), { ...table, ...change }, 9_000)).toMatchObject({
      version: 8,
      status: { kind: 'draining' },
    })
  })

  it('is not drained twice, nor woken up from a stop', () => {
    expect(afterLookingAgain(entry(draining), { ...table, streamArn: 'stream-3' }, 9_000)).toBeUndefined()
    expect(afterLookingAgain(entry(stopped('X')), { ...table, streamArn: 'stream-2' }, 9_000)).toBeUndefined()
  })

  it('stops for its replacement only when nothing of the old stream is left, in any lane', () => {
    const ended = ledgerWith('a', true)
    expect(afterDraining(entry(draining), [ended, ledgerWith('b', false)], 9_000)).toBeUndefined()
    expect(afterDraining(entry(draining), [ended, ledgerWith('b', true)], 9_000)).toMatchObject({
      version: 8,
      status: { kind: 'stopped', code: 'SOURCE_REPLACED' },
    })
  })

  it('stops when a lane asks, unless the lane knew an older version', () => {
    expect(afterStopRequest(entry(), request(7))).toMatchObject({
      version: 8,
      status: { kind: 'stopped', code: 'STREAM_GAP', shardId: 's' },
    })
    expect(afterStopRequest(entry(), request(6))).toBeUndefined()
    expect(afterStopRequest(entry(stopped('X')), request(7))).toBeUndefined()
  })

  it('is tried again when lane 0 is taken anew, except after a replacement', () => {
    expect(afterTakeOver(entry(stopped('RECORD_TOO_LARGE')), { mode: 'initial' })).toMatchObject({
      version: 8,
      status: { kind: 'streaming' },
    })
    expect(afterTakeOver(entry(stopped('SOURCE_REPLACED')), { mode: 'initial' })).toBeUndefined()
    expect(afterTakeOver(entry(), { mode: 'initial' })).toBeUndefined()
  })

  it('takes the id of a topic that it does not know yet, and never another one', () => {
    const known = entry()
    expect(afterSeeingTopic(known, 'topic-2')).toBeUndefined()
    expect(afterSeeingTopic({ ...known, topicId: undefined }, 'topic-2')).toEqual({
      ...known,
      version: 8,
      topicId: 'topic-2',
    })
  })

  it('remembers what it has lost, and a snapshot under way is void', () => {
    const snapshot = {
      run: 1,
      kind: 'initial',
      segments: 1,
      filter: undefined,
      regains: false,
      state: 'running',
      reason: undefined,
      code: undefined,
      beganAtMs: 0,
      endedAtMs: undefined,
      expectedItems: 0,
      totals: { items: 0, rows: 0, units: 0 },
    } as const
    const known: TableEntry = { ...entry(), homeLane: 2, snapshot }
    expect(afterStopRequest(known, { ...request(7), atMs: 80 })).toMatchObject({
      lossAtMs: 80,
      homeLane: undefined,
      snapshot: { state: 'failed', code: 'STREAM_GAP' },
    })
    expect(afterStopRequest(known, { ...request(7), code: 'RECORD_TOO_LARGE' })).toMatchObject({
      homeLane: 2,
      snapshot: { state: 'running' },
    })
    const done = { ...snapshot, state: 'completed' } as const
    expect(afterStopRequest({ ...known, snapshot: done }, request(7))).toMatchObject({ snapshot: done })
  })

  it('is only loaded, where that is wanted, and knows that it may lack changes once it is to stream', () => {
    const loading = entry({ kind: 'loading' })
    expect(afterModeChange(entry(), { mode: 'only', exports: undefined }, 5)).toMatchObject({
      version: 8,
      status: { kind: 'loading' },
      lossAtMs: 5,
    })
    expect(afterModeChange(loading, { mode: 'only', exports: undefined }, 5)).toBeUndefined()
    expect(afterModeChange(entry(), { mode: 'initial', exports: undefined }, 5)).toBeUndefined()
    expect(afterModeChange(loading, { mode: 'initial', exports: undefined }, 5)).toMatchObject({
      status: { kind: 'streaming' },
      lossAtMs: 5,
      snapshot: undefined,
    })
    expect(afterLookingAgain(loading, { ...table, streamArn: 'stream-2' }, 5)).toMatchObject({
      status: { kind: 'stopped', code: 'SOURCE_REPLACED' },
      lossAtMs: 5,
    })
    expect(afterTakeOver(entry(stopped('X')), { mode: 'only' })).toMatchObject({ status: { kind: 'loading' } })
  })
})
