import { afterEach, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import type { Shard } from '../../src/change/shard.ts'
import type { Source } from '../../src/sources/source.ts'
import { serverError, throttled } from '../servers/stream-simulator/fault-plan.ts'
import type { Fault } from '../servers/stream-simulator/fault-plan.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import { connectTo, sequenceNumbers, sourceOver } from '../servers/stream-simulator/simulator-client.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const never = new AbortController().signal

const stack: (() => PromiseLike<void>)[] = []
afterEach(async () => {
  for (const stop of stack.splice(0).reverse()) await stop()
})

const passing: readonly Fault[] = [
  throttled,
  serverError,
  { kind: 'html', statusCode: 502 },
  { kind: 'cut-off' },
  { kind: 'truncated-json' },
  { kind: 'wrong-checksum' },
  { kind: 'empty-object' },
  { kind: 'reset' },
  { kind: 'error', statusCode: 400, type: 'ExpiredTokenException' },
]

/** Writes, splits, rotates, lists late and expires, a little with each call. */
function shake(simulator: StreamSimulator, table: SimulatedTable, rng: Rng): void {
  const { stream } = table
  for (let i = Math.floor(rng.next() * 40); i > 0; i--) {
    const key = { id: { S: `item-${Math.floor(rng.next() * 40)}` } }
    if (rng.next() < 0.2) table.delete(key)
    else table.put({ ...key, n: { N: `${simulator.ledger.length}` } })
  }
  if (rng.next() < 0.3) simulator.expireIterators()
  const open = stream.openShards()
  const victim = open[Math.floor(rng.next() * open.length)]
  if (victim === undefined || rng.next() > 0.4) return
  const children = open.length < 8 && rng.next() < 0.5 ? stream.split(victim.shardId) : [stream.rotate(victim.shardId)]
  for (const child of children) {
    if (rng.next() < 0.3) stream.listLate(child.shardId, { calls: Math.floor(rng.next() * 12) })
    if (rng.next() < 0.3) child.emptyPages = Math.floor(rng.next() * 5)
  }
}

/** What a lane does, without Kafka: reads shards side by side, and children when their parent has ended. */
async function readEverything(
  source: Source,
  table: SimulatedTable,
  onPage: () => boolean,
): Promise<readonly string[]> {
  const { arn } = table.stream
  const read: string[] = []
  const follow = async (shard: Shard): Promise<void> => {
    const reader = source.openShard({ streamArn: arn, shardId: shard.shardId, after: undefined })
    for (let isEnd = false; !isEnd;) {
      const page = await reader.read(never)
      read.push(...sequenceNumbers(page.records))
      isEnd = page.isEnd
      if (onPage() && table.stream.status === 'ENABLED') table.disableStream()
    }
    await Promise.all((await childrenOf(shard)).map(follow))
  }
  const childrenOf = async (shard: Shard): Promise<readonly Shard[]> => {
    const expected = table.stream.shards.filter((child) => child.parentShardId === shard.shardId).length
    for (;;) {
      const { children, streamStatus } = await source.childShards(arn, shard.shardId, never)
      // A split's children need not be listed together; a real lane cannot know how many come, a look-up later can.
      if (children.length === expected || (streamStatus === 'DISABLED' && expected === 0)) return children
    }
  }
  const roots = (await source.listShards(arn, never)).shards.filter((shard) => shard.parents.length === 0)
  await Promise.all(roots.map(follow))
  return read
}

it.each([1, 2, 3, 4, 5, 6])(
  'every change once and in order per item, through splits and every passing fault (seed %i)',
  async (seed) => {
    const rng = seededRng(seed)
    const clock: ManualClock = createManualClock()
    const simulator = await startStreamSimulator({ clock, rng: seededRng(seed + 100) })
    stack.push(() => simulator.stop())
    const api = connectTo(simulator.endpoint)
    stack.push(() => api[Symbol.asyncDispose]())
    const table = simulator.createTable({
      name: 'orders',
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
      openShards: 2,
      growSequenceEvery: 150,
    })
    Object.assign(simulator.settings, {
      pageShards: 3,
      pageRecords: 25,
      isListingScrambled: seed % 2 === 0,
      shardFilter: (['supported', 'refused', 'ignored'] as const)[seed % 3],
      nullIterator: seed % 2 === 0 ? 'with-last-records' : 'after-empty-page',
    })
    for (const fault of passing) simulator.faults.add({ action: '*', fault, probability: 0.02 })

    const { source } = sourceOver(api, clock)
    const read = await readEverything(source, table, () => {
      if (simulator.ledger.length < 3_000) shake(simulator, table, rng)
      return simulator.ledger.length >= 3_000
    })

    const written = new Map(simulator.ledger.map((entry) => [entry.sequenceNumber, entry]))
    expect(read.toSorted()).toEqual([...written.keys()].toSorted())
    const versions = new Map<string, number>()
    for (const sequenceNumber of read) {
      const { key, version } = written.get(sequenceNumber) ?? { key: '', version: 0 }
      expect(version).toBe((versions.get(key) ?? 0) + 1)
      versions.set(key, version)
    }
    expect(table.stream.shards.length).toBeGreaterThan(20)
    expect(simulator.faults.struck.size).toBeGreaterThanOrEqual(7)
  },
)
