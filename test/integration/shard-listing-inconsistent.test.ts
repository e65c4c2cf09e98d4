import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AwsApi } from '../../src/aws/aws.ts'
import type { Source } from '../../src/sources/source.ts'
import type { SourceEvent } from '../../src/sources/source-event.ts'
import { serverError, throttled } from '../servers/stream-simulator/fault-plan.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { SimulatedStream } from '../servers/stream-simulator/simulated-stream.ts'
import { connectTo, sourceOver } from '../servers/stream-simulator/simulator-client.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const never = new AbortController().signal

let clock: ManualClock
let simulator: StreamSimulator
let api: AwsApi & AsyncDisposable
let source: Source
let events: readonly SourceEvent[]
let stream: SimulatedStream

beforeEach(async () => {
  clock = createManualClock()
  simulator = await startStreamSimulator({ clock })
  api = connectTo(simulator.endpoint)
  ;({ source, events } = sourceOver(api, clock))
  stream = simulator.createTable({
    name: 'orders',
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
    openShards: 7,
  }).stream
})

afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await simulator.stop()
})

const listedIds = async (): Promise<string[]> =>
  (await source.listShards(stream.arn, never)).shards.map((s) => s.shardId).sort()
const allIds = (): string[] => stream.shards.map((shard) => shard.shardId).sort()
const first = (): string => stream.openShards()[0]?.shardId ?? ''

describe('listing shards', () => {
  it('rule 7: pages until the end marker, in whatever order shards come', async () => {
    simulator.settings.pageShards = 2
    simulator.settings.isListingScrambled = true
    expect(await listedIds()).toEqual(allIds())
    expect(simulator.requests.get('DescribeStream')).toBe(4)
  })

  it('rule 7: a page that fails is asked for again, and the listing is complete', async () => {
    simulator.settings.pageShards = 2
    simulator.faults.add({
      action: 'DescribeStream',
      fault: serverError,
      count: 3,
      when: ({ body }) => body['ExclusiveStartShardId'] !== undefined,
    })
    expect(await listedIds()).toEqual(allIds())
    expect(simulator.requests.get('DescribeStream')).toBe(7)
    expect(events.filter((event) => event.kind === 'retried')).toHaveLength(3)
  })

  it('rule 7: an answer without a description is no empty listing', async () => {
    simulator.faults.add({ action: 'DescribeStream', fault: { kind: 'empty-object' }, count: 2 })
    expect(await listedIds()).toEqual(allIds())
  })

  it('rule 7: an aborted listing rejects instead of showing a part', async () => {
    simulator.settings.pageShards = 2
    simulator.faults.add({
      action: 'DescribeStream',
      fault: throttled,
      when: ({ body }) => body['ExclusiveStartShardId'] !== undefined,
    })
    const stop = new AbortController()
    const { source: aborting } = sourceOver(api, clock, { onEvent: () => stop.abort(new Error('stopped')) })
    await expect(aborting.listShards(stream.arn, stop.signal)).rejects.toThrow('stopped')
  })

  it('a listing whose cursor names a deleted shard begins again, with nothing from before', async () => {
    simulator.settings.pageShards = 3
    simulator.settings.lostCursor = 'refused'
    const remove = simulator.faults.add({
      action: 'DescribeStream',
      fault: { kind: 'slow', beforeMs: 0 },
      when: ({ body }) => {
        const cursor = body['ExclusiveStartShardId']
        if (typeof cursor !== 'string') return false
        stream.forget(cursor)
        remove()
        return true
      },
    })
    const listed = await listedIds()
    expect(listed).toEqual(allIds())
    expect(listed).toHaveLength(6)
    expect(events).toContainEqual({ kind: 'listing-restarted', streamArn: stream.arn })
  })

  it('a shard on two pages is one shard, and its end counts', async () => {
    simulator.settings.pageShards = 2
    const parent = first()
    stream.rotate(parent)
    stream.listTwice(parent)
    const { shards } = await source.listShards(stream.arn, never)
    expect(shards).toHaveLength(8)
    expect(shards.find((shard) => shard.shardId === parent)?.endingSequenceNumber).toBe(
      stream.shard(parent).endingSequenceNumber,
    )
  })

  it('rule 11: an open parent beside its open child is listed as it is, not closed', async () => {
    const parent = first()
    const child = stream.rotate(parent)
    stream.listAsOpen(parent, 1)
    const { shards } = await source.listShards(stream.arn, never)
    expect(shards.find((shard) => shard.shardId === parent)?.endingSequenceNumber).toBeUndefined()
    expect(shards.find((shard) => shard.shardId === child.shardId)?.parents).toEqual([parent])
  })

  it('rule 17: describes a stream no faster than its budget, and backs off when throttled', async () => {
    simulator.settings.pageShards = 1
    simulator.faults.add({ action: 'DescribeStream', fault: throttled, probability: 0.3 })
    const startedAt = clock.monotonic()
    expect(await listedIds()).toEqual(allIds())
    const calls = simulator.requests.get('DescribeStream') ?? 0
    expect(calls).toBeGreaterThan(7)
    expect(clock.monotonic() - startedAt).toBeGreaterThanOrEqual((calls - 4) * 250 - 1)
    expect(events.some((event) => event.kind === 'throttled')).toBe(true)
  })

  it('lists 10,000 shards', async () => {
    for (let i = 0; i < 9_993; i++) stream.rotate(stream.openShards()[0]?.shardId ?? '')
    expect((await source.listShards(stream.arn, never)).shards).toHaveLength(10_000)
    expect(simulator.requests.get('DescribeStream')).toBe(100)
  })

  it('a stream that is gone is named', async () => {
    simulator.forgetStream(stream.arn)
    await expect(source.listShards(stream.arn, never)).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' })
  })

  it('a stream that is still enabling has no shards, and says so', async () => {
    stream.status = 'ENABLING'
    expect(await source.listShards(stream.arn, never)).toEqual({ shards: [], status: 'ENABLING' })
  })
})

describe('looking children up', () => {
  it('rule 12: asks for one shard only', async () => {
    const parent = first()
    const children = stream.split(parent)
    const found = await source.childShards(stream.arn, parent, never)
    expect(found.children.map((child) => child.shardId).sort()).toEqual(children.map((child) => child.shardId).sort())
    expect(found.children.map((child) => child.parents)).toEqual([[parent], [parent]])
    expect(found.streamStatus).toBe('ENABLED')
    expect(simulator.requests.get('DescribeStream')).toBe(1)
  })

  it('rule 12: picks children from a full listing where the filter is refused', async () => {
    simulator.settings.shardFilter = 'refused'
    simulator.settings.pageShards = 3
    const parent = first()
    const children = stream.split(parent)
    const found = await source.childShards(stream.arn, parent, never)
    expect(found.children.map((child) => child.shardId).sort()).toEqual(children.map((child) => child.shardId).sort())
    expect(events).toContainEqual(expect.objectContaining({ kind: 'shard-filter-refused', shardId: parent }))
  })

  it('rule 12: a service that ignores the filter does not give foreign shards a parent', async () => {
    simulator.settings.shardFilter = 'ignored'
    simulator.settings.pageShards = 3
    const parent = first()
    const child = stream.rotate(parent)
    const found = await source.childShards(stream.arn, parent, never)
    expect(found.children.map((shard) => shard.shardId)).toEqual([child.shardId])
  })

  it('rule 12: children that come late are empty first, then there', async () => {
    const parent = first()
    const child = stream.rotate(parent)
    stream.listLate(child.shardId, { calls: 3 })
    const looks: number[] = []
    for (let i = 0; i < 4; i++) looks.push((await source.childShards(stream.arn, parent, never)).children.length)
    expect(looks).toEqual([0, 0, 0, 1])
  })

  it('rule 12: after repeated empty answers a full listing is asked too', async () => {
    const parent = first()
    const child = stream.rotate(parent)
    // The filter's index lags for ever; the listing does not.
    simulator.faults.add({
      action: 'DescribeStream',
      fault: { kind: 'dropped-page' },
      when: ({ body }) => body['ShardFilter'] !== undefined,
    })
    const looks: number[] = []
    for (let i = 0; i < 6; i++) looks.push((await source.childShards(stream.arn, parent, never)).children.length)
    expect(looks).toEqual([0, 0, 0, 0, 0, 1])
    expect(child.parentShardId).toBe(parent)
  })

  it('a disabled stream says that no children will come', async () => {
    stream.disable()
    expect(await source.childShards(stream.arn, allIds()[0] ?? '', never)).toEqual({
      children: [],
      streamStatus: 'DISABLED',
    })
  })

  it('waits throttles out', async () => {
    const parent = first()
    stream.split(parent)
    simulator.faults.add({ action: 'DescribeStream', fault: throttled, count: 6 })
    expect((await source.childShards(stream.arn, parent, never)).children).toHaveLength(2)
  })
})
