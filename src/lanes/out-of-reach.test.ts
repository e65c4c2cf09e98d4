import { describe, expect, it } from 'vitest'
import type { Shard } from '../change/shard.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneFold } from './lane-state.ts'
import type { AddressedEntry, AtEntry, BeginEntry } from './ledger-entry.ts'
import { passOverUnreachable, unfinishedShards } from './out-of-reach.ts'
import type { PassedOver } from './out-of-reach.ts'
import { registrarOf } from './registrar.ts'

const lanes = 3
const nowMs = 100 * 3_600_000
const retentionMs = 24 * 3_600_000

/** As a function leaves it: a position in the registrar's lane, and no word of parents. */
const at = (shardId: string, after = '5'): AtEntry => ({
  kind: 'at',
  tableArn: 'arn',
  streamArn: 'stream',
  shardId,
  generation: 0,
  status: 'open',
  after,
  createdAtMs: 1_000,
  committedAtMs: 2_000,
  movedTo: undefined,
  children: undefined,
})
const begin = (shardId: string, parent: string, parents: readonly string[]): BeginEntry => ({
  kind: 'begin',
  tableArn: 'arn',
  streamArn: 'stream',
  shardId,
  generation: 0,
  parent,
  parents,
  after: undefined,
  notBeforeMs: undefined,
  sinceMs: undefined,
})
const listed = (shardId: string, ...parents: readonly string[]): Shard => ({
  shardId,
  parents,
  startingSequenceNumber: '1',
  endingSequenceNumber: undefined,
})
const foldsOf = (...entries: readonly (AtEntry | BeginEntry)[]): readonly LaneFold[] => {
  const folds = Array.from({ length: lanes }, () => createLaneFold())
  for (const entry of entries) folds[registrarOf('stream', entry.shardId, lanes)]?.apply({ kind: 'entry', entry })
  return folds
}
const take = (folds: readonly LaneFold[], entries: readonly AddressedEntry[]): void => {
  for (const { lane, entry } of entries) folds[lane]?.apply({ kind: 'entry', entry })
}
const statusOf = (folds: readonly LaneFold[], shardId: string): string | undefined =>
  folds[registrarOf('stream', shardId, lanes)]?.state.shards.get(`stream/${shardId}`)?.status

interface Sight {
  readonly listing: readonly Shard[]
  readonly gone?: readonly string[]
  readonly trimmed?: readonly string[]
}
const passOver = (folds: readonly LaneFold[], { listing, gone = [], trimmed = [] }: Sight): PassedOver => {
  const sight = { streamArn: 'stream', listed: listing, gone: new Set(gone), trimmed: new Set(trimmed) }
  const states = folds.map(({ state }) => state)
  const passed = passOverUnreachable(states, sight, { nowMs, retentionMs })
  take(folds, passed.entries)
  return passed
}

describe('a shard that has left its stream', () => {
  it('ends where it is, and so does a worker who would look for it in vain', () => {
    const folds = foldsOf(at('old'), at('young'))
    passOver(folds, { listing: [listed('young', 'old')], gone: ['old'] })
    expect(statusOf(folds, 'old')).toBe('end')
    expect(statusOf(folds, 'young')).toBe('open')
    const left = unfinishedShards(
      folds.map(({ state }) => state),
      'stream',
    )
    expect(left.map(({ shard }) => shard.shardId)).toEqual(['young'])
  })

  it('begins children of which nothing was handed over, awaited from now on, and leaves those that are read as they are', () => {
    const folds = foldsOf(at('old'), at('left'))
    const { entries } = passOver(folds, { listing: [listed('left', 'old'), listed('right', 'old')], gone: ['old'] })
    expect(entries.flatMap(({ entry }) => (entry.kind === 'begin' ? [entry] : []))).toMatchObject([
      { shardId: 'right', parent: 'old', after: undefined, begunAtMs: nowMs },
    ])
    expect(statusOf(folds, 'right')).toBe('open')
  })

  it('no longer holds up a child that waits for it, and which waits on for its other parent', () => {
    const folds = foldsOf(at('a'), at('b'), begin('merged', 'x', ['x', 'a']), begin('other', 'x', ['x', 'a', 'b']))
    passOver(folds, { listing: [listed('merged', 'x', 'a'), listed('b')], gone: ['a'] })
    expect(statusOf(folds, 'merged')).toBe('open')
    expect(statusOf(folds, 'other')).toBe('waiting')
  })

  it('ends even while it waits', () => {
    const folds = foldsOf(begin('waiting', 'x', ['x', 'y']))
    expect(passOver(folds, { listing: [], gone: ['waiting'] }).unproved).toEqual(['waiting'])
    expect(statusOf(folds, 'waiting')).toBe('end')
  })
})

describe('what was handed over of a shard that cannot be read any more', () => {
  const gone = ['old']

  it('is all of it if a child of it has a position', () => {
    expect(passOver(foldsOf(at('old'), at('young')), { listing: [listed('young', 'old')], gone }).unproved).toEqual([])
  })

  it('is all of it if only a grandchild has one: a shard without changes has none', () => {
    const listing = [listed('empty', 'old'), listed('young', 'empty')]
    expect(passOver(foldsOf(at('old'), at('young')), { listing, gone }).unproved).toEqual([])
  })

  it('is all of it if everything that can be behind it has a position, though nobody knows of what is in between', () => {
    const listing = [listed('young', 'middle'), listed('other', 'gone-too')]
    const folds = foldsOf(at('old'), at('middle'), at('young'), at('other'))
    expect(passOver(folds, { listing, gone: ['old', 'middle'] }).unproved).toEqual([])
  })

  it('is not known if something that can be behind it has none', () => {
    const listing = [listed('young', 'middle'), listed('other', 'gone-too')]
    const folds = foldsOf(at('old'), at('middle'), at('young'))
    expect(passOver(folds, { listing, gone: ['old', 'middle'] }).unproved).toEqual(['old'])
  })

  it('is not known if nothing is behind it: not even that the stream went on', () => {
    expect(passOver(foldsOf(at('old')), { listing: [], gone }).unproved).toEqual(['old'])
    // A shard that never had a parent is no descendant.
    expect(passOver(foldsOf(at('old'), at('first')), { listing: [listed('first')], gone }).unproved).toEqual(['old'])
  })

  it('is not known of a child either that is met now, next to one that was reached', () => {
    const listing = [listed('left', 'old'), listed('right', 'old')]
    expect(passOver(foldsOf(at('old'), at('left')), { listing, gone }).unproved).toEqual(['right'])
  })
})

describe('a shard that is there, and whose position is trimmed', () => {
  it('is read on from what is left of it', () => {
    const folds = foldsOf(at('old'))
    const { unproved } = passOver(folds, { listing: [listed('old')], trimmed: ['old'] })
    expect(unproved).toEqual(['old'])
    const [{ shard } = { shard: undefined }] = unfinishedShards(
      folds.map(({ state }) => state),
      'stream',
    )
    expect(shard).toMatchObject({ status: 'open', generation: 1, after: undefined, begunAtMs: nowMs })
  })

  it('was handed over if a child of it has a position', () => {
    const listing = [listed('old'), listed('young', 'old')]
    expect(passOver(foldsOf(at('old'), at('young')), { listing, trimmed: ['old'] }).unproved).toEqual([])
  })
})

it('leaves alone whatever can be read on, listed or not', () => {
  const folds = foldsOf(at('hidden'), at('open'))
  expect(passOver(folds, { listing: [listed('open')] })).toEqual({ entries: [], unproved: [] })
})
