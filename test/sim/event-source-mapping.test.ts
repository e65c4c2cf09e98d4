import { describe, expect, it } from 'vitest'
import { compareSequenceNumbers } from '../../src/change/sequence-number.ts'
import type { StreamEvent } from '../servers/event-source-mapping/mapping.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import { createMappingWorld, faults, numbersOf } from './mapping-world.ts'
import type { MappingWorld } from './mapping-world.ts'

const keySchema = [{ name: 'id', type: 'S' }] as const

/** Writes of some items, now and while time passes, with shards that are split and rotated; the stream ends with them. */
function busyTable(world: MappingWorld, writes: number, openShards = 2): SimulatedTable {
  const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES', openShards })
  const write = (i: number): void => void table.put({ id: { S: `item-${i % 17}` }, n: { N: `${i}` } })
  for (let i = 0; i < writes; i++) world.time.after(i * 40, () => write(i))
  for (let i = 1; i < 6; i++)
    world.time.after((i * writes * 40) / 6, () => {
      const [first, second] = table.stream.openShards()
      if (first !== undefined) table.stream.split(first.shardId)
      if (second !== undefined) table.stream.rotate(second.shardId)
    })
  world.time.after(writes * 40, () => table.disableStream())
  return table
}

/** Numbers in the order in which each was first in an event. */
function firstSeen(world: MappingWorld): readonly string[] {
  return [...new Set(world.seen.flatMap(({ event }) => numbersOf(event)))]
}

function expectAllInOrder(world: MappingWorld): void {
  const seen = firstSeen(world)
  const written = world.streams.ledger.map(({ sequenceNumber }) => sequenceNumber)
  expect(seen.toSorted(compareSequenceNumbers)).toEqual(written)
  const place = new Map(seen.map((number, index) => [number, index]))
  const perItem = Map.groupBy(world.streams.ledger, ({ key }) => key)
  for (const writes of perItem.values()) {
    const places = writes.map(({ sequenceNumber }) => place.get(sequenceNumber) ?? -1)
    expect(places.toSorted((a, b) => a - b)).toEqual(places)
  }
}

/** The most invocations of one shard at the same time. */
function mostAtOnce(world: MappingWorld): number {
  const shards = new Map(world.streams.ledger.map(({ sequenceNumber, shardId }) => [sequenceNumber, shardId]))
  const marks = world.seen.flatMap(({ event, startedAtMs, endedAtMs }) => {
    const shard = shards.get(numbersOf(event)[0] ?? '') ?? ''
    return [
      { shard, atMs: startedAtMs, step: 1 },
      { shard, atMs: endedAtMs ?? Number.POSITIVE_INFINITY, step: -1 },
    ]
  })
  const running = new Map<string, number>()
  let most = 0
  for (const { shard, step } of marks.toSorted((a, b) => a.atMs - b.atMs || a.step - b.step)) {
    running.set(shard, (running.get(shard) ?? 0) + step)
    most = Math.max(most, running.get(shard) ?? 0)
  }
  return most
}

describe('delivery', () => {
  it('gives each record once and in order, over splits and rotations, one invocation of a shard at a time', async () => {
    const world = createMappingWorld(1)
    const table = busyTable(world, 600)
    const mapping = world.map({ streamArn: table.stream.arn, settings: { batchSize: 4 } })
    await world.run(mapping)
    expectAllInOrder(world)
    expect(mapping.counters.recordsInvoked).toBe(600)
    expect(mapping.counters.recordsDone).toBe(600)
    expect(mapping.counters.shardsEnded).toBe(table.stream.shards.length)
    expect(Math.max(...world.seen.map(({ event }) => event.Records.length))).toBe(4)
    expect(mostAtOnce(world)).toBe(1)
  })

  it('begins a child when its parent is delivered, also where listings leave the parent out', async () => {
    const world = createMappingWorld(2)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    const parent = table.stream.openShards()[0]?.shardId ?? ''
    for (let i = 0; i < 30; i++) table.put({ id: { S: 'a' }, n: { N: `${i}` } })
    table.stream.rotate(parent)
    for (let i = 30; i < 60; i++) table.put({ id: { S: 'a' }, n: { N: `${i}` } })
    table.stream.listLate(parent, { ms: 45_000 })
    table.disableStream()
    await world.run(world.map({ streamArn: table.stream.arn, settings: { batchSize: 10 } }))
    expectAllInOrder(world)
    expect(world.seen[0]?.startedAtMs).toBeGreaterThan(45_000)
  })

  it('gives each record at least once, and for the first time in order, whatever goes wrong', async () => {
    for (let seed = 10; seed < 15; seed++) {
      const world = createMappingWorld(seed)
      const table = busyTable(world, 400)
      const some = faults({ lostAnswer: 0.1, twice: 0.1, abandoned: 0.1, cutAnew: 0.5, failOver: 0.1 })
      const answer = (): { kind: 'timeout' } | { kind: 'answer'; body: null } =>
        world.seen.length % 9 === 0 ? { kind: 'timeout' } : { kind: 'answer', body: null }
      const mapping = world.map({ streamArn: table.stream.arn, settings: { batchSize: 20 }, faults: some, answer })
      await world.run(mapping)
      expectAllInOrder(world)
      expect(mapping.counters.recordsDone).toBe(400)
      expect(mapping.counters.recordsInvoked).toBeGreaterThan(500)
      const { repeatedFinal, ...struck } = mapping.counters.faults
      expect(repeatedFinal).toBe(0)
      expect(Math.min(...Object.values(struck))).toBeGreaterThan(0)
      expect(mostAtOnce(world)).toBeGreaterThan(1)
    }
  })

  it('does the same again with the same seed', async () => {
    const traceOf = async (seed: number): Promise<readonly string[]> => {
      const world = createMappingWorld(seed)
      const table = busyTable(world, 150)
      const some = faults({ lostAnswer: 0.1, twice: 0.1, abandoned: 0.1, cutAnew: 0.5, failOver: 0.1 })
      await world.run(world.map({ streamArn: table.stream.arn, settings: { batchSize: 5 }, faults: some }))
      return world.trace
    }
    expect(await traceOf(3)).toEqual(await traceOf(3))
    expect(await traceOf(3)).not.toEqual(await traceOf(4))
  })

  it('runs the items of a shard side by side with a parallelization factor, each in order', async () => {
    const world = createMappingWorld(5)
    const table = busyTable(world, 600, 1)
    const settings = { batchSize: 3, parallelizationFactor: 4 }
    const mapping = world.map({ streamArn: table.stream.arn, settings, durationMs: 900 })
    await world.run(mapping)
    expectAllInOrder(world)
    expect(mostAtOnce(world)).toBeGreaterThan(2)
    expect(mostAtOnce(world)).toBeLessThanOrEqual(4)
    expect(mapping.counters.recordsDone).toBe(600)
  })

  it('goes on from its positions when it runs again', async () => {
    const world = createMappingWorld(6)
    const table = busyTable(world, 400)
    const mapping = world.map({ streamArn: table.stream.arn, settings: { batchSize: 10 } })
    await world.run(mapping, 7_000)
    const before = mapping.counters.recordsDone
    expect(before).toBeGreaterThan(50)
    expect(before).toBeLessThan(350)
    await world.run(mapping)
    expectAllInOrder(world)
    expect(mapping.counters.recordsInvoked).toBeLessThan(400 + 30)
  })

  it('sees only what is new with LATEST, and everything of shards that come later', async () => {
    const world = createMappingWorld(7)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    const put = (n: number): void => void table.put({ id: { S: 'a' }, n: { N: `${n}` } })
    put(1)
    world.time.after(5_000, () => put(2))
    world.time.after(6_000, () => {
      table.stream.rotate(table.stream.openShards()[0]?.shardId ?? '')
      put(3)
    })
    world.time.after(7_000, () => table.disableStream())
    await world.run(world.map({ streamArn: table.stream.arn, settings: { startingPosition: 'LATEST' } }))
    expect(firstSeen(world)).toEqual(world.streams.ledger.slice(1).map(({ sequenceNumber }) => sequenceNumber))
  })

  it('goes on at the trim horizon when what comes next is gone', async () => {
    const world = createMappingWorld(8)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    for (let i = 0; i < 40; i++) table.put({ id: { S: 'a' }, n: { N: `${i}` } })
    const mapping = world.map({ streamArn: table.stream.arn })
    await world.run(mapping, 1_000)
    for (let i = 40; i < 60; i++) table.put({ id: { S: 'a' }, n: { N: `${i}` } })
    table.stream.trim(table.stream.shards[0]?.shardId ?? '', 50)
    table.disableStream()
    await world.run(mapping)
    expect(mapping.counters.trims).toBe(1)
    const left = world.streams.ledger.filter((_, index) => index < 40 || index >= 50)
    expect(firstSeen(world)).toEqual(left.map(({ sequenceNumber }) => sequenceNumber))
  })

  it('waits out throttles, server errors and expired iterators', async () => {
    const world = createMappingWorld(9)
    const table = busyTable(world, 200)
    world.streams.faults.add({ action: '*', probability: 0.2, fault: { kind: 'reset' } })
    const fault = { kind: 'error', statusCode: 400, type: 'ExpiredIteratorException' } as const
    world.streams.faults.add({ action: 'GetRecords', probability: 0.1, fault })
    await world.run(world.map({ streamArn: table.stream.arn }))
    expectAllInOrder(world)
    expect(world.streams.faults.struck.get('error')).toBeGreaterThan(5)
  })
})

describe('batches', () => {
  it('waits for the batching window unless the batch is full', async () => {
    const world = createMappingWorld(21)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    const put = (n: number): void => void table.put({ id: { S: 'a' }, n: { N: `${n}` } })
    world.time.after(1_000, () => put(0))
    world.time.after(8_000, () => put(1))
    for (let i = 0; i < 5; i++) world.time.after(30_000, () => put(10 + i))
    const settings = { batchSize: 5, maximumBatchingWindowMs: 10_000 }
    await world.run(world.map({ streamArn: table.stream.arn, settings }), 60_000)
    expect(world.seen.map(({ event }) => event.Records.length)).toEqual([2, 5])
    expect(world.seen[0]?.startedAtMs).toBeGreaterThan(11_000)
    expect(world.seen[1]?.startedAtMs).toBeLessThan(32_000)
  })

  it('keeps events below six megabytes', async () => {
    const world = createMappingWorld(22)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    for (let i = 0; i < 20; i++) table.put({ id: { S: `${i}` }, pad: { S: 'x'.repeat(390_000) } })
    table.disableStream()
    const settings = { batchSize: 1_000, maximumBatchingWindowMs: 60_000 }
    await world.run(world.map({ streamArn: table.stream.arn, settings }))
    const sizes = world.seen.map(({ event }) => Buffer.byteLength(JSON.stringify(event)))
    expect(Math.max(...sizes)).toBeLessThan(6 * 1_048_576)
    expect(Math.max(...sizes)).toBeGreaterThan(5.5 * 1_048_576)
    expectAllInOrder(world)
  })

  it('passes over what the filter refuses', async () => {
    const world = createMappingWorld(23)
    const table = busyTable(world, 100)
    const isInsert = (record: StreamEvent['Records'][number]): boolean => record['eventName'] === 'INSERT'
    const mapping = world.map({ streamArn: table.stream.arn, settings: { filter: isInsert } })
    await world.run(mapping)
    const inserts = world.streams.ledger.filter(({ operation }) => operation === 'INSERT')
    expect(firstSeen(world).toSorted(compareSequenceNumbers)).toEqual(inserts.map((entry) => entry.sequenceNumber))
    expect(mapping.counters.recordsFiltered).toBe(100 - inserts.length)
  })
})
