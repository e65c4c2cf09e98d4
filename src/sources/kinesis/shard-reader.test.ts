import { expect, it } from 'vitest'
import type { KinesisRecord } from '../../change/kinesis-record.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { ShardPosition } from '../../change/shard.ts'
import type { PageStart } from './record-pages.ts'
import type { GuardedPages } from './retention-guard.ts'
import { createRepairMemory } from './repair/repair-memory.ts'
import { createKinesisShardReader } from './shard-reader.ts'

const never = new AbortController().signal
const dayMs = 86_400_000

it('a backlog is put in order by its own time, whenever its shard was met', async () => {
  const clock = createManualClock()
  const longAgoMs = clock.now() - 5 * dayMs
  /** Images `n` to `n + 1`, a second apart each. */
  const change = (n: number): { readonly partitionKey: string; readonly data: Buffer } => {
    const item = { id: { S: 'a' } }
    const image = (value: number) => ({ ...item, n: { N: String(value) } })
    const dynamodb = { Keys: item, OldImage: image(n), NewImage: image(n + 1), SizeBytes: 1 }
    const record = {
      eventID: `e${n}`,
      eventName: 'MODIFY',
      eventSource: 'aws:dynamodb',
      tableName: 't',
      dynamodb: { ...dynamodb, ApproximateCreationDateTime: longAgoMs + n * 1_000 },
    }
    return { partitionKey: 'p', data: Buffer.from(JSON.stringify(record)) }
  }
  const page = (changes: readonly number[], atMs: number) => ({
    records: changes.map((n, at) => ({ ...change(n), sequenceNumber: `${atMs + at}`, arrivedAtMs: atMs })),
    bytes: 1,
    isEnd: false,
    children: undefined,
    requestedAtMs: clock.now(),
    receivedAtMs: clock.now(),
    millisBehindLatest: clock.now() - atMs,
  })
  const queue = [page([1], longAgoMs + 5_000), page([2], longAgoMs + 7_000), page([3], longAgoMs + 9_000)]
  const last = page([4], longAgoMs + 40_000)
  const pages: GuardedPages = {
    soFar: { after: undefined, readUpToMs: undefined },
    next: async () => queue.shift() ?? last,
    close: async () => undefined,
  }
  const reader = createKinesisShardReader(
    {
      unpacking: { deaggregates: true, hasChanges: true },
      isWanted: () => true,
      repair: { rules: { windowMs: 300_000, delayMs: 20_000 }, memory: createRepairMemory(1_000_000) },
      onRepaired: () => undefined,
    },
    { streamArn: 's', shardId: 'shardId-000000000000', after: undefined, unreadSinceMs: clock.now() },
    {
      context: { clock },
      openPages: () => pages,
      openAgain: () => pages,
      hashRangeOf: async () => undefined,
      hasHeirs: async () => true,
    },
  )
  const numbersOf = (records: readonly unknown[]): readonly string[] =>
    records.map((record) => (record as KinesisRecord).sequenceNumber)
  // Nothing proves that the first change of the item is its first one: it waits for as long as it would at the tip.
  for (let read = 0; read < 3; read++) expect(numbersOf((await reader.read(never)).records)).toEqual([])
  expect((await reader.read(never)).records).toHaveLength(4)
})

it('what was held back is handed out, once, by a reader that repairs nothing any more', async () => {
  const clock = createManualClock()
  const atMs = clock.now()
  const insert = (n: number) => {
    const Keys = { id: { S: `i${n}` } }
    const dynamodb = { Keys, NewImage: Keys, SizeBytes: 1, ApproximateCreationDateTime: atMs }
    const record = { eventID: `e${n}`, eventName: 'INSERT', eventSource: 'aws:dynamodb', tableName: 't', dynamodb }
    const data = Buffer.from(JSON.stringify(record))
    return { partitionKey: 'p', data, sequenceNumber: String(n), arrivedAtMs: atMs }
  }
  const stream = [1, 2, 3, 4].map(insert)
  let [visible, asked] = [3, 0]
  const openPages = ({ kind, ...start }: PageStart): GuardedPages => {
    const from = 'sequenceNumber' in start ? Number(start.sequenceNumber) + (kind === 'after' ? 1 : 0) : 1
    let read = from
    return {
      soFar: { after: undefined, readUpToMs: undefined },
      next: async () => {
        asked++
        const records = stream.slice(read - 1, visible)
        read += records.length
        const times = { requestedAtMs: atMs, receivedAtMs: atMs, millisBehindLatest: 0 }
        return { records, bytes: 1, isEnd: false, children: undefined, ...times }
      },
      close: async () => undefined,
    }
  }
  const open = (position: Pick<ShardPosition, 'after' | 'note'>, isRepaired: boolean) =>
    createKinesisShardReader(
      {
        unpacking: { deaggregates: true, hasChanges: true },
        isWanted: () => true,
        repair: isRepaired
          ? { rules: { windowMs: 300_000, delayMs: 20_000 }, memory: createRepairMemory(1_000_000) }
          : undefined,
        onRepaired: () => undefined,
      },
      { streamArn: 's', shardId: 'shardId-000000000000', ...position },
      {
        context: { clock },
        openPages,
        openAgain: (_, start) => openPages(start),
        hashRangeOf: async () => undefined,
        hasHeirs: async () => true,
      },
    )
  const first = open({ after: undefined }, true)
  expect((await first.read(never)).records).toEqual([])
  await clock.advance(60_000)
  const { mark } = await first.read(never)
  expect(mark?.after).toBe('3')
  visible = 4
  const second = open({ after: mark?.after, note: mark?.note }, false)
  const numbers: string[] = []
  let last = mark
  for (let read = 0; read < 3; read++) {
    const page = await second.read(never)
    numbers.push(...page.records.map((record) => (record as KinesisRecord).sequenceNumber))
    last = page.mark ?? last
  }
  expect(numbers).toEqual(['1', '2', '3', '4'])
  // And the next one knows that.
  const third = open({ after: last?.after, note: last?.note }, false)
  expect((await third.read(never)).records).toEqual([])
  expect(asked).toBeGreaterThan(4)
})
