import { describe, expect, it } from 'vitest'
import { createByteBudget } from '../async/byte-budget.ts'
import { seededRng } from '../async/rng.ts'
import type { Table } from '../change/table.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneFold } from '../lanes/lane-state.ts'
import type { LedgerEntry, TableEntry } from '../lanes/ledger-entry.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { createMemorySource } from '../testing/memory-source.ts'
import { defaultLaneTuning } from './lane-environment.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import { createLaneFeeds } from './lane-feeds.ts'
import type { FeedBatch } from './lane-feeds.ts'
import { createLaneNudges } from './lane-nudges.ts'
import { noScanLimits } from './snapshot/scan-limits.ts'
import type { PipelineEvent } from './pipeline-event.ts'

const table: Table = {
  arn: 'arn',
  name: 't',
  id: 'id',
  region: 'r',
  account: 'a',
  streamArn: 's',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [],
}
const tableEntry = (version: number): TableEntry => ({
  kind: 'table',
  version,
  table,
  topic: 't',
  topicPartitions: 1,
  topicId: undefined,
  status: { kind: 'streaming' },
  notBeforeMs: undefined,
  homeLane: undefined,
  run: 0,
  snapshot: undefined,
  settled: undefined,
})
const shard = (shardId: string) => ({ tableArn: 'arn', streamArn: 's', shardId, generation: 0 })
const begin = (shardId: string): LedgerEntry => ({
  kind: 'begin',
  ...shard(shardId),
  parent: undefined,
  parents: [],
  after: undefined,
  notBeforeMs: undefined,
  sinceMs: undefined,
})
const at = (shardId: string, after: string): LedgerEntry => ({
  kind: 'at',
  ...shard(shardId),
  status: 'open',
  after,
  createdAtMs: 0,
  committedAtMs: 0,
  movedTo: undefined,
  children: undefined,
})

const setUp = () => {
  const clock = createManualClock()
  const source = createMemorySource(table, clock, 10)
  const events: PipelineEvent[] = []
  const identity = {
    kind: 'identity',
    pipeline: 'p',
    clusterId: 'c',
    topicId: 't',
    lanes: 1,
    epoch: 1,
    fingerprint: 'f',
  } as const
  const unused = (): never => {
    throw new Error('not part of feeds')
  }
  const environment: LaneEnvironment = {
    identity,
    tuning: defaultLaneTuning,
    source,
    stages: { process: unused, processRows: unused, processVanished: unused, presenceOf: unused },
    taker: { take: unused },
    membership: { owns: () => true },
    topicLog: { committed: unused, offsets: unused },
    exports: undefined,
    topicLimits: {
      maxRecordBytes: unused,
      maxRecordBytesNow: unused,
      lookAgain: unused,
      known: unused,
      refused: unused,
    },
    nudges: createLaneNudges(),
    heartbeats: undefined,
    scanLimits: noScanLimits,
    skipsContained: false,
    budget: createByteBudget(1_000_000),
    scanBudget: createByteBudget(1_000_000),
    clock,
    rng: seededRng(1),
    onEvent: (event) => events.push(event),
  }
  const fold: LaneFold = createLaneFold()
  const apply = (...entries: readonly LedgerEntry[]): void => {
    for (const entry of entries) fold.apply({ kind: 'entry', entry })
  }
  return { clock, source, environment, events, fold, apply }
}
const fill = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ sequenceNumber: String(i + 1), wire: i + 1 }))
const wires = (batch: FeedBatch): readonly unknown[] => batch.pages.flatMap(({ takePage }) => takePage()?.records ?? [])

describe('the feeds of a lane', () => {
  it('take from all shards, fairly, up to the bounds of a transaction', async () => {
    const { clock, source, environment, fold, apply } = setUp()
    apply(tableEntry(1), begin('a'), begin('b'))
    for (const shardId of ['a', 'b']) {
      source.addShard(shardId)
      source.append(shardId, fill(50))
    }
    const tuning = { ...defaultLaneTuning, maxTransactionRecords: 30 }
    await using feeds = createLaneFeeds(0, { ...environment, tuning }, () => {})
    await feeds.sync(fold.state)
    await clock.advance(0)
    const keys = feeds.takeBatch().pages.map(({ key }) => key)
    expect(keys.filter((key) => key === 's/a').length).toBeGreaterThan(0)
    expect(keys.filter((key) => key === 's/b').length).toBeGreaterThan(0)
  })

  it('close for a shard that another lane is to read, before its move is committed', async () => {
    const { clock, source, environment, fold, apply } = setUp()
    apply(tableEntry(1), begin('a'))
    source.addShard('a')
    source.append('a', fill(50))
    await using feeds = createLaneFeeds(0, environment, () => {})
    await feeds.sync(fold.state)
    await clock.advance(0)
    // The table gathers in another lane: what is read from here on would be delivered twice.
    apply({ ...tableEntry(2), homeLane: 1, run: 1 })
    await feeds.sync(fold.state)
    await clock.advance(1_000)
    expect(feeds.takeBatch()).toEqual({ pages: [], ends: [], failures: [] })
  })

  it('hand out an end only when the pages before it are committed', async () => {
    const { clock, source, environment, fold, apply } = setUp()
    apply(tableEntry(1), begin('a'))
    source.addShard('a')
    source.append('a', fill(5))
    source.close('a')
    source.addShard('b', ['a'])
    await using feeds = createLaneFeeds(0, environment, () => {})
    await feeds.sync(fold.state)
    await clock.advance(1_000)
    const first = feeds.takeBatch()
    expect([first.pages.length, first.ends.length]).toEqual([1, 0])
    expect(feeds.takeBatch().ends).toMatchObject([{ children: [{ shardId: 'b' }] }])
  })

  it('begin anew behind the committed position after a halt, even if the table was never seen to stop', async () => {
    const { clock, source, environment, fold, apply } = setUp()
    apply(tableEntry(1), begin('a'))
    source.addShard('a')
    source.append('a', fill(50))
    await using feeds = createLaneFeeds(0, environment, () => {})
    await feeds.sync(fold.state)
    await clock.advance(0)
    expect(wires(feeds.takeBatch())[0]).toBe(1)

    // Change 4 of that page could not be delivered; the coordinator has raised the version for a reason of its own.
    apply(at('a', '3'), tableEntry(2))
    feeds.haltTable('arn', 1)
    await clock.advance(0)
    expect(feeds.takeBatch().pages).toEqual([])
    await feeds.sync(fold.state)
    await clock.advance(0)
    expect(source.opened.map(({ after }) => after)).toEqual([undefined, '3'])
    expect(wires(feeds.takeBatch())[0]).toBe(4)
  })

  it('read nothing of a stopped table, and say what stands still', async () => {
    const { environment, source, events, fold, apply } = setUp()
    apply(tableEntry(1), begin('a'), at('a', '3'))
    source.addShard('a')
    await using feeds = createLaneFeeds(0, environment, () => {})
    apply({ ...tableEntry(2), status: { kind: 'stopped', code: 'STREAM_GAP', reason: 'trimmed', shardId: 'a' } })
    await feeds.sync(fold.state)
    expect(source.opened).toEqual([])
    const standing = [{ status: 'stopped', code: 'STREAM_GAP', reason: 'trimmed' }]
    expect(events).toMatchObject([
      { kind: 'lane-surveyed', open: 1, halted: [{ shard: { shardId: 'a' } }], standing, snapshots: [] },
    ])
  })

  it('say nothing of a retired table while another one of its name is not retired', async () => {
    const { environment, events, fold, apply } = setUp()
    const retired = { kind: 'retired', why: 'gone', reason: 'deleted', sinceMs: 1, wasLoading: false } as const
    const twin = tableEntry(1)
    apply({ ...tableEntry(1), status: retired }, { ...twin, table: { ...twin.table, arn: 'arn-2' } })
    await using feeds = createLaneFeeds(0, environment, () => {})
    await feeds.sync(fold.state)
    expect(events.at(-1)).toMatchObject({ standing: [] })
    apply({ ...twin, version: 2, table: { ...twin.table, arn: 'arn-2' }, status: retired })
    await feeds.sync(fold.state)
    expect(events.at(-1)).toMatchObject({ standing: [{ arn: 'arn' }, { arn: 'arn-2' }] })
  })

  it('close for a paused table, of which all that is unread stands still, and go on where it was', async () => {
    const { clock, environment, source, events, fold, apply } = setUp()
    apply(tableEntry(1), begin('a'))
    source.addShard('a')
    source.append('a', fill(50))
    await using feeds = createLaneFeeds(0, environment, () => {})
    await feeds.sync(fold.state)
    await clock.advance(0)
    apply(at('a', '3'), { ...tableEntry(2), rest: { target: 'PAUSED', sinceMs: 1 } })
    await feeds.sync(fold.state)
    expect(feeds.takeBatch().pages).toEqual([])
    expect(events.at(-1)).toMatchObject({ kind: 'lane-surveyed', open: 1, halted: [{ shard: { shardId: 'a' } }] })
    apply(tableEntry(3))
    await feeds.sync(fold.state)
    await clock.advance(0)
    expect(source.opened.map(({ after }) => after)).toEqual([undefined, '3'])
  })

  it('close for a retired table, of which nothing stands still, and go on where it was when it comes back', async () => {
    const { clock, environment, source, events, fold, apply } = setUp()
    apply(tableEntry(1), begin('a'))
    source.addShard('a')
    source.append('a', fill(50))
    await using feeds = createLaneFeeds(0, environment, () => {})
    await feeds.sync(fold.state)
    await clock.advance(0)
    const retired = { kind: 'retired', why: 'untagged', reason: 'no tag', sinceMs: 0, wasLoading: false } as const
    apply(at('a', '3'), { ...tableEntry(2), status: retired })
    await feeds.sync(fold.state)
    await clock.advance(1_000)
    expect(feeds.takeBatch().pages).toEqual([])
    expect(events.at(-1)).toMatchObject({ kind: 'lane-surveyed', open: 1, halted: [] })

    apply(tableEntry(3))
    await feeds.sync(fold.state)
    await clock.advance(0)
    expect(wires(feeds.takeBatch())[0]).toBe(4)
  })
})
