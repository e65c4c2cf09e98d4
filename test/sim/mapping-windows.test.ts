import { describe, expect, it } from 'vitest'
import { isJsonObject } from '../../src/aws/json-object.ts'
import type { InvokeResult, StreamEvent } from '../servers/event-source-mapping/mapping.ts'
import { member } from '../servers/stream-simulator/simulator-client.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import { createMappingWorld, faults, numbersOf } from './mapping-world.ts'
import type { MappingWorld } from './mapping-world.ts'

const keySchema = [{ name: 'id', type: 'S' }] as const
const settings = { batchSize: 10, tumblingWindowSeconds: 30 }

/** Counts records in its state; the windows that were finished by what they came to. */
interface CountingFunction {
  readonly finished: readonly { readonly shard: string; readonly start: string; readonly count: number }[]
  answer(event: StreamEvent): InvokeResult
}

function countingFunction(): CountingFunction {
  const finished: { readonly shard: string; readonly start: string; readonly count: number }[] = []
  return {
    finished,
    answer: (event) => {
      const count = Number(event.state?.['count'] ?? 0) + event.Records.length
      if (event.isFinalInvokeForWindow === true)
        finished.push({ shard: event.shardId ?? '', start: event.window?.start ?? '', count })
      return { kind: 'answer', body: { state: { count } } }
    },
  }
}

function writeFor(world: MappingWorld, table: SimulatedTable, writes: number): void {
  for (let i = 0; i < writes; i++)
    world.time.after(i * 1_000, () => void table.put({ id: { S: `item-${i % 5}` }, n: { N: `${i}` } }))
}

describe('tumbling windows', () => {
  it('carries state through each window, and ends each once', async () => {
    const world = createMappingWorld(1)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    writeFor(world, table, 95)
    const counting = countingFunction()
    const mapping = world.map({ streamArn: table.stream.arn, settings, answer: counting.answer })
    await world.run(mapping, 400_000)
    expect(counting.finished.map(({ count }) => count)).toEqual([30, 30, 30, 5])
    expect(counting.finished.map(({ start }) => Date.parse(start) - 1_800_000_000_000)).toEqual([0, 3e4, 6e4, 9e4])
    expect(mapping.counters.finalInvocations).toBe(4)
    expect(mapping.counters.emptyFinalInvocations).toBeGreaterThan(0)
    const last = world.seen.at(-1)
    // Two minutes after the end of the window, which was at 120 s.
    expect(last?.startedAtMs).toBeGreaterThan(240_000)
    expect(last?.event).toEqual({
      Records: [],
      shardId: table.stream.shards[0]?.shardId,
      eventSourceARN: table.stream.arn,
      window: { start: '2027-01-15T08:01:30Z', end: '2027-01-15T08:02:00Z' },
      state: { count: 5 },
      isFinalInvokeForWindow: true,
      isWindowTerminatedEarly: false,
    })
    expect(world.seen[0]?.event).toMatchObject({ state: {}, isFinalInvokeForWindow: false })
  })

  it('gives the children of a shard windows of their own', async () => {
    const world = createMappingWorld(2)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    writeFor(world, table, 30)
    world.time.after(12_500, () => void table.stream.rotate(table.stream.openShards()[0]?.shardId ?? ''))
    world.time.after(29_500, () => table.disableStream())
    const counting = countingFunction()
    await world.run(world.map({ streamArn: table.stream.arn, settings, answer: counting.answer }))
    const [parent, child] = table.stream.shards.map(({ shardId }) => shardId)
    expect(counting.finished.map(({ shard, count }) => [shard, count])).toEqual([
      [parent, 13],
      [child, 17],
    ])
  })

  it('takes an answer without state for a failure, and repeats the batch with the state before', async () => {
    const world = createMappingWorld(3)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    writeFor(world, table, 20)
    world.time.after(20_000, () => table.disableStream())
    const counting = countingFunction()
    const answer = (event: StreamEvent): InvokeResult =>
      world.seen.length % 3 === 0 ? { kind: 'answer', body: null } : counting.answer(event)
    const mapping = world.map({
      streamArn: table.stream.arn,
      settings: { ...settings, maximumBatchingWindowMs: 2_000 },
      answer,
    })
    await world.run(mapping)
    expect(mapping.counters.badAnswers).toBeGreaterThan(1)
    expect(counting.finished.map(({ count }) => count)).toEqual([20])
  })

  it('ends a window whose state has become too large', async () => {
    const world = createMappingWorld(4)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE' })
    writeFor(world, table, 25)
    world.time.after(25_000, () => table.disableStream())
    const answer = ({ state, Records: records }: StreamEvent): InvokeResult => {
      const numbers = [...[state?.['numbers'] ?? []].flat(), ...records.map(() => 'x'.repeat(100_000))]
      return { kind: 'answer', body: { state: { numbers } } }
    }
    const mapping = world.map({ streamArn: table.stream.arn, settings, answer })
    await world.run(mapping)
    expect(mapping.counters.windowsTerminatedEarly).toBe(2)
    const early = world.seen.filter(({ event }) => event.isWindowTerminatedEarly)
    expect(early).toHaveLength(2)
    expect(early.every(({ event }) => event.isFinalInvokeForWindow && event.Records.length === 0)).toBe(true)
    const windows = new Set(world.seen.map(({ event }) => event.window?.start))
    expect([...windows]).toEqual(['2027-01-15T08:00:00Z'])
    expect(mapping.counters.recordsDone).toBe(25)
  })

  it('loses no record when windows end twice, batches come again, and answers are lost', async () => {
    for (let seed = 5; seed < 10; seed++) {
      const world = createMappingWorld(seed)
      const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_IMAGE', openShards: 2 })
      writeFor(world, table, 300)
      world.time.after(100_500, () => void table.stream.split(table.stream.openShards()[0]?.shardId ?? ''))
      world.time.after(300_000, () => table.disableStream())
      const some = faults({
        lostAnswer: 0.1,
        twice: 0.1,
        abandoned: 0.1,
        cutAnew: 0.5,
        failOver: 0.1,
        repeatedFinal: 0.5,
      })
      const counting = countingFunction()
      const mapping = world.map({ streamArn: table.stream.arn, settings, faults: some, answer: counting.answer })
      await world.run(mapping)
      const seen = [...new Set(world.seen.flatMap(({ event }) => numbersOf(event)))]
      expect(new Set(seen)).toEqual(new Set(world.streams.ledger.map(({ sequenceNumber }) => sequenceNumber)))
      expect(mapping.counters.faults.repeatedFinal).toBeGreaterThan(0)
      for (const { event } of world.seen) {
        const owners = new Set(event.Records.map((record) => String(member(record['dynamodb'], 'SequenceNumber'))))
        const shards = world.streams.ledger.filter(({ sequenceNumber }) => owners.has(sequenceNumber))
        expect(new Set([event.shardId, ...shards.map(({ shardId }) => shardId)]).size).toBe(1)
      }
    }
  })

  it('is refused together with a parallelization factor', () => {
    const world = createMappingWorld(11)
    const both = { ...settings, parallelizationFactor: 2 }
    expect(() => world.map({ streamArn: 'arn:aws:dynamodb:x:1:table/t/stream/s', settings: both })).toThrow('parallel')
  })
})

describe('events', () => {
  it('looks as Lambda shows records of DynamoDB Streams', async () => {
    const world = createMappingWorld(12)
    const table = world.streams.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
    table.put({ id: { S: 'a' }, bytes: { B: 'AAEC' } })
    table.delete({ id: { S: 'a' } }, { asTimeToLive: true })
    table.disableStream()
    await world.run(world.map({ streamArn: table.stream.arn }))
    const [first, second] = world.seen[0]?.event.Records ?? []
    expect(Object.keys(world.seen[0]?.event ?? {})).toEqual(['Records'])
    expect(first).toEqual({
      eventID: world.streams.ledger[0]?.eventId,
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'eu-central-1',
      eventSourceARN: table.stream.arn,
      dynamodb: {
        ApproximateCreationDateTime: 1_800_000_000,
        Keys: { id: { S: 'a' } },
        NewImage: { id: { S: 'a' }, bytes: { B: 'AAEC' } },
        SequenceNumber: world.streams.ledger[0]?.sequenceNumber,
        SizeBytes: expect.any(Number),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    })
    expect(second?.['userIdentity']).toEqual({ principalId: 'dynamodb.amazonaws.com', type: 'Service' })
  })

  it('looks as Lambda shows records of Kinesis, parents of merged shards first', async () => {
    const world = createMappingWorld(13)
    const stream = world.kinesis.createStream({ name: 'changes', shards: 2 })
    const [left, right] = stream.shards.map(({ shardId }) => shardId)
    const put = (i: number): void => void stream.put({ partitionKey: `key-${i % 7}`, data: Buffer.from(`${i}`) })
    for (let i = 0; i < 50; i++) put(i)
    stream.merge(left ?? '', right ?? '')
    for (let i = 50; i < 100; i++) put(i)
    const mapping = world.map({ streamArn: stream.arn, kind: 'kinesis', settings: { batchSize: 9 } })
    await world.run(mapping, 60_000)
    const records = world.seen.flatMap(({ event }) => event.Records)
    expect(records).toHaveLength(100)
    const texts = records.map((record) => Buffer.from(String(member(record['kinesis'], 'data')), 'base64').toString())
    for (let key = 0; key < 7; key++) {
      const ofKey = texts.map(Number).filter((n) => n % 7 === key)
      expect(ofKey.toSorted((a, b) => a - b)).toEqual(ofKey)
    }
    const [first] = records
    const kinesis = first?.['kinesis']
    expect(isJsonObject(kinesis) && typeof kinesis['approximateArrivalTimestamp']).toBe('number')
    expect(first).toMatchObject({
      kinesis: { kinesisSchemaVersion: '1.0', partitionKey: expect.stringMatching(/^key-/) },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventName: 'aws:kinesis:record',
      awsRegion: 'eu-central-1',
      eventSourceARN: stream.arn,
      invokeIdentityArn: expect.stringContaining(':role/'),
    })
    expect(first?.['eventID']).toMatch(/^shardId-00000000000[01]:\d+$/)
    expect(mapping.counters.shardsEnded).toBe(2)
  })
})
