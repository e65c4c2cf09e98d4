import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { firstEntry } from '../pipeline/table-life.ts'
import type { AddressedEntry, AtEntry, BeginEntry, TableEntry } from './ledger-entry.ts'
import { emptyReadingEntry, endEntries, movesOwed, passOverEntries, progressEntry, shardsToRead } from './hand-over.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneFold, ShardState } from './lane-state.ts'

const parent: BeginEntry = {
  kind: 'begin',
  tableArn: 't',
  streamArn: 's',
  shardId: 'parent',
  generation: 0,
  parent: undefined,
  parents: [],
  after: undefined,
  notBeforeMs: undefined,
  sinceMs: 1_000,
}
const context = { lane: 0, lanes: 1, nowMs: 90_000 }
const child = { shardId: 'child', parents: ['parent'], startingSequenceNumber: '5', endingSequenceNumber: undefined }

const foldOf = (...entries: readonly (BeginEntry | AtEntry)[]): LaneFold => {
  const fold = createLaneFold()
  for (const entry of entries) fold.apply({ kind: 'entry', entry })
  return fold
}
const shardOf = (fold: LaneFold, shardId: string): ShardState => {
  const found = [...fold.state.shards.values()].find((shard) => shard.shardId === shardId)
  if (found === undefined) throw new Error(`no shard ${shardId}`)
  return found
}
const take = (fold: LaneFold, entries: readonly AddressedEntry[]): void => {
  for (const { entry } of entries) fold.apply({ kind: 'entry', entry })
}

describe('the moment after which unread changes were created', () => {
  it("is a child's before its first page: that of its parent's last change", () => {
    const fold = foldOf(parent)
    take(fold, [progressEntry(shardOf(fold, 'parent'), { sequenceNumber: '4', createdAtMs: 30_000 }, context)])
    take(fold, endEntries(shardOf(fold, 'parent'), [child], context))
    expect(shardOf(fold, 'child')).toMatchObject({ status: 'open', sinceMs: 30_000 })
  })

  it('goes on through a parent that never had a change', () => {
    const fold = foldOf(parent)
    take(fold, endEntries(shardOf(fold, 'parent'), [child], context))
    expect(shardOf(fold, 'child').sinceMs).toBe(1_000)
  })

  it('moves with a shard that another lane takes over', () => {
    const lanes = 2
    const owner = movesOwed(foldOf(parent).state, { ...context, lanes }).length > 0 ? 0 : 1
    const moves = movesOwed(foldOf(parent).state, { ...context, lane: owner, lanes })
    expect(moves.map(({ entry }) => entry)).toContainEqual({ ...parent, generation: 1 })
  })
})

describe('the moment from which changes of a shard are awaited', () => {
  const begun: BeginEntry = { ...parent, begunAtMs: 2_000 }
  const ended = (fold: LaneFold, name = 'child', readUpToMs?: number): LaneFold => {
    take(fold, endEntries(shardOf(fold, 'parent'), [{ ...child, shardId: name }], context, readUpToMs))
    return fold
  }

  it("is a child's: as its parent's, if that never showed anything, and not the time of the END", () => {
    expect(shardOf(ended(foldOf(begun)), 'child').begunAtMs).toBe(2_000)
  })

  it("is that of the parent's last change, or up to when it was read, whichever is later", () => {
    const read = foldOf(begun)
    take(read, [progressEntry(shardOf(read, 'parent'), { sequenceNumber: '4', createdAtMs: 30_000 }, context)])
    expect(shardOf(ended(read), 'child').begunAtMs).toBe(30_000)
    expect(shardOf(ended(foldOf(begun), 'child', 40_000), 'child').begunAtMs).toBe(40_000)
    const ahead = foldOf(begun)
    const createdAtMs = context.nowMs + 3_600_000
    take(ahead, [progressEntry(shardOf(ahead, 'parent'), { sequenceNumber: '4', createdAtMs }, context)])
    expect(shardOf(ended(ahead), 'child').begunAtMs).toBe(2_000)
    // The END itself says it, too: a child that is listed later is begun under it.
    expect(shardOf(read, 'parent')).toMatchObject({ status: 'end', begunAtMs: 30_000 })
  })

  it("is that of the child's birth where its name tells, unless that is still to come", () => {
    const [born, unborn] = ['shardId-00000000000000050000-a', 'shardId-00000000000000990000-a']
    expect(shardOf(ended(foldOf(begun), born), born).begunAtMs).toBe(50_000)
    expect(shardOf(ended(foldOf(begun), unborn), unborn).begunAtMs).toBe(2_000)
  })

  it('is now where an older version left nothing to go by', () => {
    expect(shardOf(ended(foldOf(parent)), 'child').begunAtMs).toBe(context.nowMs)
  })

  it('stays what it was when a shard of which nothing was read moves', () => {
    const lanes = 2
    const owner = movesOwed(foldOf(begun).state, { ...context, lanes }).length > 0 ? 0 : 1
    const moves = movesOwed(foldOf(begun).state, { ...context, lane: owner, lanes })
    expect(moves.map(({ entry }) => entry)).toContainEqual({ ...begun, generation: 1 })
  })

  it('moves on with what was read and found empty, and with nothing else', () => {
    const fold = foldOf(begun)
    take(fold, [emptyReadingEntry(shardOf(fold, 'parent'), 7_000, context)])
    expect(shardOf(fold, 'parent')).toMatchObject({ status: 'open', after: undefined, begunAtMs: 7_000 })
    take(fold, [emptyReadingEntry(shardOf(fold, 'parent'), 6_000, context)])
    expect(shardOf(fold, 'parent').begunAtMs).toBe(7_000)
  })

  it('is new once a gap was passed over', () => {
    const fold = foldOf(begun)
    take(fold, passOverEntries(shardOf(fold, 'parent'), true, context))
    expect(shardOf(fold, 'parent')).toMatchObject({ generation: 1, after: undefined, begunAtMs: context.nowMs })
    const gone = foldOf(begun)
    take(gone, passOverEntries(shardOf(gone, 'parent'), false, context))
    expect(shardOf(gone, 'parent')).toMatchObject({ status: 'end', begunAtMs: context.nowMs })
  })
})

describe('the creation time of the last delivered change', () => {
  it('goes with the shard from lane to lane, so that a gap is told with its beginning', () => {
    const lanes = 2
    const read = foldOf(parent)
    take(read, [progressEntry(shardOf(read, 'parent'), { sequenceNumber: '4', createdAtMs: 30_000 }, context)])
    const owner = movesOwed(read.state, { ...context, lanes }).length > 0 ? 0 : 1
    const [begin] = movesOwed(read.state, { ...context, lane: owner, lanes })
    const taker = createLaneFold()
    take(taker, begin === undefined ? [] : [begin])
    expect(shardOf(taker, 'parent')).toMatchObject({ after: '4', createdAtMs: 30_000 })
    take(taker, endEntries(shardOf(taker, 'parent'), [], context))
    expect(shardOf(taker, 'parent')).toMatchObject({ status: 'end', createdAtMs: 30_000 })
  })
})

describe('the shards that a lane reads', () => {
  const entry = (streamArn: string): TableEntry => ({
    ...firstEntry({ ...tableOf('NEW_IMAGE'), arn: 't', streamArn }, { topic: 'o', partitions: 1, id: 'x' }, undefined),
    homeLane: 0,
  })

  it('are those of the present stream: what a replaced one still says is older than the table', () => {
    const fold = foldOf(parent)
    fold.apply({ kind: 'entry', entry: entry('s') })
    expect(shardsToRead(fold.state, context).map(({ shardId }) => shardId)).toEqual(['parent'])
    fold.apply({ kind: 'entry', entry: { ...entry('s-2'), version: 2 } })
    expect(shardsToRead(fold.state, context)).toEqual([])
  })
})
