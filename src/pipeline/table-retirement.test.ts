import { describe, expect, it } from 'vitest'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { TableEntry, TableStatus } from '../lanes/ledger-entry.ts'
import { afterLookingAgain, afterModeChange, afterStopRequest, afterTakeOver, firstEntry } from './table-life.ts'
import { afterAbsence, afterReturn, createAbsenceWatch } from './table-retirement.ts'

const table = {
  arn: 'arn',
  name: 't',
  id: 'id-1',
  region: 'r',
  account: 'a',
  streamArn: 'stream-1',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [],
} as const
const entry = (status: TableStatus): TableEntry => ({
  ...firstEntry(table, { topic: 't', partitions: 3, id: 'topic-1' }, undefined),
  version: 7,
  status,
})
const streaming = entry({ kind: 'streaming' })
const untagged = { kind: 'untagged', reason: 'no tag' } as const
const gone = { kind: 'gone', reason: 'no table' } as const

const withOpenShard = (streamArn: string): LaneState => {
  const { state, apply } = createLaneFold()
  const begin = {
    kind: 'begin',
    tableArn: 'arn',
    streamArn,
    shardId: 's',
    generation: 0,
    parent: undefined,
    parents: [],
    after: undefined,
    notBeforeMs: undefined,
    sinceMs: undefined,
  } as const
  apply({ kind: 'entry', entry: begin })
  return state
}
const nothing = { ledgers: [createLaneFold().state], isStreamGone: false, nowMs: 5 }
const retired = (wasLoading: boolean): TableEntry =>
  entry({ kind: 'retired', why: 'untagged', reason: 'no tag', sinceMs: 5, wasLoading })

describe('afterAbsence', () => {
  it('retires a table whatever it was, and says why and since when', () => {
    const expected = { kind: 'retired', why: 'untagged', reason: 'no tag', sinceMs: 5, wasLoading: false }
    expect(afterAbsence(streaming, untagged, nothing)).toEqual({ ...streaming, version: 8, status: expected })
    expect(afterAbsence(entry({ kind: 'draining', replacedBy: 'x' }), untagged, nothing)?.status).toEqual(expected)
    const loading = afterAbsence(entry({ kind: 'loading' }), untagged, nothing)
    expect(loading?.status).toEqual({ ...expected, wasLoading: true })
    expect(afterAbsence(retired(false), untagged, nothing)).toBeUndefined()
  })

  it('lets the stream of a table that is gone be read to its end, and that of one that is not meant not', () => {
    const ledgers = [createLaneFold().state, withOpenShard('stream-1')]
    expect(afterAbsence(streaming, gone, { ...nothing, ledgers })).toBeUndefined()
    expect(afterAbsence(streaming, untagged, { ...nothing, ledgers })?.status.kind).toBe('retired')
    // A stream that was drained before.
    const others = [withOpenShard('stream-0')]
    expect(afterAbsence(streaming, gone, { ...nothing, ledgers: others })?.status.kind).toBe('retired')
  })
})

describe('afterAbsence, when the stream of a deleted table is gone, too', () => {
  const stopped = entry({ kind: 'stopped', code: 'DECODE_FAILED', reason: 'odd', shardId: 's' })
  const lost = { ledgers: [withOpenShard('stream-1')], isStreamGone: true, nowMs: 5 }

  it('waits for nothing more, and says that the rest is lost', () => {
    for (const known of [stopped, streaming, { ...stopped, rest: { target: 'PAUSED', sinceMs: 1 } } as const])
      expect(afterAbsence(known, gone, lost)).toMatchObject({
        status: {
          kind: 'retired',
          why: 'gone',
          reason: 'no table, and no stream: what was left to be read of 1 shard is lost',
        },
        lossAtMs: 5,
      })
    expect(afterAbsence({ ...stopped, lossAtMs: 3 }, gone, lost)?.lossAtMs).toBe(3)
  })

  it('lets a table that has stopped wait as long as its stream is there', () => {
    expect(afterAbsence(stopped, gone, { ...lost, isStreamGone: false })).toBeUndefined()
  })

  it('says nothing of losses where all was read', () => {
    const read = afterAbsence(stopped, gone, { ...lost, ledgers: nothing.ledgers })
    expect(read?.status).toMatchObject({ kind: 'retired', reason: 'no table' })
    expect(read?.lossAtMs).toBeUndefined()
  })
})

describe('a retired table', () => {
  it('stays as it is until it is meant again', () => {
    const stop = { tableVersion: 7, code: 'STREAM_GAP', reason: 'r', shardId: 's', atMs: 6 }
    const request = { kind: 'stop', tableArn: 'arn', streamArn: 'stream-1', after: undefined, ...stop } as const
    expect(afterStopRequest(retired(false), request)).toBeUndefined()
    expect(afterTakeOver(retired(false), { mode: 'initial' })).toBeUndefined()
    expect(afterModeChange(retired(true), { mode: 'initial', exports: undefined }, 6)).toBeUndefined()
    expect(afterLookingAgain(retired(false), { ...table, streamArn: 'stream-2' }, 6)).toBeUndefined()
  })

  it('goes on where it was, and is then seen to have been replaced', () => {
    expect(afterReturn(streaming)).toBeUndefined()
    expect(afterReturn(retired(true))?.status).toEqual({ kind: 'loading' })
    const back = afterReturn(retired(false))
    expect(back).toEqual({ ...streaming, version: 8 })
    if (back === undefined) throw new Error('it came back')
    const replaced = afterLookingAgain(back, { ...table, streamArn: 'stream-2' }, 6)
    expect(replaced?.status).toEqual({ kind: 'draining', replacedBy: 'stream-2' })
  })
})

describe('the absence watch', () => {
  it('is certain after two looks in succession that say the same', () => {
    const watch = createAbsenceWatch()
    watch.note('a', untagged)
    expect(watch.certain().size).toBe(0)
    watch.note('a', gone)
    expect(watch.certain().size).toBe(0)
    watch.note('a', undefined)
    watch.note('a', gone)
    expect(watch.certain().size).toBe(0)
    watch.note('a', gone)
    expect([...watch.certain()]).toEqual([['a', gone]])
    watch.note('a', undefined)
    expect(watch.certain().size).toBe(0)
  })

  it('keeps what it has seen while nobody can tell', () => {
    const watch = createAbsenceWatch()
    watch.note('a', 'unknown')
    watch.note('a', untagged)
    watch.note('a', 'unknown')
    expect(watch.certain().size).toBe(0)
    watch.note('a', untagged)
    expect([...watch.certain()]).toEqual([['a', untagged]])
  })

  it('believes the configuration at once', () => {
    const watch = createAbsenceWatch()
    const absence = { kind: 'unselected', reason: 'not named' } as const
    watch.note('a', absence)
    expect([...watch.certain()]).toEqual([['a', absence]])
  })
})
