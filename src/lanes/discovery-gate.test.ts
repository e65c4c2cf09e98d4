import { describe, expect, it } from 'vitest'
import type { Shard } from '../change/shard.ts'
import { beginnableShards, discoveryEntries } from './discovery-gate.ts'
import { forgettableEntries, rememberEndedMs } from './forgetting.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import type { AtEntry, BeginEntry, TableEntry } from './ledger-entry.ts'

const table: TableEntry = {
  kind: 'table',
  version: 1,
  topic: 't',
  topicPartitions: 1,
  topicId: undefined,
  status: { kind: 'streaming' },
  notBeforeMs: undefined,
  homeLane: undefined,
  run: 0,
  snapshot: undefined,
  settled: undefined,
  table: {
    arn: 'arn',
    name: 't',
    id: 'id',
    region: 'r',
    account: 'a',
    streamArn: 'stream',
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema: [],
  },
}
const listed = (shardId: string, parent?: string): Shard => ({
  shardId,
  parents: parent === undefined ? [] : [parent],
  startingSequenceNumber: '1',
  endingSequenceNumber: undefined,
})
const at = (
  shardId: string,
  status: AtEntry['status'],
  committedAtMs = 0,
  children: readonly string[] = [],
): AtEntry => ({
  kind: 'at',
  tableArn: 'arn',
  streamArn: 'stream',
  shardId,
  generation: 0,
  status,
  after: '5',
  createdAtMs: 0,
  committedAtMs,
  movedTo: undefined,
  children,
})
const begin = (shardId: string): BeginEntry => ({
  kind: 'begin',
  tableArn: 'arn',
  streamArn: 'stream',
  shardId,
  generation: 0,
  parent: undefined,
  parents: [],
  after: undefined,
  notBeforeMs: undefined,
  sinceMs: undefined,
})
const ledger = (...entries: readonly (AtEntry | BeginEntry)[]): LaneState => {
  const fold = createLaneFold()
  for (const entry of entries) fold.apply({ kind: 'entry', entry })
  return fold.state
}
const begun = (listing: readonly Shard[], ...ledgers: readonly LaneState[]): readonly string[] =>
  beginnableShards(table, listing, ledgers).map((shard) => shard.shardId)

describe('the gate of discovery', () => {
  it('begins roots and shards whose parent was trimmed from a complete listing', () => {
    expect(begun([listed('a'), listed('b', 'gone')], ledger())).toEqual(['a', 'b'])
  })
  it('leaves a child to the end of its parent while the parent is listed and unread', () => {
    expect(begun([listed('b', 'a'), listed('a')], ledger())).toEqual(['a'])
  })
  it('leaves a child alone whose parent is absent from the listing but unfinished in a ledger', () => {
    expect(begun([listed('b', 'a')], ledger(), ledger(begin('a')))).toEqual([])
  })
  it('begins a child that its ended parent did not know of', () => {
    expect(
      begun([listed('a'), listed('b', 'a'), listed('c', 'a')], ledger(at('a', 'end')), ledger(begin('b'))),
    ).toEqual(['c'])
  })
  it('never begins what a ledger knows, be it ended', () => {
    expect(begun([listed('a')], ledger(at('a', 'end')))).toEqual([])
  })
})

describe('the moment from which changes of a discovered shard are awaited', () => {
  const nowMs = 1_800_000_000_000
  const hourMs = 3_600_000
  const begunAt = (shard: Shard, ledgers: readonly LaneState[], notBeforeMs?: number): number | undefined => {
    const [found] = discoveryEntries({ ...table, notBeforeMs }, [shard], { lanes: 1, nowMs, ledgers })
    return found?.entry.kind === 'begin' ? found.entry.begunAtMs : undefined
  }

  it('is that of the discovery: what was trimmed before is nobody’s loss', () => {
    expect(begunAt(listed('a'), [ledger()])).toBe(nowMs)
    expect(begunAt(listed('shardId-00000001799999000000-a', 'gone'), [ledger()])).toBe(nowMs)
  })

  it('is that from which changes are wanted, if the stream still has them', () => {
    expect(begunAt(listed('a'), [ledger()], nowMs - 10 * hourMs)).toBe(nowMs - 10 * hourMs)
    expect(begunAt(listed('a'), [ledger()], nowMs - 30 * hourMs)).toBe(nowMs)
  })

  it('is that for a stream that keeps changes for longer, too', () => {
    const kept = { ...table, table: { ...table.table, retentionMs: 168 * hourMs }, notBeforeMs: nowMs - 120 * hourMs }
    const [found] = discoveryEntries(kept, [listed('a')], { lanes: 1, nowMs, ledgers: [ledger()] })
    expect(found?.entry).toMatchObject({ begunAtMs: nowMs - 120 * hourMs })
  })

  it('is what the END of its parent says, however late a listing shows the child', () => {
    const end: AtEntry = { ...at('a', 'end'), begunAtMs: nowMs - 25 * hourMs }
    expect(begunAt(listed('b', 'a'), [ledger(), ledger(end)])).toBe(nowMs - 25 * hourMs)
    expect(begunAt(listed('shardId-00001799999999999999-b', 'a'), [ledger(end)])).toBe(nowMs - 25 * hourMs)
  })
})

describe('forgetting', () => {
  const forgotten = (nowMs: number, names: readonly string[], ...ledgers: readonly LaneState[]): readonly string[] =>
    forgettableEntries('stream', new Set(names), ledgers, nowMs).flatMap(({ entry, isTombstone }) =>
      entry.kind === 'at' && isTombstone ? [entry.shardId] : [],
    )
  const ended = ledger(at('a', 'end', 0, ['b']))
  it('waits until the shard has left the listings for two days', () => {
    expect(forgotten(rememberEndedMs - 1, [], ended, ledger(begin('b')))).toEqual([])
    expect(forgotten(rememberEndedMs, [], ended, ledger(begin('b')))).toEqual(['a'])
  })
  it('keeps what is listed again, and what has a child that nobody has begun', () => {
    expect(forgotten(rememberEndedMs, ['a'], ended, ledger(begin('b')))).toEqual([])
    expect(forgotten(rememberEndedMs, [], ended, ledger())).toEqual([])
  })
})
