import { describe, expect, it } from 'vitest'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneFold } from '../lanes/lane-state.ts'
import type { AtEntry, BeginEntry } from '../lanes/ledger-entry.ts'
import { emptyReadingsOwed } from './empty-readings.ts'

const hourMs = 3_600_000
const shard = { tableArn: 't', streamArn: 's', shardId: 'a', generation: 1 }
const begin = (begunAtMs: number | undefined): BeginEntry => ({
  kind: 'begin',
  ...shard,
  parent: undefined,
  parents: [],
  after: undefined,
  notBeforeMs: undefined,
  sinceMs: undefined,
  begunAtMs,
})
const at = (after: string): AtEntry => ({
  kind: 'at',
  ...shard,
  status: 'open',
  after,
  createdAtMs: 1,
  committedAtMs: 1,
  movedTo: undefined,
  children: undefined,
})
const foldOf = (...entries: readonly (BeginEntry | AtEntry)[]): LaneFold => {
  const fold = createLaneFold()
  for (const entry of entries) fold.apply({ kind: 'entry', entry })
  return fold
}
const owed = ({ state }: LaneFold, readUpToMs: number, generation = 1) =>
  emptyReadingsOwed([{ key: 's/a', generation, readUpToMs }], state, { lane: 0, lanes: 1, nowMs: 99 * hourMs })

describe('what the ledger learns of shards that stay empty', () => {
  it('is how far they were read, every two hours', () => {
    const fold = foldOf(begin(hourMs))
    expect(owed(fold, 3 * hourMs - 1)).toEqual([])
    const entries = owed(fold, 3 * hourMs)
    expect(entries).toMatchObject([{ lane: 0, entry: { kind: 'at', status: 'open', begunAtMs: 3 * hourMs } }])
    for (const { entry } of entries) expect(fold.apply({ kind: 'entry', entry })).toBe(true)
    expect([...fold.state.shards.values()]).toMatchObject([{ status: 'open', after: undefined, begunAtMs: 3 * hourMs }])
    expect(owed(fold, 3 * hourMs)).toEqual([])
  })

  it('is told at once where an older version has left nothing', () => {
    expect(owed(foldOf(begin(undefined)), 5)).toHaveLength(1)
  })

  it('is nothing of shards that have a position, of other generations, and of unknown ones', () => {
    expect(owed(foldOf(begin(0), at('7')), 5 * hourMs)).toEqual([])
    expect(owed(foldOf(begin(0)), 5 * hourMs, 0)).toEqual([])
    expect(owed(foldOf(), 5 * hourMs)).toEqual([])
  })
})
