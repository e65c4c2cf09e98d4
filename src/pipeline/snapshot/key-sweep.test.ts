import { describe, expect, it } from 'vitest'
import { createByteBudget } from '../../async/byte-budget.ts'
import { seededRng } from '../../async/rng.ts'
import { TailraceError } from '../../errors.ts'
import type { FetchedRecord } from '../../kafka/kafka.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createKeySweep } from './key-sweep.ts'
import { createRecentKeys } from './recent-keys.ts'
import type { RecentKeys } from './recent-keys.ts'
import type { PageReader, ReadPage } from './segment-feed.ts'
import type { TopicLog } from './topic-log.ts'

const signal = new AbortController().signal

/** A partition in memory: `a` says that an item is there, `-a` that it is gone, `?a` is of another table. */
interface Log extends TopicLog {
  readonly written: string[]
  /** The first offset that is left. */
  start: bigint
  readonly asked: string[]
  /** Called before each page is given. */
  onPage: (from: bigint) => void
}

const pageRecords = 3

function logOf(...written: readonly string[]): Log {
  const record = (text: string, offset: number): FetchedRecord => ({
    offset: BigInt(offset),
    timestamp: 0,
    key: Buffer.from(text.replace(/^[-?]/, '')),
    value: text.startsWith('-') ? null : Buffer.from(text),
    headers: [],
  })
  const log: Log = {
    written: [...written],
    start: 0n,
    asked: [],
    onPage: () => {},
    offsets: () => {
      log.asked.push('end')
      const end = BigInt(log.written.length)
      return Promise.resolve({ logStart: log.start, highWatermark: end, lastStable: end })
    },
    committed: async function* committed({ from, until }) {
      for (let at = from; at < until; at += BigInt(pageRecords)) {
        await Promise.resolve()
        log.onPage(at)
        if (at < log.start) throw new TailraceError('KAFKA_PROTOCOL', 'out of range')
        const next = at + BigInt(pageRecords) > until ? until : at + BigInt(pageRecords)
        const records = log.written
          .slice(Number(at), Number(next))
          .map((text, index) => record(text, Number(at) + index))
        yield { records, nextOffset: next }
      }
    },
  }
  return log
}

function sweepOf(
  log: Log,
  baseline: number,
  more: { readonly recent?: RecentKeys; readonly maxKeyBytes?: number } = {},
): PageReader {
  const clock = createManualClock()
  return createKeySweep({
    log,
    topic: 't',
    partition: 0,
    baseline: BigInt(baseline),
    presenceOf: ({ value }) => (value === null ? 'gone' : value.toString().startsWith('?') ? 'foreign' : 'there'),
    settled: () => {
      log.asked.push('settled')
      return Promise.resolve()
    },
    recent: more.recent ?? createRecentKeys(100),
    budget: createByteBudget(1_000_000),
    maxKeyBytes: more.maxKeyBytes ?? 1_000_000,
    // Waits are over at once: a broker that refuses is asked again.
    clock: { ...clock, sleep: () => Promise.resolve() },
    rng: seededRng(1),
    onRetry: () => {},
  })
}

async function readAll(sweep: PageReader, afterKey?: string): Promise<readonly ReadPage[]> {
  const pages: ReadPage[] = []
  for (let key = afterKey; ;) {
    const read = await sweep.read(key, signal)
    pages.push(read)
    read.share.release()
    key = read.page.lastKey
    if (key === undefined) return pages
  }
}
const keysOf = (pages: readonly ReadPage[]): readonly string[] =>
  pages.flatMap(({ page }) => page.items.map(String)).toSorted()

describe('the sweep of a partition', () => {
  it('finds the items whose last record says that they are there, and that nothing has mentioned since', async () => {
    const log = logOf('a', 'b', 'c', '-c', 'd', '?e', '-f', 'f', 'b', '-d', 'g')
    expect(keysOf(await readAll(sweepOf(log, 8)))).toEqual(['a', 'f'])
    expect(keysOf(await readAll(sweepOf(log, 0)))).toEqual([])
    expect(keysOf(await readAll(sweepOf(logOf(), 0)))).toEqual([])
  })

  it('holds few keys at a time, and finds each once', async () => {
    const names = Array.from({ length: 200 }, (_, number) => `item-${number}`)
    const log = logOf(...names)
    const pages = await readAll(sweepOf(log, 200, { maxKeyBytes: 2_000 }))
    expect(keysOf(pages)).toEqual(names.toSorted())
    expect(pages.length).toBeGreaterThan(5)
    expect(Math.max(...pages.map(({ page }) => page.items.length))).toBeLessThan(60)
  })

  it('goes on at the range where it was, without what was deleted meanwhile', async () => {
    const names = Array.from({ length: 60 }, (_, number) => `item-${number}`)
    const log = logOf(...names)
    const first = await sweepOf(log, 60, { maxKeyBytes: 2_000 }).read(undefined, signal)
    const deleted = first.page.items.map(String)
    log.written.push(...deleted.map((name) => `-${name}`))
    const rest = await readAll(sweepOf(log, 60, { maxKeyBytes: 2_000 }), first.page.lastKey)
    expect([...deleted, ...keysOf(rest)].toSorted()).toEqual(names.toSorted())
    // The same range again finds nothing any more.
    const [range] = first.page.lastKey?.split('/') ?? []
    const again = await sweepOf(log, 60, { maxKeyBytes: 2_000 }).read(`${Number(range) - 1}/4/1`, signal)
    expect(again.page.items.map(String).filter((name) => deleted.includes(name))).toEqual([])
  })

  it('asks for the end of the log only when everything that was noted before is in it', async () => {
    const log = logOf('a')
    await readAll(sweepOf(log, 1))
    const settled = log.asked.indexOf('settled')
    expect(settled).toBeGreaterThanOrEqual(0)
    expect(log.asked.slice(settled)).toContain('end')
    // What comes in between is displaced: it counts from the request on, which is older.
    const recent = createRecentKeys(100)
    const sweep = sweepOf(log, 1, { recent })
    const { request, page } = await sweep.read(undefined, signal)
    recent.note(Buffer.from('a'))
    expect(page.items.map(String)).toEqual(['a'])
    expect(recent.hasSince(Buffer.from('a'), request)).toBe(true)
  })

  it('reads on, and not anew, if more was emitted meanwhile than could be remembered', async () => {
    const log = logOf('a', 'b')
    const recent = createRecentKeys(2)
    let floods = 0
    const read: bigint[] = []
    log.onPage = (from) => {
      read.push(from)
      if (floods++ > 1) return
      for (const key of ['x', 'y', 'z']) recent.note(Buffer.from(key))
    }
    const sweep = sweepOf(log, 2, { recent })
    log.written.push('x', '-a')
    const [page] = await readAll(sweep)
    expect(page?.page.items.map(String)).toEqual(['b'])
    expect(recent.isKnown(page?.request ?? 0)).toBe(true)
    expect(log.asked.filter((what) => what === 'settled').length).toBeGreaterThan(1)
    // Once for the number of ranges, once for the range, and then only what came meanwhile: nothing.
    expect(read.filter((from) => from === 0n)).toHaveLength(2)
  })

  it('goes on where the log begins now, when what it was reading is cleared away', async () => {
    const log = logOf('a', 'b', 'c', 'd', 'e', 'f', 'g')
    let cuts = 0
    log.onPage = (at) => {
      if (at === 3n && cuts++ === 1) log.start = 5n
    }
    expect(keysOf(await readAll(sweepOf(log, 7)))).toEqual(['a', 'b', 'c', 'f', 'g'])
  })

  it('gives back its hold on what is remembered', async () => {
    const recent = createRecentKeys(100)
    const sweep = sweepOf(logOf('a'), 1, { recent })
    const { request } = await sweep.read(undefined, signal)
    recent.note(Buffer.from('b'))
    expect(recent.size).toBe(1)
    recent.settle(request)
    sweep.close()
    expect(recent.size).toBe(0)
  })
})
