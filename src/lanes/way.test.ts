import { expect, it } from 'vitest'
import { ordersEntry } from '../../test/fixtures/memory-ledger.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneFold } from './lane-state.ts'
import type { AtEntry, BeginEntry, LedgerEntry } from './ledger-entry.ts'
import { registrarOf } from './registrar.ts'
import { positionsForFunction } from './way.ts'

const lanes = 2
const isSettled = (note: string): boolean => note !== 'held'

const foldsOf = (...entries: readonly (AtEntry | BeginEntry)[]): readonly LaneFold[] => {
  const folds = Array.from({ length: lanes }, () => createLaneFold())
  for (const entry of entries) folds[registrarOf('stream', entry.shardId, lanes)]?.apply({ kind: 'entry', entry })
  return folds
}
const positions = (folds: readonly LaneFold[]): readonly LedgerEntry[] =>
  positionsForFunction(
    folds.map(({ state }) => state),
    { nowMs: 0, isSettled },
  ).map(({ entry }) => entry)
const shard = (shardId: string) => ({ tableArn: 'arn', streamArn: 'stream', shardId })
const at = (shardId: string, text: string, children?: readonly string[]): AtEntry => ({
  kind: 'at',
  ...shard(shardId),
  generation: 0,
  status: children === undefined ? 'open' : 'end',
  after: '5',
  createdAtMs: undefined,
  committedAtMs: 0,
  movedTo: undefined,
  children,
  note: { step: 1, text },
})
const begin = (shardId: string, parents: readonly string[], note: string): BeginEntry => ({
  kind: 'begin',
  ...shard(shardId),
  generation: 0,
  parent: parents[0],
  parents,
  after: undefined,
  notBeforeMs: undefined,
  sinceMs: undefined,
  inherited: Object.fromEntries(parents.slice(0, 1).map((parent) => [parent, note])),
})

it('a pipeline with a table that rests is not given over', () => {
  const folds = foldsOf(at('a', 'settled'))
  folds[0]?.apply({ kind: 'entry', entry: ordersEntry })
  expect(positions(folds)).toEqual([])
  const rest = { target: 'PAUSED', sinceMs: 1 } as const
  folds[0]?.apply({ kind: 'entry', entry: { ...ordersEntry, version: 5, rest } })
  expect(() => positions(folds)).toThrow(/orders is paused or stopped/)
})

it('a position with a note says all if nothing is held back', () => {
  expect(positions(foldsOf(at('a', 'settled')))).toEqual([])
  expect(() => positions(foldsOf(at('a', 'settled'), at('b', 'held')))).toThrow(/shard b are held back/)
})

it('what a parent held back counts until its child has a note of its own', () => {
  const ended = at('parent', 'held', ['child'])
  expect(() => positions(foldsOf(ended, begin('child', ['parent', 'other'], 'held')))).toThrow(/shard child/)
  expect(positions(foldsOf(ended, begin('child', ['parent', 'other'], 'held'), at('child', 'settled')))).toEqual([])
})

it('what was held back at an end is not given up while one of two children is not known yet', () => {
  const left = [begin('left', ['parent'], 'held'), at('left', 'settled')] as const
  const right = [begin('right', ['parent'], 'held'), at('right', 'settled')] as const
  expect(() => positions(foldsOf(at('parent', 'held', ['left']), ...left))).toThrow(/shard parent/)
  expect(() => positions(foldsOf(at('parent', 'held', []), ...left))).toThrow(/shard parent/)
  expect(positions(foldsOf(at('parent', 'held', ['left']), ...left, ...right))).toEqual([])
  expect(positions(foldsOf(at('parent', 'settled', ['left']), ...left))).toEqual([])
})
