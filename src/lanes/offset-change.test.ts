import { describe, expect, it } from 'vitest'
import type { Shard } from '../change/shard.ts'
import { beginnableShards } from './discovery-gate.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import type { AddressedEntry, AtEntry, BeginEntry, LedgerEntry, SnapshotRun, TableEntry } from './ledger-entry.ts'
import { ledgerKey } from './ledger-codec.ts'
import { lineageOf, shardsOfLedger } from './ledger-shards.ts'
import type { LineageNode } from './ledger-shards.ts'
import { moveShard, resetTable } from './offset-change.ts'
import type { OffsetChange } from './offset-change.ts'
import { registrarOf } from './registrar.ts'
import { noTotals } from './snapshot-progress.ts'

const lanes = 3
const nowMs = 7_000
const of = { tableArn: 'arn', streamArn: 'stream' }
const table: TableEntry = {
  kind: 'table',
  version: 4,
  topic: 't',
  topicPartitions: 1,
  topicId: undefined,
  status: { kind: 'stopped', code: 'STREAM_GAP', reason: 'a gap', shardId: 'p' },
  notBeforeMs: 5000,
  homeLane: undefined,
  run: 0,
  snapshot: undefined,
  settled: undefined,
  table: {
    arn: 'arn',
    name: 'orders',
    id: 'id',
    region: 'r',
    account: 'a',
    streamArn: 'stream',
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema: [],
  },
}
const completed: SnapshotRun = {
  run: 1,
  kind: 'initial',
  segments: 1,
  filter: undefined,
  regains: false,
  state: 'completed',
  reason: undefined,
  code: undefined,
  beganAtMs: 1,
  endedAtMs: 2,
  expectedItems: 0,
  totals: noTotals,
}
const begin = (shardId: string, parent?: string, generation = 0): BeginEntry => ({
  kind: 'begin',
  ...of,
  shardId,
  generation,
  parent,
  parents: parent === undefined ? [] : [parent],
  after: undefined,
  notBeforeMs: 5000,
  sinceMs: 5_000,
})
const at = (shardId: string, after: string, more: Partial<AtEntry> = {}): AtEntry => ({
  kind: 'at',
  ...of,
  shardId,
  generation: 0,
  status: 'open',
  after,
  createdAtMs: 1,
  committedAtMs: 2,
  movedTo: undefined,
  children: undefined,
  ...more,
})
const laneOf = (shardId: string): number => registrarOf('stream', shardId, lanes)

/** A ledger that keeps what was written, so that a change can be applied and everything be read anew. */
const ledgerWith = (...written: readonly (AddressedEntry | LedgerEntry)[]) => {
  const log: AddressedEntry[] = []
  const write = (entries: readonly AddressedEntry[]): void => void log.push(...entries)
  write(
    written.map((one) =>
      'lane' in one && 'entry' in one ? one : { lane: laneOf('shardId' in one ? one.shardId : ''), entry: one },
    ),
  )
  const read = (): readonly LaneState[] => {
    const folds = Array.from({ length: lanes }, () => createLaneFold())
    for (const { lane, entry, isTombstone } of log) {
      const key = ledgerKey(entry)
      folds[lane]?.apply(isTombstone === true ? { kind: 'forget', key } : { kind: 'entry', entry })
    }
    return folds.map(({ state }) => state)
  }
  /** What compaction leaves some day: the last record of each key, and no tombstones. */
  const compacted = (): readonly LedgerEntry[] => {
    const last = new Map<string, AddressedEntry>()
    for (const one of log) last.set(`${one.lane} ${ledgerKey(one.entry)}`, one)
    return [...last.values()].filter(({ isTombstone }) => isTombstone !== true).map(({ entry }) => entry)
  }
  return { read, compacted, apply: ({ entries }: OffsetChange) => write(entries) }
}
const listed = (shardId: string, ...parents: readonly string[]): Shard => ({
  shardId,
  parents,
  startingSequenceNumber: '1',
  endingSequenceNumber: undefined,
})
const family = () =>
  ledgerWith(
    begin('p'),
    at('p', '10', { status: 'end', children: ['c', 'd'] }),
    begin('c', 'p'),
    at('c', '20', { status: 'end', children: ['e'] }),
    begin('d', 'p'),
    at('d', '21'),
    begin('e', 'c'),
  )
const stateOf = (states: readonly LaneState[], shardId: string) =>
  shardsOfLedger(states).get(`stream/${shardId}`)?.shard

describe('moving a shard', () => {
  it('moves an open shard by a newer generation in its lane, back and forth', () => {
    const ledger = family()
    const change = moveShard(ledger.read(), { table, shardId: 'd', after: '15', nowMs })
    expect(change.entries).toEqual([{ lane: laneOf('d'), entry: { ...begin('d', 'p', 1), after: '15' } }])
    expect(change.shards).toEqual([
      {
        shardId: 'd',
        streamArn: 'stream',
        was: { status: 'open', after: '21' },
        becomes: { kind: 'moved', after: '15' },
      },
    ])
    ledger.apply(change)
    expect(stateOf(ledger.read(), 'd')).toMatchObject({ generation: 1, status: 'open', after: '15', notBeforeMs: 5000 })
    ledger.apply(moveShard(ledger.read(), { table, shardId: 'd', after: '99', nowMs }))
    expect(stateOf(ledger.read(), 'd')).toMatchObject({ generation: 2, status: 'open', after: '99' })
  })

  it('drops the start boundary when it goes to the trim horizon', () => {
    const ledger = family()
    ledger.apply(moveShard(ledger.read(), { table, shardId: 'd', after: undefined, nowMs }))
    expect(stateOf(ledger.read(), 'd')).toMatchObject({ status: 'open', after: undefined, notBeforeMs: undefined })
    // What is trimmed by now was given up; what is trimmed from now on is a loss.
    expect(stateOf(ledger.read(), 'd')).toMatchObject({ begunAtMs: nowMs })
  })

  it('opens an ended shard again and forgets its descendants, so that nothing is begun before it has ended', () => {
    const ledger = family()
    const change = moveShard(ledger.read(), { table, shardId: 'p', after: undefined, nowMs })
    expect(Object.fromEntries(change.shards.map(({ shardId, becomes }) => [shardId, becomes.kind]))).toEqual({
      p: 'moved',
      c: 'forgotten',
      d: 'forgotten',
      e: 'forgotten',
    })
    ledger.apply(change)
    const states = ledger.read()
    expect([...shardsOfLedger(states).keys()]).toEqual(['stream/p'])
    expect(stateOf(states, 'p')).toMatchObject({ status: 'open', generation: 1 })
    const listing = [listed('p'), listed('c', 'p'), listed('d', 'p'), listed('e', 'c')]
    expect(beginnableShards(table, listing, states)).toEqual([])
  })

  it('takes an END away from every other lane that holds it, as after a snapshot in a home lane', () => {
    const home = (laneOf('p') + 1) % lanes
    const end = at('p', '10', { status: 'end', generation: 1, children: ['c'] })
    const ledger = ledgerWith(
      begin('p'),
      at('p', '3', { status: 'moved', movedTo: home }),
      { lane: home, entry: begin('p', undefined, 1) },
      { lane: home, entry: end },
      { lane: laneOf('p'), entry: end },
      begin('c', 'p'),
    )
    ledger.apply(moveShard(ledger.read(), { table, shardId: 'p', after: undefined, nowMs }))
    const states = ledger.read()
    expect(states.map((state) => state.shards.get('stream/p')?.status)).toEqual(
      states.map((_, lane) => (lane === laneOf('p') ? 'open' : undefined)),
    )
    expect(beginnableShards(table, [listed('p'), listed('c', 'p')], states)).toEqual([])
  })

  it('keeps the parents in the keys, so that all of a shard can be forgotten later', () => {
    const ledger = family()
    ledger.apply(moveShard(ledger.read(), { table, shardId: 'd', after: undefined, nowMs }))
    ledger.apply(resetTable(ledger.read(), table, { present: undefined, nowMs: 7 }))
    expect(ledger.compacted().filter(({ kind }) => kind !== 'table')).toEqual([])
  })

  it('refuses what it cannot mean', () => {
    const ledger = ledgerWith({ ...begin('m', 'p'), parents: ['p', 'q'] })
    expect(() => moveShard(ledger.read(), { table, shardId: 'm', after: '1', nowMs })).toThrow(/waits for its parents/)
    expect(() => moveShard(ledger.read(), { table, shardId: 'x', after: '1', nowMs })).toThrow(/knows no shard x/)
  })
})

describe('resetting a table', () => {
  it('forgets every shard, so that the next listing begins what is left, in order', () => {
    const ledger = family()
    const change = resetTable(ledger.read(), table, { present: undefined, nowMs: 7 })
    expect(change.table).toEqual({ ...table, version: 5, status: { kind: 'streaming' }, notBeforeMs: undefined })
    ledger.apply(change)
    const states = ledger.read()
    expect(states.map((state) => state.shards.size)).toEqual([0, 0, 0])
    expect(states.map((state) => state.tables.get('arn')?.status.kind)).toEqual(Array(lanes).fill('streaming'))
    // The oldest parent is trimmed meanwhile.
    const listing = [listed('c', 'p'), listed('d', 'p'), listed('e', 'c')]
    expect(beginnableShards(change.table, listing, states).map(({ shardId }) => shardId)).toEqual(['c', 'd'])
    expect(ledger.compacted().every(({ kind }) => kind === 'table')).toBe(true)
  })

  it('goes on in the new stream of a replaced table, and forgets the old one', () => {
    const ledger = family()
    const present = { ...table.table, id: 'new', streamArn: 'stream-2' }
    const snapshotted = { ...table, homeLane: 1, run: 2, snapshot: completed }
    expect(resetTable(ledger.read(), snapshotted, { present, nowMs: 7 }).table).toMatchObject({
      run: 2,
      homeLane: undefined,
      lossAtMs: 7,
    })
    expect(resetTable(ledger.read(), snapshotted, { present, nowMs: 7 }).table.snapshot).toBeUndefined()
    expect(resetTable(ledger.read(), snapshotted, { present: undefined, nowMs: 7 }).table.snapshot).toBe(completed)
    const change = resetTable(ledger.read(), table, { present, nowMs: 7 })
    ledger.apply(change)
    const states = ledger.read()
    expect(states[0]?.tables.get('arn')).toMatchObject({ version: 5, table: present, status: { kind: 'streaming' } })
    expect(beginnableShards(change.table, [listed('n')], states).map(({ shardId }) => shardId)).toEqual(['n'])
  })

  it('leaves other tables alone', () => {
    const ledger = ledgerWith(begin('p'), { ...begin('other'), tableArn: 'arn-2', streamArn: 'stream-9' })
    ledger.apply(resetTable(ledger.read(), table, { present: undefined, nowMs: 7 }))
    expect([...shardsOfLedger(ledger.read()).keys()]).toEqual(['stream-9/other'])
  })
})

describe('the lineage', () => {
  const shape = (nodes: readonly LineageNode[]): unknown =>
    nodes.map(({ shard, children }) => (children.length === 0 ? shard.shardId : [shard.shardId, shape(children)]))

  it('stands parents above children', () => {
    expect(shape(lineageOf(shardsOfLedger(family().read()).values()))).toEqual([['p', [['c', ['e']], 'd']]])
  })

  it('makes roots of what has no known parent, and shows a child of two parents once', () => {
    const merged = { ...begin('m', 'a'), parents: ['a', 'b'] }
    const ledger = ledgerWith(begin('a'), begin('b'), merged, begin('orphan', 'forgotten'))
    expect(shape(lineageOf(shardsOfLedger(ledger.read()).values()))).toEqual([['a', ['m']], 'b', 'orphan'])
  })
})
