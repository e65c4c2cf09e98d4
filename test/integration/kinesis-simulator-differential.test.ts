import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { AwsServiceError } from '../../src/aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../src/aws/aws.ts'
import { isJsonObject } from '../../src/aws/json-object.ts'
import { compareSequenceNumbers } from '../../src/change/sequence-number.ts'
import {
  createKinesisStream,
  deleteKinesisStream,
  describeKinesisStream,
  kinesisCall,
  listKinesisShards,
  mergeKinesisShards,
  putKinesisRecords,
  splitKinesisShard,
  updateKinesisShardCount,
} from '../servers/kinesis-commands.ts'
import type { KinesisPlace, KinesisPut, ListedShard } from '../servers/kinesis-commands.ts'
import { startKinesisSimulator } from '../servers/kinesis-simulator/kinesis-simulator.ts'
import type { KinesisSimulator } from '../servers/kinesis-simulator/kinesis-simulator.ts'
import { connectToKinesis, startKinesisUnderTest } from '../servers/local-kinesis.ts'
import type { KinesisUnderTest } from '../servers/local-kinesis.ts'

let local: KinesisUnderTest
let simulator: KinesisSimulator
let simulated: AwsApi & AsyncDisposable

beforeAll(async () => {
  local = await startKinesisUnderTest()
  simulator = await startKinesisSimulator()
  simulated = connectToKinesis(simulator.endpoint)
  // kinesis-local throttles nothing.
  Object.assign(simulator.settings, {
    readsPerSecond: Number.POSITIVE_INFINITY,
    iteratorsPerSecond: Number.POSITIVE_INFINITY,
  })
})

afterAll(async () => {
  await simulated[Symbol.asyncDispose]()
  await simulator.stop()
  await local[Symbol.asyncDispose]()
})

/** Does the same with both. */
async function both<T>(work: (api: AwsApi) => Promise<T>): Promise<readonly [T, T]> {
  return Promise.all([work(simulated), work(local.api)])
}

/** Does the same with both, and expects the same of what is comparable. */
async function expectEqual<T>(work: (api: AwsApi) => Promise<T>): Promise<T> {
  const [fromSimulator, fromLocal] = await both(work)
  expect(fromSimulator).toEqual(fromLocal)
  return fromSimulator
}

/** A listing without numbers; hash keys are rounded differently, by less than a shard in a billion. */
function shapeOf(shards: readonly ListedShard[]): unknown {
  const rounded = (key: string): number => Number(BigInt(key) >> 96n)
  return shards.map(({ shardId, parentShardId, adjacentParentShardId, ...shard }) => ({
    shardId,
    parentShardId,
    adjacentParentShardId,
    isOpen: shard.endingSequenceNumber === undefined,
    from: Math.round(rounded(shard.startingHashKey) / 16),
    to: Math.round(rounded(shard.endingHashKey) / 16),
  }))
}

interface ReadPage {
  readonly texts: readonly string[]
  readonly keys: readonly unknown[]
  readonly isEnd: boolean
  readonly children: unknown
  readonly next: unknown
}

async function readPage(api: AwsApi, iterator: unknown, limit: number): Promise<ReadPage> {
  const page = await kinesisCall(api, 'GetRecords', { ShardIterator: iterator, Limit: limit })
  if (!isJsonObject(page) || !Array.isArray(page['Records'])) throw new Error('no page')
  const records = page['Records'].filter(isJsonObject)
  const children: unknown = page['ChildShards'] ?? undefined
  return {
    texts: records.map((record) => Buffer.from(String(record['Data']), 'base64').toString()),
    keys: records.map((record) => record['PartitionKey']),
    isEnd: typeof page['NextShardIterator'] !== 'string',
    children: Array.isArray(children)
      ? children.filter(isJsonObject).map((child) => [child['ShardId'], textsOf(child['ParentShards'])])
      : children,
    next: page['NextShardIterator'],
  }
}

/** Sorted: which parent comes first is not told. */
function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String).sort() : []
}

async function iteratorAt(api: AwsApi, stream: string, shardId: string, start: AwsRequest['body']): Promise<unknown> {
  const answer = await kinesisCall(api, 'GetShardIterator', { StreamName: stream, ShardId: shardId, ...start })
  return isJsonObject(answer) ? answer['ShardIterator'] : undefined
}

/** Everything behind a start, by pages of a size, as what both must show in the same way. */
async function readFrom(
  api: AwsApi,
  { stream, shardId, limit }: { readonly stream: string; readonly shardId: string; readonly limit: number },
  start: AwsRequest['body'],
): Promise<readonly Omit<ReadPage, 'next'>[]> {
  const pages: Omit<ReadPage, 'next'>[] = []
  for (let iterator = await iteratorAt(api, stream, shardId, start); iterator !== undefined;) {
    const { next, ...page } = await readPage(api, iterator, limit)
    pages.push(page)
    if (page.isEnd || page.texts.length === 0) return pages
    iterator = next
  }
  return pages
}

describe('the simulator does what kinesis-local does', () => {
  it.each([21, 22, 23])('with records, splits and merges by chance (seed %i)', async (seed) => {
    const stream = `differential-${seed}`
    const rng = seededRng(seed)
    const places: (readonly [KinesisPlace, KinesisPlace])[] = []
    const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(rng.next() * list.length)]
    await both((api) => createKinesisStream(api, stream, 3))
    for (let step = 0; step < 40; step++) {
      const open = (await listKinesisShards(simulated, stream)).filter(
        (shard) => shard.endingSequenceNumber === undefined,
      )
      const chance = rng.next()
      if (chance < 0.6) {
        const records = recordsBy(rng, `${step}`)
        const [ours, theirs] = await both((api) => putKinesisRecords(api, stream, records))
        expect(ours.map(({ shardId }) => shardId)).toEqual(theirs.map(({ shardId }) => shardId))
        places.push(...ours.flatMap((place, i) => (theirs[i] === undefined ? [] : [[place, theirs[i]] as const])))
      } else if (chance < 0.8 || open.length < 2) {
        const { shardId = '' } = pick(open) ?? {}
        await both((api) => splitKinesisShard(api, stream, shardId))
      } else {
        const ordered = open.toSorted((a, b) => (BigInt(a.startingHashKey) < BigInt(b.startingHashKey) ? -1 : 1))
        const at = Math.floor(rng.next() * (ordered.length - 1))
        const [left = '', right = ''] = ordered.slice(at, at + 2).map(({ shardId }) => shardId)
        await both((api) => mergeKinesisShards(api, stream, left, right))
      }
    }
    await expectEqual(async (api) => shapeOf(await listKinesisShards(api, stream)))
    for (const { shardId } of await listKinesisShards(simulated, stream))
      for (const limit of [3, 10_000])
        await expectEqual((api) => readFrom(api, { stream, shardId, limit }, { ShardIteratorType: 'TRIM_HORIZON' }))
    for (let i = 0; i < 20; i++) {
      const [ours, theirs] = pick(places) ?? []
      const type = rng.next() < 0.5 ? 'AT_SEQUENCE_NUMBER' : 'AFTER_SEQUENCE_NUMBER'
      await expectEqual((api) => {
        const place = api === simulated ? ours : theirs
        const start = { ShardIteratorType: type, StartingSequenceNumber: place?.sequenceNumber }
        return readFrom(api, { stream, shardId: place?.shardId ?? '', limit: 10_000 }, start)
      })
    }
  })

  it('with numbers of 56 digits that rise from record to record and from parent to child', async () => {
    await both(async (api) => {
      await createKinesisStream(api, 'numbers', 1)
      const records = Array.from({ length: 20 }, (_, i) => ({ partitionKey: `k${i}`, data: Buffer.from(`${i}`) }))
      const places = await putKinesisRecords(api, 'numbers', records)
      await splitKinesisShard(api, 'numbers', 'shardId-000000000000')
      const [parent, ...children] = await listKinesisShards(api, 'numbers')
      const numbers = [parent?.startingSequenceNumber ?? '', ...places.map(({ sequenceNumber }) => sequenceNumber)]
      expect(numbers.map(({ length }) => length)).toEqual(Array.from({ length: 21 }, () => 56))
      expect(numbers.toSorted(compareSequenceNumbers)).toEqual(numbers)
      for (const child of children)
        expect(compareSequenceNumbers(child.startingSequenceNumber, numbers.at(-1) ?? '')).toBeGreaterThan(0)
    })
  })

  it('with pages of a listing, and filters', async () => {
    const stream = 'listed'
    await both(async (api) => {
      await createKinesisStream(api, stream, 4)
      await splitKinesisShard(api, stream, 'shardId-000000000001')
      await mergeKinesisShards(api, stream, 'shardId-000000000002', 'shardId-000000000003')
    })
    const ids = async (api: AwsApi, filter: AwsRequest['body']): Promise<readonly string[]> =>
      (await listKinesisShards(api, stream, filter)).map(({ shardId }) => shardId)
    for (const filter of [
      { Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000002' },
      { Type: 'AT_LATEST' },
      { Type: 'FROM_TRIM_HORIZON' },
    ])
      expect((await expectEqual((api) => ids(api, filter))).length).toBeGreaterThan(2)
    await expectEqual(async (api) => {
      const pages: unknown[] = []
      for (let body: AwsRequest['body'] | undefined = { StreamName: stream, MaxResults: 3 }; body !== undefined;) {
        const page = await kinesisCall(api, 'ListShards', body)
        if (!isJsonObject(page) || !Array.isArray(page['Shards'])) throw new Error('no page')
        pages.push(page['Shards'].filter(isJsonObject).map((shard) => shard['ShardId']))
        const token: unknown = page['NextToken']
        body = typeof token === 'string' ? { NextToken: token, MaxResults: 3 } : undefined
      }
      expect(pages).toHaveLength(3)
      return pages
    })
  })

  it('with a stream that is scaled, and its records', async () => {
    const stream = 'scaled'
    const records = Array.from({ length: 200 }, (_, i) => ({ partitionKey: `k${i}`, data: Buffer.from(`${i}`) }))
    await both((api) => createKinesisStream(api, stream, 4))
    // How it gets there, and by which shards, is not told; and where it does not divide evenly, only how many there are.
    for (const target of [8, 4, 2, 3]) {
      await both((api) => updateKinesisShardCount(api, stream, target))
      const places = await expectEqual(async (api) => {
        const open = (await listKinesisShards(api, stream)).filter((shard) => shard.endingSequenceNumber === undefined)
        if (target === 3) return open.length
        const ordered = open.toSorted((a, b) => (BigInt(a.startingHashKey) < BigInt(b.startingHashKey) ? -1 : 1))
        const placed = await putKinesisRecords(api, stream, records)
        return new Set(
          placed.map((place, i) => `${i} ${ordered.findIndex(({ shardId }) => shardId === place.shardId)}`),
        )
      })
      expect(places instanceof Set ? places.size : places).toBe(target === 3 ? 3 : 200)
    }
  })

  it('with a description of a stream', async () => {
    const told = async (api: AwsApi, name: string): Promise<unknown> => {
      const { StreamName, StreamARN, StreamStatus, StreamModeDetails, RetentionPeriodHours, OpenShardCount, ...rest } =
        await describeKinesisStream(api, name)
      expect(typeof rest['StreamCreationTimestamp']).toBe('number')
      return { StreamName, StreamARN, StreamStatus, StreamModeDetails, RetentionPeriodHours, OpenShardCount }
    }
    await both((api) => createKinesisStream(api, 'described', 2))
    await both((api) => createKinesisStream(api, 'on-demand', 'on-demand'))
    await expectEqual((api) => told(api, 'described'))
    await expectEqual((api) => told(api, 'on-demand'))
    await both((api) =>
      kinesisCall(api, 'IncreaseStreamRetentionPeriod', { StreamName: 'described', RetentionPeriodHours: 48 }),
    )
    await both((api) => splitKinesisShard(api, 'described', 'shardId-000000000001'))
    expect(await expectEqual((api) => told(api, 'described'))).toMatchObject({
      RetentionPeriodHours: 48,
      OpenShardCount: 3,
    })
    await both((api) => deleteKinesisStream(api, 'described'))
  })
})

function recordsBy(rng: Rng, name: string): readonly KinesisPut[] {
  return Array.from({ length: 1 + Math.floor(rng.next() * 20) }, (_, i) => ({
    partitionKey: `key-${Math.floor(rng.next() * 30)}`,
    data: Buffer.from(`${name}-${i}`),
  }))
}

describe('the simulator refuses what kinesis-local refuses', () => {
  const typeOf = async (api: AwsApi, action: string, body: AwsRequest['body']): Promise<string> => {
    try {
      await kinesisCall(api, action, body)
      return 'accepted'
    } catch (error) {
      return error instanceof AwsServiceError ? error.type : String(error)
    }
  }

  it('with the same types of errors', async () => {
    const [StreamName, ShardId] = ['refusing', 'shardId-000000000001']
    await both((api) => createKinesisStream(api, StreamName, 4))
    await both((api) => splitKinesisShard(api, StreamName, 'shardId-000000000000'))
    // A moment in the future is refused by kinesis-local only of a shard that has records.
    const records = Array.from({ length: 50 }, (_, i) => ({ partitionKey: `k${i}`, data: Buffer.from('x') }))
    await both((api) => putKinesisRecords(api, StreamName, records))
    const shard = { StreamName, ShardId }
    const refusals: readonly (readonly [action: string, body: AwsRequest['body']])[] = [
      ['CreateStream', { StreamName, ShardCount: 1 }],
      ['DescribeStreamSummary', { StreamName: 'missing' }],
      ['DescribeStreamSummary', {}],
      ['ListShards', { StreamName: 'missing' }],
      ['ListShards', {}],
      ['ListShards', { NextToken: 'nonsense' }],
      ['GetShardIterator', { ...shard, StreamName: 'missing', ShardIteratorType: 'LATEST' }],
      ['GetShardIterator', { ...shard, ShardId: 'shardId-000000000009', ShardIteratorType: 'LATEST' }],
      ['GetShardIterator', { ...shard, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' }],
      ['GetShardIterator', { ...shard, ShardIteratorType: 'AT_TIMESTAMP' }],
      [
        'GetShardIterator',
        { ...shard, ShardIteratorType: 'AT_TIMESTAMP', Timestamp: Math.floor(systemClock.now() / 1000) + 600 },
      ],
      ['SplitShard', { StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '10' }],
      ['SplitShard', { StreamName, ShardToSplit: ShardId, NewStartingHashKey: '0' }],
      ['MergeShards', { StreamName, ShardToMerge: ShardId, AdjacentShardToMerge: 'shardId-000000000003' }],
      ['DecreaseStreamRetentionPeriod', { StreamName, RetentionPeriodHours: 23 }],
    ]
    for (const [action, body] of refusals) {
      const [ours, theirs] = await both((api) => typeOf(api, action, body))
      expect([action, body, ours]).toEqual([action, body, theirs])
      expect(ours).not.toBe('accepted')
    }
    const [ours, theirs] = await both(async (api) => {
      const ShardIterator = await iteratorAt(api, StreamName, ShardId, { ShardIteratorType: 'LATEST' })
      return [
        await typeOf(api, 'GetRecords', { ShardIterator, Limit: 10_001 }),
        await typeOf(api, 'GetRecords', { ShardIterator, Limit: 0 }),
      ]
    })
    expect(ours).toEqual(theirs)
  })
})
