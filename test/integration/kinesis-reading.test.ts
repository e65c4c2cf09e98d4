import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { ListedShard } from '../../src/sources/kinesis/listed-shard.ts'
import { createKinesisSource } from '../../src/sources/kinesis/kinesis-source.ts'
import type { KinesisSource, ShardReaderParts } from '../../src/sources/kinesis/kinesis-source.ts'
import type { PageStart, PlainRecord, RecordPage } from '../../src/sources/kinesis/record-pages.ts'
import type { ReadSoFar } from '../../src/sources/kinesis/retention-guard.ts'
import {
  createKinesisStream,
  deleteKinesisStream,
  listKinesisShards,
  mergeKinesisShards,
  putKinesisRecords,
  splitKinesisShard,
  updateKinesisShardCount,
} from '../servers/kinesis-commands.ts'
import { kinesisAccount, kinesisRegion, startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'

const never = new AbortController().signal
const nothing: ReadSoFar = { after: undefined, readUpToMs: undefined }
let kinesis: KinesisUnderTest

beforeAll(async () => {
  kinesis = await startKinesisUnderTest()
})

afterAll(() => kinesis[Symbol.asyncDispose]())

/** The source over a stream, and its guarded pages: what the shard reader is built on. */
async function open(stream: string, shardIds?: RegExp) {
  let given: ShardReaderParts | undefined
  const source = createKinesisSource({
    api: kinesis.api,
    clock: systemClock,
    rng: seededRng(1),
    region: kinesisRegion,
    stream,
    recordLimit: 100,
    shardIds,
    polling: { minIntervalMs: 5, idleBaseMs: 5, idleCapMs: 20 },
    openReader: (_, parts) => {
      given = parts
      return { read: () => Promise.reject(new Error('only its parts are wanted')) }
    },
  })
  const { streamArn } = await source.describeTable(stream, never)
  const pagesOf = (shardId: string, start: PageStart = { kind: 'oldest' }, soFar = nothing) => {
    source.openShard({ streamArn, shardId, after: undefined })
    if (given === undefined) throw new Error('no reader was made')
    return given.openPages(start, soFar)
  }
  return { source, streamArn, pagesOf }
}
type Opened = Awaited<ReturnType<typeof open>>

/** Up to the end of the shard, or to a page that is empty and says that nothing is behind it. */
async function drain(pages: ReturnType<Opened['pagesOf']>): Promise<{
  readonly records: readonly PlainRecord[]
  readonly last: RecordPage
}> {
  const records: PlainRecord[] = []
  for (;;) {
    const page = await pages.next(never)
    records.push(...page.records)
    if (page.isEnd || (page.records.length === 0 && page.millisBehindLatest === 0)) return { records, last: page }
  }
}

const put = (stream: string, from: number, to: number) =>
  putKinesisRecords(
    kinesis.api,
    stream,
    Array.from({ length: to - from }, (_, i) => {
      return { partitionKey: `key-${(from + i) % 40}`, data: Buffer.from(String(from + i)) }
    }),
  )
const textsOf = (records: readonly PlainRecord[]): string[] => records.map(({ data }) => data.toString())
const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i))
const hashOf = (key: string): bigint => BigInt(`0x${createHash('md5').update(key).digest('hex')}`)

/** Reads every shard, each when all of its parents have been read: those that the listing still has. */
async function readLineage({ source, streamArn, pagesOf }: Opened): Promise<{
  readonly records: readonly PlainRecord[]
  readonly shards: number
}> {
  const { shards } = await source.listShards(streamArn, never)
  const listed = new Map(shards.map((shard) => [shard.shardId, shard]))
  const done = new Set<string>()
  const records: PlainRecord[] = []
  const read = async (shardId: string): Promise<void> => {
    if (done.has(shardId) || listed.get(shardId)?.parents.some((parent) => listed.has(parent) && !done.has(parent)))
      return
    done.add(shardId)
    const { records: found, last } = await drain(pagesOf(shardId))
    records.push(...found)
    await expectItsKeys(source, streamArn, { shardId, records: found })
    if (!last.isEnd) return
    const { children } = await source.childShards(streamArn, shardId, never)
    expect(last.children?.map((child) => child.shardId).toSorted()).toEqual(
      children.map((child) => child.shardId).toSorted(),
    )
    for (const child of children) await read(child.shardId)
  }
  for (const { shardId, parents } of shards) if (parents.length === 0) await read(shardId)
  return { records, shards: done.size }
}

/** Every record's key belongs to the shard that it was found in, by the shard's range. */
async function expectItsKeys(
  source: KinesisSource,
  streamArn: string,
  { shardId, records }: { readonly shardId: string; readonly records: readonly PlainRecord[] },
): Promise<void> {
  const range = await source.hashRangeOf(streamArn, shardId, never)
  if (range === undefined) throw new Error(`${shardId} has no range`)
  const foreign = records.filter(({ partitionKey }) => {
    const hash = hashOf(partitionKey)
    return hash < range.from || hash > range.to
  })
  expect(foreign).toEqual([])
}

test('every record is read once through splits, merges and new counts of shards, in order of each key', async () => {
  const stream = 'lineage'
  await createKinesisStream(kinesis.api, stream, 2)
  await put(stream, 0, 700)
  const [first] = await listKinesisShards(kinesis.api, stream)
  await splitKinesisShard(kinesis.api, stream, first?.shardId ?? '')
  await put(stream, 700, 900)
  const [, second, , third] = await listKinesisShards(kinesis.api, stream)
  await mergeKinesisShards(kinesis.api, stream, third?.shardId ?? '', second?.shardId ?? '')
  await put(stream, 900, 1_100)
  await updateKinesisShardCount(kinesis.api, stream, 4)
  await put(stream, 1_100, 1_300)

  const opened = await open(stream)
  const { shards: listing } = await opened.source.listShards(opened.streamArn, never)
  const merged: readonly ListedShard['parents'][] = listing.map(({ parents }) => parents)
  expect(merged.some((parents) => parents.length === 2)).toBe(true)
  const { records, shards } = await readLineage(opened)
  expect(shards).toBe(listing.length)
  expect(textsOf(records).toSorted()).toEqual(numbered(0, 1_300).toSorted())
  for (const key of new Set(records.map(({ partitionKey }) => partitionKey))) {
    const own = records.filter(({ partitionKey }) => partitionKey === key).map(({ data }) => Number(data.toString()))
    expect(own).toEqual(own.toSorted((a, b) => a - b))
  }
})

test('reading goes on at, behind and since a position', async () => {
  const stream = 'resumed'
  await createKinesisStream(kinesis.api, stream)
  await put(stream, 0, 250)
  await systemClock.sleep(20)
  const sinceMs = systemClock.now()
  await systemClock.sleep(20)
  await put(stream, 250, 300)
  const { pagesOf, source, streamArn } = await open(stream)
  const shardId = (await source.listShards(streamArn, never)).shards[0]?.shardId ?? ''

  const { records } = await drain(pagesOf(shardId))
  expect(textsOf(records)).toEqual(numbered(0, 300))
  const arrived = records.map(({ arrivedAtMs }) => arrivedAtMs)
  expect(Math.min(...arrived)).toBeGreaterThan(sinceMs - 60_000)
  expect(arrived.filter((atMs) => atMs >= sinceMs)).toHaveLength(50)

  const { sequenceNumber = '', arrivedAtMs = 0 } = records[119] ?? {}
  const soFar = { after: sequenceNumber, readUpToMs: arrivedAtMs }
  const from = async (start: PageStart): Promise<string[]> =>
    textsOf((await drain(pagesOf(shardId, start, soFar))).records)
  expect(await from({ kind: 'after', sequenceNumber })).toEqual(numbered(120, 300))
  expect(await from({ kind: 'at', sequenceNumber })).toEqual(numbered(119, 300))
  expect(await from({ kind: 'time', atMs: sinceMs })).toEqual(numbered(250, 300))
})

test('a position of unknown age is taken if the record that it stands at is left, and is a gap otherwise', async () => {
  const stream = 'unknown-age'
  await createKinesisStream(kinesis.api, stream)
  await put(stream, 0, 20)
  const { pagesOf, source, streamArn } = await open(stream)
  const shardId = (await source.listShards(streamArn, never)).shards[0]?.shardId ?? ''
  const { records } = await drain(pagesOf(shardId))
  const after = records[9]?.sequenceNumber ?? ''
  const pages = pagesOf(shardId, { kind: 'after', sequenceNumber: after }, { after, readUpToMs: undefined })
  expect(textsOf((await drain(pages)).records)).toEqual(numbered(10, 20))
  // Nothing is left that is as old as this position, so what stood between it and the oldest may have been trimmed.
  const first = (BigInt(records[0]?.sequenceNumber ?? '') - 1n).toString()
  const unproved = pagesOf(shardId, { kind: 'oldest' }, { after: first, readUpToMs: undefined })
  await expect(unproved.next(never)).rejects.toMatchObject({
    code: 'STREAM_GAP',
    details: { after: first, oldestLeft: records[0]?.sequenceNumber, retentionHours: 24 },
  })
})

test('a shard that is read goes over its end while it is split, and what is left out holds nothing up', async () => {
  const stream = 'split-meanwhile'
  await createKinesisStream(kinesis.api, stream)
  await put(stream, 0, 30)
  const { pagesOf, source, streamArn } = await open(stream)
  const shardId = (await source.listShards(streamArn, never)).shards[0]?.shardId ?? ''
  const pages = pagesOf(shardId)
  const texts: string[] = [...textsOf((await pages.next(never)).records)]
  await put(stream, 30, 60)
  await splitKinesisShard(kinesis.api, stream, shardId)
  await put(stream, 60, 90)
  const rest = await drain(pages)
  texts.push(...textsOf(rest.records))
  expect(rest.last.isEnd).toBe(true)
  expect(texts).toEqual(numbered(0, 60))
  const childIds = (rest.last.children ?? []).map((child) => child.shardId)
  expect(childIds).toHaveLength(2)

  const partly = await open(stream, new RegExp(childIds[1] ?? ''))
  expect((await partly.source.listShards(streamArn, never)).shards.map((shard) => shard.shardId)).toEqual([childIds[1]])
  expect(await partly.source.hasShard(streamArn, shardId, never)).toBe(false)
  expect(await partly.source.hasShard(streamArn, childIds[1] ?? '', never)).toBe(true)
  const none = await open(stream, new RegExp(`^${shardId}$`))
  expect(await none.source.childShards(streamArn, shardId, never)).toEqual({ children: [], streamStatus: 'DISABLED' })
})

test('a stream that was made anew is not read under the old label', async () => {
  const stream = 'made-anew'
  await createKinesisStream(kinesis.api, stream)
  await put(stream, 0, 10)
  const { source, streamArn, pagesOf } = await open(stream)
  const before = await source.describeTable(stream, never)
  expect(before).toMatchObject({ isStream: true, name: stream, region: kinesisRegion, account: kinesisAccount })
  const shardId = (await source.listShards(streamArn, never)).shards[0]?.shardId ?? ''
  const { records } = await drain(pagesOf(shardId))
  const last = records.at(-1)?.sequenceNumber ?? ''
  await deleteKinesisStream(kinesis.api, stream)
  await expect(source.findTables(never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  await expect(source.listShards(streamArn, never)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' })
  await systemClock.sleep(1_100)
  await createKinesisStream(kinesis.api, stream)
  await put(stream, 10, 20)

  const after = await source.describeTable(stream, never)
  expect(after.arn).toBe(before.arn)
  expect(after.streamArn).not.toBe(before.streamArn)
  await expect(source.listShards(streamArn, never)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' })
  const soFar = { after: last, readUpToMs: systemClock.now() }
  for (const start of [{ kind: 'after', sequenceNumber: last }, { kind: 'oldest' }] as const)
    await expect(pagesOf(shardId, start, soFar).next(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
})

test('retention and mode are told as the stream has them', async () => {
  const stream = 'described'
  await createKinesisStream(kinesis.api, stream, 'on-demand')
  const change = { StreamName: stream, RetentionPeriodHours: 72 }
  const increase = { service: 'kinesis', action: 'IncreaseStreamRetentionPeriod', body: change } as const
  await kinesis.api.call({ ...increase, hasEmptyAnswer: true }, never)
  const { source } = await open(stream)
  expect(await source.describeStream(never)).toMatchObject({
    status: 'ACTIVE',
    retentionMs: 72 * 3_600_000,
    mode: 'ON_DEMAND',
  })
})
