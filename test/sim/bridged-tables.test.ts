import { beforeEach, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { createKinesisBridge } from '../../src/hosts/demo/kinesis-bridge.ts'
import type { KinesisBridge, KinesisBridgeSettings } from '../../src/hosts/demo/kinesis-bridge.ts'
import { createKinesisService } from '../servers/kinesis-simulator/kinesis-service.ts'
import type { ServedKinesis } from '../servers/kinesis-simulator/kinesis-service.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'
import { member, sourceOver } from '../servers/stream-simulator/simulator-client.ts'
import { createStreamService } from '../servers/stream-simulator/stream-service.ts'
import type { ServedStreams } from '../servers/stream-simulator/stream-service.ts'
import { createInstantAws } from './aws/simulated-aws.ts'

const keySchema = [{ name: 'id', type: 'S' }] as const

let clock: ManualClock
let tables: ServedStreams
let kinesis: ServedKinesis

beforeEach(() => {
  clock = createManualClock()
  tables = createStreamService({ clock })
  kinesis = createKinesisService({ clock })
})

function bridge(names: readonly string[], settings: Partial<KinesisBridgeSettings> = {}): KinesisBridge {
  const api = createInstantAws(tables, kinesis)
  const { source } = sourceOver(api, clock, { tables: names })
  return createKinesisBridge({ source, api, stream: 's', clock, rng: seededRng(4), settings })
}

/** Runs the bridge until so many changes were read and delivered. */
async function run(running: KinesisBridge, changes: number): Promise<void> {
  const stop = new AbortController()
  const ended = running.run(stop.signal)
  while (running.counts.changes < changes || running.counts.waiting > 0)
    await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await ended
}

function eventIds(): readonly string[] {
  const records = kinesis.stream('s').shards.flatMap((shard) => shard.records)
  return records.map(({ data }) => String(member(JSON.parse(data.toString()), 'eventID')))
}

describe('a bridge', () => {
  it('follows splits and rotations of a table and delivers each change once', async () => {
    kinesis.createStream({ name: 's' })
    const table = tables.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES', openShards: 2 })
    for (let i = 0; i < 500; i++) {
      table.put({ id: { S: `item-${i % 30}` }, n: { N: `${i}` } })
      const [open] = table.stream.openShards()
      if (i % 40 === 39) (i % 80 === 79 ? table.stream.split : table.stream.rotate)(open?.shardId ?? '')
    }
    const running = bridge(['orders'])
    await run(running, 500)
    expect(eventIds().toSorted()).toEqual(tables.ledger.map(({ eventId }) => eventId).toSorted())
    expect(running.counts).toEqual({ changes: 500, records: 500, waiting: 0, tooLarge: 0 })
    const versions = new Map<string | undefined, number>()
    for (const id of eventIds()) {
      const write = tables.ledger.find(({ eventId }) => eventId === id)
      expect(write?.version).toBe((versions.get(write?.key) ?? 0) + 1)
      versions.set(write?.key, write?.version ?? 0)
    }
  })

  it('writes again what Kinesis refuses, and leaves out what no record can hold', async () => {
    kinesis.createStream({ name: 's', shards: 2 })
    kinesis.settings.refusedPuts = 0.3
    const table = tables.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
    for (let i = 0; i < 300; i++) table.put({ id: { S: `item-${i}` } })
    table.put({ id: { S: 'large' }, pad: { S: 'x'.repeat(1_048_576) } })
    const running = bridge(['orders'])
    await run(running, 301)
    expect(running.counts).toEqual({ changes: 301, records: 300, waiting: 0, tooLarge: 1 })
    expect(eventIds().toSorted()).toEqual(
      tables.ledger
        .slice(0, 300)
        .map(({ eventId }) => eventId)
        .toSorted(),
    )
    expect(eventIds()).not.toEqual(eventIds().toSorted())
  })

  it('fails with what its tables or its stream fail with', async () => {
    const never = new AbortController().signal
    await expect(bridge(['missing']).run(never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    const table = tables.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
    table.put({ id: { S: 'a' } })
    await expect(bridge(['orders']).run(never)).rejects.toMatchObject({ type: 'ResourceNotFoundException' })
  })
})
