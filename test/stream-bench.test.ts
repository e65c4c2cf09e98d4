import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createBacklog, itemBytes, iteratorOf, placeOf } from '../bench/replay-backlog.ts'
import type { RunCost } from '../bench/run-cost.ts'
import { createStarvationWatch } from '../bench/starvation-watch.ts'
import { figuresOf, median, rowOf } from '../bench/stream-report.ts'
import { compareSequenceNumbers } from '../src/change/sequence-number.ts'

function cost(changes: Partial<RunCost>): RunCost {
  return { records: 1_000, wallMs: 100, cpuMs: 20, peakMiB: 200, transactions: 1, busy: 1, ...changes }
}

describe('the report', () => {
  test('takes the middle value, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([10])).toBe(10)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([])).toBeNaN()
  })

  test('gives medians of rates and costs, their ratio, and the largest memory of any round', () => {
    const rounds = [
      { floor: cost({ wallMs: 100, cpuMs: 20 }), tailrace: cost({ cpuMs: 22, peakMiB: 210 }) },
      { floor: cost({ wallMs: 200, cpuMs: 25 }), tailrace: cost({ cpuMs: 24, peakMiB: 260 }) },
      { floor: cost({ wallMs: 50, cpuMs: 19 }), tailrace: cost({ cpuMs: 90, peakMiB: 230 }) },
    ]
    const line = JSON.stringify(figuresOf('stream', rounds))
    expect(line).toBe(
      '{"suite":"stream","floor":{"perSecond":10000,"cpuSecondsPerMillion":20},' +
        '"tailrace":{"perSecond":10000,"cpuSecondsPerMillion":24},"cpuRatio":1.2,"peakMiB":260}',
    )
  })

  test('gives a line a run', () => {
    const row = rowOf(2, 'tailrace', cost({ transactions: 4, busy: 0.987, starved: 0.031 }))
    expect(row).toMatch(/^round 2\s+tailrace\s+10,000\/s\s+20\.0 CPU s\/million\s+200 MiB\s+250 records\/transaction/)
    expect(row).toMatch(/busy 99 %\s+starved 3 %$/)
  })
})

describe('the backlog', () => {
  const backlog = createBacklog({ records: 5_000, shards: 2 })
  const parse = (shardIndex: number, page: number): WirePage =>
    JSON.parse(backlog.page(shardIndex, page)?.body.toString() ?? '') as WirePage

  test('has changes of about 400 bytes, by DynamoDB’s own rules', () => {
    expect(backlog.meanSizeBytes).toBeGreaterThan(380)
    expect(backlog.meanSizeBytes).toBeLessThan(420)
    expect(itemBytes({ id: { S: 'é1' }, n: { N: '-12.5' }, m: { M: { ok: { BOOL: true } } } })).toBe(5 + 4 + 8)
  })

  test('is served in pages of at most 1,000 records with growing sequence numbers, then in empty ones', () => {
    expect([0, 1, 2, 3].map((page) => parse(0, page).Records.length)).toEqual([1_000, 1_000, 500, 0])
    const numbers = [0, 1, 2].flatMap((page) => parse(1, page).Records.map(({ dynamodb }) => dynamodb.SequenceNumber))
    const isOrdered = numbers.every(
      (number, index) => index === 0 || compareSequenceNumbers(number, numbers[index - 1] ?? '') > 0,
    )
    expect(isOrdered).toBe(true)
    expect(backlog.page(2, 0)).toBeUndefined()
  })

  test('carries the checksum of each page and the iterator of the next', () => {
    const page = backlog.page(1, 0)
    expect(page?.crc32).toBe(String(crc32(page?.body ?? '')))
    expect(placeOf(parse(1, 0).NextShardIterator)).toEqual({ shardIndex: 1, page: 1 })
    expect(placeOf(iteratorOf(0, 7))).toEqual({ shardIndex: 0, page: 7 })
  })

  test('goes on behind the last sequence number of a page, and nowhere else', () => {
    const numbers = parse(0, 0).Records.map(({ dynamodb }) => dynamodb.SequenceNumber)
    expect(backlog.pageBehind(0, numbers.at(-1) ?? '')).toBe(1)
    expect(backlog.pageBehind(0, numbers[5] ?? '')).toBeUndefined()
    expect(backlog.pageBehind(0, parse(0, 2).Records.at(-1)?.dynamodb.SequenceNumber ?? '')).toBe(3)
  })
})

describe('the starvation watch', () => {
  const shard = { lane: 3, table: 'orders', arn: 'arn', shardId: 'shardId-1' }
  const page = { kind: 'page-read', shard, records: 1_000, bytes: 1, tookMs: 1 } as const
  const committed = (read: number): Parameters<ReturnType<typeof createStarvationWatch>['onEvent']>[0] => ({
    kind: 'transaction-committed',
    lane: 3,
    changes: read,
    records: read,
    bytes: 1,
    tookMs: 1,
    shards: [{ shard, changes: read, read, lastCreatedAtMs: 0, committedAtMs: 0 }],
  })

  test('counts the time for which nothing was left to write and a page came later', () => {
    const watch = createStarvationWatch()
    watch.onEvent({ kind: 'shard-opened', shard, after: undefined, sinceMs: undefined, retentionMs: 1 }, 0)
    watch.onEvent(page, 10)
    watch.onEvent(page, 20)
    watch.onEvent(committed(1_000), 30)
    watch.onEvent(committed(1_000), 50)
    watch.onEvent(page, 60)
    watch.onEvent(page, 100)
    watch.onEvent(committed(2_000), 500)
    // 10 ms for the first page and 10 ms behind the second commit, of 100 ms from the opening to the last page.
    expect(watch.share()).toBeCloseTo(0.2)
  })

  test('knows nothing of lanes without shards', () => {
    const watch = createStarvationWatch()
    watch.onEvent(committed(1_000), 10)
    expect(watch.share()).toBe(0)
  })
})

interface WirePage {
  readonly Records: readonly { readonly dynamodb: { readonly SequenceNumber: string } }[]
  readonly NextShardIterator: string
}
