import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import type { Shard } from '../../src/change/shard.ts'
import { createKinesisSource } from '../../src/sources/kinesis/kinesis-source.ts'
import type { KinesisSource, ShardReaderParts } from '../../src/sources/kinesis/kinesis-source.ts'
import type { PageStart, PlainRecord } from '../../src/sources/kinesis/record-pages.ts'
import type { GuardedPages, ReadSoFar } from '../../src/sources/kinesis/retention-guard.ts'
import { kinesisInternalFailure, kinesisThrottled } from '../servers/kinesis-simulator/kinesis-operations.ts'
import { startKinesisSimulator } from '../servers/kinesis-simulator/kinesis-simulator.ts'
import type { KinesisSimulator } from '../servers/kinesis-simulator/kinesis-simulator.ts'
import type { SimulatedKinesisStream } from '../servers/kinesis-simulator/kinesis-stream.ts'
import { connectToKinesis } from '../servers/local-kinesis.ts'
import type { Fault } from '../servers/stream-simulator/fault-plan.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'

const never = new AbortController().signal
const hourMs = 3_600_000
const nothing: ReadSoFar = { after: undefined, readUpToMs: undefined }

let clock: ManualClock
let simulator: KinesisSimulator
let api: AwsApi & AsyncDisposable

beforeEach(async () => {
  clock = createManualClock()
  simulator = await startKinesisSimulator({ clock, rng: seededRng(1) })
  api = connectToKinesis(simulator.endpoint)
})

afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await simulator.stop()
})

/** The source over the stream, and its guarded pages: what a shard reader is built on. */
async function open(): Promise<{
  readonly source: KinesisSource
  readonly streamArn: string
  readonly pagesOf: (shardId: string, start?: PageStart, soFar?: ReadSoFar) => GuardedPages
}> {
  let given: ShardReaderParts | undefined
  const source = createKinesisSource({
    api,
    clock,
    rng: seededRng(2),
    region: 'eu-central-1',
    stream: 's',
    recordLimit: 100,
    openReader: (_, parts) => {
      given = parts
      return { read: () => Promise.reject(new Error('only its parts are wanted')) }
    },
  })
  const { streamArn } = await source.describeTable('s', never)
  return {
    source,
    streamArn,
    pagesOf: (shardId, start = { kind: 'oldest' }, soFar = nothing) => {
      source.openShard({ streamArn, shardId, after: undefined })
      if (given === undefined) throw new Error('no reader was made')
      return given.openPages(start, soFar)
    },
  }
}

const passing: readonly Fault[] = [
  kinesisThrottled,
  kinesisInternalFailure,
  { kind: 'html', statusCode: 502 },
  { kind: 'cut-off' },
  { kind: 'truncated-json' },
  { kind: 'wrong-checksum' },
  { kind: 'empty-object' },
  { kind: 'reset' },
  { kind: 'error', statusCode: 400, type: 'ExpiredIteratorException' },
]

const mostRecords = 2_000

/** Writes, splits, merges, scales, lists late and expires, a little with each call. Ends with one shard. */
function shake(stream: SimulatedKinesisStream, written: Map<string, string>, rng: Rng): void {
  if (written.size >= mostRecords) {
    stream.updateShardCount(1)
    return
  }
  for (let i = Math.floor(rng.next() * 40); i > 0; i--) {
    const partitionKey = `key-${Math.floor(rng.next() * 40)}`
    written.set(String(written.size), partitionKey)
    stream.put({ partitionKey, data: Buffer.from(String(written.size - 1)) })
  }
  if (rng.next() < 0.2) simulator.expireIterators()
  const before = stream.shards.length
  const ordered = stream.openShards().toSorted((a, b) => (a.from < b.from ? -1 : 1))
  const at = Math.floor(rng.next() * ordered.length)
  const [victim, neighbour] = ordered.slice(at, at + 2)
  const chance = rng.next()
  if (chance < 0.1 && victim !== undefined && ordered.length < 8) stream.split(victim.shardId)
  else if (chance < 0.2 && victim !== undefined && neighbour !== undefined)
    stream.merge(neighbour.shardId, victim.shardId)
  else if (chance < 0.22) stream.updateShardCount(1 + Math.floor(rng.next() * 6))
  for (const { shardId } of stream.shards.slice(before)) {
    if (rng.next() < 0.3) stream.listLate(shardId, { calls: Math.floor(rng.next() * 12) })
    if (rng.next() < 0.3) stream.shard(shardId).emptyPages = Math.floor(rng.next() * 5)
  }
}

/** What lanes do, without Kafka: read shards side by side, and a child once all its parents have ended. */
async function readEverything(stream: SimulatedKinesisStream, onPage: () => void): Promise<readonly PlainRecord[]> {
  const { source, streamArn, pagesOf } = await open()
  const read: PlainRecord[] = []
  const begun = new Set<string>()
  const ended = new Set<string>()
  const isOver = (shardId: string): boolean => stream.shard(shardId).closedAtMs === undefined && ended.size > 0
  const follow = async (shard: Shard): Promise<void> => {
    // Of two parents that ended together, one begins it.
    if (begun.has(shard.shardId)) return
    begun.add(shard.shardId)
    const pages = pagesOf(shard.shardId)
    for (let isEnd = false; !isEnd;) {
      const page = await pages.next(never)
      read.push(...page.records)
      isEnd = page.isEnd
      onPage()
      // The last shard has no end.
      if (read.length >= mostRecords && isOver(shard.shardId) && page.millisBehindLatest === 0) return
    }
    ended.add(shard.shardId)
    const children = await childrenOf(shard.shardId)
    await Promise.all(children.filter(({ parents }) => parents.every((parent) => ended.has(parent))).map(follow))
  }
  const childrenOf = async (shardId: string): Promise<readonly Shard[]> => {
    const expected = stream.shards.filter(({ parents }) => parents.includes(shardId)).length
    for (;;) {
      const { children } = await source.childShards(streamArn, shardId, never)
      if (children.length === expected) return children
    }
  }
  const { shards } = await source.listShards(streamArn, never)
  await Promise.all(shards.map(follow))
  return read
}

it.each([1, 2, 3, 4, 5, 6])(
  'every record comes once and in the order of its key, through splits, merges and every passing fault (seed %i)',
  async (seed) => {
    const rng = seededRng(seed)
    const stream = simulator.createStream({ name: 's', shards: 2 })
    const written = new Map<string, string>()
    Object.assign(simulator.settings, {
      pageShards: 3,
      pageRecords: 25,
      arrivalSkewMs: 1_000,
      nullIterator: seed % 2 === 0 ? 'with-last-records' : 'after-empty-page',
      namesChildren: seed % 3 !== 0,
    })
    for (const fault of passing) simulator.faults.add({ action: '*', fault, probability: 0.02 })
    const read = await readEverything(stream, () => shake(stream, written, rng))

    const texts = read.map(({ data }) => data.toString())
    expect(texts.toSorted((a, b) => Number(a) - Number(b))).toEqual([...written.keys()])
    for (const records of Map.groupBy(read, ({ partitionKey }) => partitionKey).values()) {
      const numbers = records.map(({ data }) => Number(data.toString()))
      expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers)
    }
    expect([...simulator.faults.struck.keys()].length).toBeGreaterThan(6)
    expect(stream.shards.some(({ parents }) => parents.length === 2)).toBe(true)
  },
  60_000,
)

describe('what Kinesis does without a word is not passed over', () => {
  const first = 'shardId-000000000000'
  const put = (stream: SimulatedKinesisStream, text: string): void =>
    void stream.put({ partitionKey: text, data: Buffer.from(text) })

  /** Reads what there is, and gives the reader's position. */
  async function readSome(pages: GuardedPages): Promise<ReadSoFar & { readonly after: string }> {
    for (;;) {
      const page = await pages.next(never)
      const last = page.records.at(-1)
      if (last !== undefined) return { ...pages.soFar, after: last.sequenceNumber }
    }
  }

  it('records that were trimmed while nobody read', async () => {
    const stream = simulator.createStream({ name: 's' })
    put(stream, 'a')
    const { pagesOf } = await open()
    const soFar = await readSome(pagesOf(first))
    clock.advance(hourMs)
    put(stream, 'unread')
    clock.advance(25 * hourMs)
    put(stream, 'b')
    const pages = pagesOf(first, { kind: 'after', sequenceNumber: soFar.after }, soFar)
    await expect(pages.next(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('a retention that is lowered below what is still to be read', async () => {
    const stream = simulator.createStream({ name: 's', retentionMs: 72 * hourMs })
    put(stream, 'a')
    const { pagesOf } = await open()
    const soFar = await readSome(pagesOf(first))
    clock.advance(hourMs)
    put(stream, 'unread')
    clock.advance(30 * hourMs)
    put(stream, 'b')
    const again = (): GuardedPages => pagesOf(first, { kind: 'after', sequenceNumber: soFar.after }, soFar)
    const page = await again().next(never)
    expect(page.records.map(({ data }) => data.toString())).toEqual(['unread', 'b'])
    stream.retentionMs = 24 * hourMs
    await expect(again().next(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('another stream of the name, in the middle of reading and behind it', async () => {
    const stream = simulator.createStream({ name: 's' })
    put(stream, 'a')
    const { pagesOf } = await open()
    const pages = pagesOf(first)
    const soFar = await readSome(pages)
    clock.advance(60_000)
    simulator.deleteStream('s')
    put(simulator.createStream({ name: 's' }), 'of the other one')
    await expect(pages.next(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
    simulator.settings.foreignNumber = 'accepted'
    const later = pagesOf(first, { kind: 'after', sequenceNumber: soFar.after }, soFar)
    await expect(later.next(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
  })
})
