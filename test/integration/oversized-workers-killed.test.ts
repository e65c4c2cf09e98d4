import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { startLocalS3 } from '../servers/local-s3.ts'
import type { LocalS3 } from '../servers/local-s3.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { readRecords, readWholeRecords } from '../servers/whole-records.ts'
import { startWorkerFleet } from '../servers/worker-fleet.ts'

const { bootstrapServers } = inject('kafka')
const workers = 2
const kills = 8

let s3: LocalS3
beforeAll(async () => {
  s3 = await startLocalS3('large')
})
afterAll(() => s3[Symbol.asyncDispose]())

describe('workers that are killed at random while most changes are too large', () => {
  it.each([
    ['exactly_once', 1],
    ['exactly_once', 2],
    ['at_least_once', 3],
  ] as const)(
    'leave no claim check that cannot be followed, and hardly an object that nobody refers to (%s, %i)',
    async (delivery, seed) => {
      const rng = seededRng(seed)
      const pipeline = `killed-${randomUUID().slice(0, 8)}`
      await using simulator = await startStreamSimulator()
      await using home = await temporaryFolder()
      const table = simulator.createTable({
        name: 'orders',
        keySchema: [{ name: 'id', type: 'S' }],
        viewType: 'NEW_AND_OLD_IMAGES',
        openShards: 4,
      })
      const config = configOf(pipeline, delivery, { endpoint: simulator.endpoint, s3: s3.endpoint })
      await using fleet = await startWorkerFleet({ directory: home.path, workers, config })
      const topic = `${pipeline}.orders`
      const sequences = async (): Promise<readonly string[]> =>
        (await readRecords(bootstrapServers, topic)).flatMap(({ value, headers }) =>
          value === null ? [] : [headers.find(([name]) => name === 'tailrace.seq')?.[1]?.toString() ?? ''],
        )
      const count = async (): Promise<number> => new Set(await sequences()).size
      const reaches = (wanted: number): Promise<void> =>
        expect.poll(count, { timeout: 90_000, interval: 300 }).toBeGreaterThanOrEqual(wanted)
      const busy = keepWriting(table, rng)
      for (let kill = 0; kill < kills; kill++) {
        // Who is killed before it has begun leaves nothing behind.
        await reaches((await count()) + 10)
        await systemClock.sleep(rng.next() * 400)
        await fleet.killAndReplace(Math.floor(rng.next() * workers), rng.next() * 300)
      }
      await busy.stop()
      const written = simulator.ledger.map(({ sequenceNumber }) => sequenceNumber)
      await reaches(written.length)
      const since = systemClock.monotonic()
      // Who is told to stop before it could listen ends by the signal itself.
      for (const code of await fleet.stopAll()) expect(code ?? 0).toBe(0)
      expect(systemClock.monotonic() - since).toBeLessThan(15_000)
      if (delivery === 'exactly_once') expect((await sequences()).toSorted(byText)).toEqual(written.toSorted(byText))
      // Reading follows each claim check and compares what is there with what it says.
      const records = await readWholeRecords(bootstrapServers, topic, s3.objects)
      const referred = new Set(records.flatMap(({ headers }) => headers.get('tailrace.claim.check') ?? []))
      const present = await objectsOf(pipeline, table)
      const orphans = present.filter((uri) => !referred.has(uri))
      console.error(`${delivery}: ${referred.size} claim checks, ${kills} kills, ${orphans.length} objects left over`)
      expect(referred.size).toBeGreaterThan(100)
      // What a worker dies with is tidied up by the next attempt, unless its worker dies, too, before it came to that.
      if (delivery === 'exactly_once') expect(orphans.length).toBeLessThan(referred.size / 4)
    },
  )
})

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

function configOf(
  pipeline: string,
  delivery: string,
  { endpoint, s3: s3Endpoint }: { readonly endpoint: string; readonly s3: string },
): string {
  return `
pipeline: ${pipeline}
delivery: ${delivery}
lanes: 4
source: {region: eu-central-1, endpoint: "${endpoint}", tables: [orders]}
kafka.bootstrap.servers: ${bootstrapServers}
topic: {partitions: 3, max.message.bytes: 5000}
snapshot.mode: never
oversize:
  strategy: claim-check-s3
  claim.check: {bucket: large, endpoint: "${s3Endpoint}"}
`
}

/** So many changes, two of three of which are too large, that workers are always amid some. */
function keepWriting(table: SimulatedTable, rng: Rng): { stop(): Promise<void> } {
  let isStopped = false
  const run = async (): Promise<void> => {
    for (let serial = 0; serial < 1_500 && !isStopped; serial++) {
      const bytes = rng.next() < 0.66 ? 6_000 + Math.floor(rng.next() * 40_000) : 10
      table.put({ id: { S: `item-${Math.floor(rng.next() * 60)}` }, text: { S: `${serial} `.padEnd(bytes, 'x') } })
      // In bursts, so that workers are amid something when they die.
      if (serial % 8 === 0) await systemClock.sleep(250)
    }
  }
  const running = run()
  return {
    stop: async () => {
      isStopped = true
      await running
    },
  }
}

/** Shard by shard, since a listing ends after a thousand. */
async function objectsOf(pipeline: string, table: SimulatedTable): Promise<readonly string[]> {
  const listings = table.stream.shards.map(async ({ shardId }) => {
    const keys = await s3.objects.list(
      { bucket: 'large', key: `${pipeline}/orders/${shardId}/` },
      {},
      AbortSignal.timeout(30_000),
    )
    expect(keys.length).toBeLessThan(1_000)
    return keys.map((key) => `s3://large/${key}`)
  })
  return (await Promise.all(listings)).flat()
}
