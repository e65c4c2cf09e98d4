import { describe, expect, it } from 'vitest'
import { createByteBudget } from '../async/byte-budget.ts'
import { seededRng } from '../async/rng.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import type { Source } from '../sources/source.ts'
import { createMemorySource } from '../testing/memory-source.ts'
import type { MemoryRecord } from '../testing/memory-source.ts'
import { createShardFeed } from './shard-feed.ts'
import type { FeedItem, ShardFeed } from './shard-feed.ts'

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
const records = (from: number, count: number): readonly MemoryRecord[] =>
  Array.from({ length: count }, (_, i) => ({ sequenceNumber: String(from + i), wire: from + i }))

const setUp = (limitBytes = 1_000_000) => {
  const clock = createManualClock()
  const source = createMemorySource(table, clock, 10)
  const budget = createByteBudget(limitBytes)
  const awaited: number[] = []
  const open = (after?: string, from: Source = source): ShardFeed =>
    createShardFeed({
      source: from,
      budget,
      clock,
      rng: seededRng(1),
      readAheadPages: 2,
      position: { streamArn: 's', shardId: 'a', after },
      onReady: () => {},
      onPage: () => {},
      onAwaitingChildren: (attempts) => awaited.push(attempts),
    })
  return { clock, source, budget, open, awaited }
}
const wires = (item: FeedItem | undefined): readonly unknown[] => (item?.kind === 'page' ? item.page.records : [])

describe('shard feed', () => {
  it('reads two pages ahead and no more', async () => {
    const { clock, source, budget, open } = setUp()
    source.addShard('a')
    source.append('a', records(1, 50))
    await using feed = open()
    await clock.advance(0)
    expect(budget.inFlightBytes).toBe(2_000)
    expect(wires(feed.take())).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(wires(feed.take())[0]).toBe(11)
    expect(feed.take()).toBeUndefined()
  })

  it('begins behind the position', async () => {
    const { clock, source, open } = setUp()
    source.addShard('a')
    source.append('a', records(1, 5))
    await using feed = open('3')
    await clock.advance(0)
    expect(wires(feed.take())).toEqual([4, 5])
  })

  it('hands out the end behind the last page, with the children', async () => {
    const { clock, source, open } = setUp()
    source.addShard('a')
    source.append('a', records(1, 5))
    source.close('a')
    source.addShard('b', ['a'])
    await using feed = open()
    await clock.advance(0)
    expect(wires(feed.take())).toHaveLength(5)
    await clock.advance(0)
    expect(feed.take()).toMatchObject({ kind: 'end', children: [{ shardId: 'b' }] })
  })

  it('knows up to when a shard is empty, until it shows something; its end tells up to when it was read', async () => {
    const { clock, source, open } = setUp()
    source.addShard('a')
    await using feed = open()
    expect(feed.emptyUpToMs).toBeUndefined()
    await clock.advance(1_000)
    const emptyUpToMs = feed.emptyUpToMs ?? 0
    expect(clock.now() - emptyUpToMs).toBeLessThan(200)
    source.append('a', records(1, 1))
    await clock.advance(1_000)
    // The page is here, but nobody has committed it.
    expect(feed.emptyUpToMs).toBeUndefined()
    source.close('a')
    source.addShard('b', ['a'])
    const closedAtMs = clock.now()
    await clock.advance(1_000)
    expect(wires(feed.take())).toHaveLength(1)
    const end = feed.take()
    expect(end?.kind === 'end' && end.readUpToMs !== undefined && end.readUpToMs >= closedAtMs).toBe(true)
  })

  it('waits for children of a live stream, for as long as it takes', async () => {
    const { clock, source, open, awaited } = setUp()
    source.addShard('a')
    source.close('a')
    await using feed = open()
    await clock.advance(60_000)
    expect(feed.take()).toBeUndefined()
    expect(awaited.length).toBeGreaterThan(5)
    source.addShard('b', ['a'])
    await clock.advance(5_000)
    expect(feed.take()).toMatchObject({ kind: 'end' })
  })

  it('hands out a failure behind what was read before it', async () => {
    const { clock, source, open } = setUp()
    source.addShard('a')
    source.append('a', records(1, 3))
    await using feed = open()
    await clock.advance(0)
    source.fail('a', new TailraceError('STREAM_GAP', 'trimmed'))
    await clock.advance(1_000)
    expect(wires(feed.take())).toHaveLength(3)
    expect(feed.take()).toMatchObject({ kind: 'failed', error: { code: 'STREAM_GAP' } })
  })

  it('gives back what it holds when it is closed', async () => {
    const { clock, source, budget, open } = setUp()
    source.addShard('a')
    source.append('a', records(1, 50))
    const feed = open()
    await clock.advance(0)
    expect(budget.inFlightBytes).toBeGreaterThan(0)
    await feed[Symbol.asyncDispose]()
    expect(budget.inFlightBytes).toBe(0)
    expect(clock.sleepers).toBe(0)
  })

  it('does not ask for more while the budget is used up', async () => {
    const { clock, source, budget, open } = setUp(20_000)
    source.addShard('a')
    source.append('a', records(1, 50))
    const other = await budget.take(19_000, new AbortController().signal)
    await using feed = open()
    await clock.advance(1_000)
    expect(feed.take()).toBeUndefined()
    other.release()
    await clock.advance(0)
    expect(wires(feed.take())).toHaveLength(10)
  })

  it('disposes of its reader once: at the end before the children are known, on a failure, when it is closed', async () => {
    const { clock, source, open } = setUp()
    const disposed: string[] = []
    const openShard: Source['openShard'] = (position) => ({
      ...source.openShard(position),
      [Symbol.asyncDispose]: async () => void disposed.push(position.after ?? ''),
    })
    const disposing = { ...source, openShard }
    source.addShard('a')
    source.append('a', records(1, 5))
    const closed = open('1', disposing)
    await clock.advance(1_000)
    expect(disposed).toEqual([])
    await closed[Symbol.asyncDispose]()
    expect(disposed).toEqual(['1'])
    await using ended = open('2', disposing)
    source.close('a')
    await clock.advance(1_000)
    expect(disposed).toEqual(['1', '2'])
    expect(wires(ended.take())).toEqual([3, 4, 5])
    source.fail('a', new TailraceError('STREAM_GAP', 'trimmed'))
    await using failed = open('3', disposing)
    await clock.advance(1_000)
    expect(failed.take()).toMatchObject({ kind: 'failed', error: { code: 'STREAM_GAP' } })
    await ended[Symbol.asyncDispose]()
    await failed[Symbol.asyncDispose]()
    expect(disposed).toEqual(['1', '2', '3'])
  })
})
