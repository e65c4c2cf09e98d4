import { beforeEach, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { hashKeyOf } from '../servers/kinesis-simulator/hash-keys.ts'
import { createKinesisService } from '../servers/kinesis-simulator/kinesis-service.ts'
import type { ServedKinesis } from '../servers/kinesis-simulator/kinesis-service.ts'
import { createSimulatedDestination } from '../servers/kinesis-simulator/simulated-destination.ts'
import type { DestinationSettings, SimulatedDestination } from '../servers/kinesis-simulator/simulated-destination.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'
import { member } from '../servers/stream-simulator/simulator-client.ts'
import { createStreamService } from '../servers/stream-simulator/stream-service.ts'
import type { ServedStreams } from '../servers/stream-simulator/stream-service.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'

const keySchema = [{ name: 'id', type: 'S' }] as const

let clock: ManualClock
let tables: ServedStreams
let kinesis: ServedKinesis
let orders: SimulatedTable

beforeEach(() => {
  clock = createManualClock()
  tables = createStreamService({ clock })
  kinesis = createKinesisService({ clock })
  kinesis.createStream({ name: 's', shards: 2 })
  orders = tables.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES', openShards: 3 })
})

function deliver(table: SimulatedTable, settings: Partial<DestinationSettings>, seed = 1): SimulatedDestination {
  return createSimulatedDestination({
    kinesis,
    stream: 's',
    table,
    ledger: tables.ledger,
    rng: seededRng(seed),
    settings,
  })
}

/** One change every ten milliseconds, of 20 items; the table's shards are split and rotated meanwhile. */
function write(table: SimulatedTable, changes: number): void {
  for (let i = 0; i < changes; i++) {
    clock.advance(10)
    const id = { S: `item-${i % 20}` }
    if (i % 97 === 96) table.delete({ id })
    else table.put({ id, n: { N: `${i}` } })
    if (i % 100 === 50) table.stream.split(table.stream.openShards()[0]?.shardId ?? '')
  }
}

interface Arrived {
  readonly table: string
  readonly eventId: string
  readonly partitionKey: string
  readonly createdAt: number
  readonly precision: unknown
  readonly arrivedAtMs: number
}

/** Everything in the stream, in the order of arrival. */
function arrived(): readonly Arrived[] {
  kinesis.settle()
  const records = kinesis.stream('s').shards.flatMap((shard) => {
    const times = shard.records.map(({ arrivedAtMs }) => arrivedAtMs)
    expect(times.toSorted((a, b) => a - b)).toEqual(times)
    for (const { partitionKey } of shard.records) {
      const key = hashKeyOf(partitionKey)
      expect(key >= shard.from && key <= shard.to).toBe(true)
    }
    return shard.records
  })
  return records
    .toSorted((a, b) => a.arrivedAtMs - b.arrivedAtMs)
    .map(({ data, partitionKey, arrivedAtMs }) => {
      const change: unknown = JSON.parse(data.toString())
      const body = member(change, 'dynamodb')
      return {
        table: String(member(change, 'tableName')),
        eventId: String(member(change, 'eventID')),
        partitionKey,
        createdAt: Number(member(body, 'ApproximateCreationDateTime')),
        precision: member(body, 'ApproximateCreationDateTimePrecision') ?? 'MILLISECOND',
        arrivedAtMs,
      }
    })
}

describe('a table that is delivered into a stream', () => {
  it('is delivered change by change at once, as long as nothing is to go wrong', () => {
    deliver(orders, {})
    write(orders, 500)
    const records = arrived()
    expect(records.map(({ eventId }) => eventId)).toEqual(tables.ledger.map(({ eventId }) => eventId))
    expect(records.map(({ arrivedAtMs }) => arrivedAtMs)).toEqual(tables.ledger.map(({ writtenAtMs }) => writtenAtMs))
    expect(records.map(({ createdAt }) => createdAt)).toEqual(tables.ledger.map(({ writtenAtMs }) => writtenAtMs))
    const items = new Map(tables.ledger.map((write, index) => [records[index]?.partitionKey, write.key]))
    expect([...items.values()].toSorted()).toEqual([...new Set(tables.ledger.map(({ key }) => key))].toSorted())
  })

  it('is delivered more than once and in another order, within the window, and tells the true order', () => {
    const destination = deliver(orders, {
      precision: 'MICROSECOND',
      faults: { duplicates: 0.1, delays: 0.3, windowMs: 2_000 },
    })
    write(orders, 2_000)
    clock.advance(2_000)
    const records = arrived()
    expect(destination.waiting).toBe(0)
    expect(new Set(records.map(({ eventId }) => eventId)).size).toBe(tables.ledger.length)
    expect(records.length / tables.ledger.length).toBeGreaterThan(1.08)
    expect(records.length / tables.ledger.length).toBeLessThan(1.15)
    expect(records.map(({ eventId }) => eventId)).not.toEqual(tables.ledger.map(({ eventId }) => eventId))
    const lateness = records.map(({ createdAt, arrivedAtMs }) => arrivedAtMs - createdAt / 1000)
    expect(Math.max(...lateness)).toBeLessThanOrEqual(2_000)
    expect(Math.max(...lateness)).toBeGreaterThan(1_800)
    const byCreation = records.toSorted((a, b) => a.createdAt - b.createdAt).map(({ eventId }) => eventId)
    expect([...new Set(byCreation)]).toEqual(tables.ledger.map(({ eventId }) => eventId))
    const places = [...destination.changes.values()].flatMap((change) => change.places)
    expect(places).toHaveLength(records.length)
  })

  it('is delivered the same way for the same seed', () => {
    const settings = { faults: { duplicates: 0.2, delays: 0.5, windowMs: 1_000 } }
    const runs = [1, 1, 2].map((seed) => {
      clock = createManualClock()
      tables = createStreamService({ clock })
      kinesis = createKinesisService({ clock })
      kinesis.createStream({ name: 's', shards: 2 })
      orders = tables.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
      deliver(orders, settings, seed)
      write(orders, 300)
      return JSON.stringify(arrived())
    })
    expect(runs[0]).toBe(runs[1])
    expect(runs[0]).not.toBe(runs[2])
  })

  it('arrives at the time at which it was due, before and behind a split, whenever it is looked at', () => {
    deliver(orders, { faults: { duplicates: 0, delays: 1, windowMs: 60_000 } })
    write(orders, 200)
    clock.advance(20_000)
    const [parent] = kinesis.stream('s').openShards()
    const [left] = kinesis.stream('s').split(parent?.shardId ?? '')
    clock.advance(60_000)
    expect(arrived()).toHaveLength(200)
    for (const { arrivedAtMs } of parent?.records ?? []) expect(arrivedAtMs).toBeLessThanOrEqual(left.createdAtMs)
    for (const { arrivedAtMs } of left.records) expect(arrivedAtMs).toBeGreaterThan(left.createdAtMs)
    expect(left.records.length).toBeGreaterThan(10)
  })

  it('changes its precision in the middle, and shares times where it is to', () => {
    const destination = deliver(orders, {})
    write(orders, 50)
    kinesis.settle()
    destination.settings.precision = 'MICROSECOND'
    write(orders, 50)
    kinesis.settle()
    Object.assign(destination.settings, { precision: 'MILLISECOND', tieMs: 1_000 })
    write(orders, 500)
    const records = arrived()
    expect(records.slice(0, 50).every(({ precision }) => precision === 'MILLISECOND')).toBe(true)
    for (const { precision, createdAt } of records.slice(50, 100))
      expect([precision, String(createdAt).length]).toEqual(['MICROSECOND', 16])
    const tied = records.slice(100)
    expect(new Set(tied.map(({ createdAt }) => createdAt)).size).toBeLessThan(7)
    expect(tied.every(({ createdAt }) => createdAt % 1_000 === 0)).toBe(true)
  })

  it('is held back and then comes at once, and what is too large never does', () => {
    const destination = deliver(orders, { isHeldBack: true })
    write(orders, 30)
    clock.advance(5_000)
    expect(arrived()).toEqual([])
    destination.settings.isHeldBack = false
    const releasedAtMs = clock.now()
    orders.put({ id: { S: 'large' }, pad: { S: 'x'.repeat(600_000) } })
    orders.put({ id: { S: 'large' }, pad: { S: 'y'.repeat(600_000) } })
    const records = arrived()
    expect(records).toHaveLength(31)
    for (const { arrivedAtMs } of records) expect(arrivedAtMs).toBe(releasedAtMs)
    expect(destination.tooLarge).toEqual([tables.ledger.at(-1)?.eventId])
    destination.stop()
    write(orders, 30)
    expect(arrived()).toHaveLength(31)
  })

  it('shares the stream with others', () => {
    const stock = tables.createTable({ name: 'stock', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
    deliver(orders, {})
    deliver(stock, {}, 2)
    write(orders, 40)
    write(stock, 40)
    kinesis.stream('s').put({ partitionKey: 'foreign', data: Buffer.from('{}') })
    const counts = Map.groupBy(arrived(), ({ table }) => table)
    expect([counts.get('orders')?.length, counts.get('stock')?.length, counts.size]).toEqual([40, 40, 3])
  })
})
