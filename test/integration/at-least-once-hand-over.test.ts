import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { judgeDelivery } from '../oracle/delivery-oracle.ts'
import type { DeliveredChange } from '../oracle/delivery-oracle.ts'
import { configText, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { startWorkerFleet } from '../servers/worker-fleet.ts'
import { keepBusy } from '../e2e/shop-writer.ts'

const noDuplicates = { lost: 0, duplicated: 0, phantom: 0, reordered: 0, moved: 0, childBeforeParent: 0 }

describe('delivery at least once', () => {
  const { bootstrapServers } = inject('kafka')
  const setUp = async () => {
    const simulator = await startStreamSimulator()
    const table = simulator.createTable({
      name: 'orders',
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
      openShards: 3,
    })
    const pipeline = `alo-${randomUUID().slice(0, 8)}`
    const text = configText({
      pipeline,
      endpoint: simulator.endpoint,
      bootstrapServers,
      tables: ['orders'],
      more: 'delivery: at_least_once\nformat.tombstones.on.delete: false',
    })
    const parents = () => new Map(table.stream.shards.map((shard) => [shard.shardId, shard.parentShardId]))
    return { simulator, table, text, topic: `${pipeline}.orders`, parents }
  }
  const delivered = async (topic: string): Promise<readonly DeliveredChange[]> => {
    const output = await readOutput(bootstrapServers, topic)
    return output.map(({ partition, shardId, sequenceNumber }, offset) => ({
      partition,
      offset,
      shardId,
      sequenceNumber,
    }))
  }
  const drained = async (topic: string, changes: number): Promise<readonly DeliveredChange[]> => {
    for (let round = 0; round < 100; round++) {
      const found = await delivered(topic)
      if (new Set(found.map((record) => `${record.shardId}@${record.sequenceNumber}`)).size >= changes) return found
      await systemClock.sleep(300)
    }
    return await delivered(topic)
  }

  it('repeats nothing when workers are stopped in order, one after the other, under load', async () => {
    const { simulator, table, text, topic, parents } = await setUp()
    await using _ = simulator
    const busy = keepBusy(table, seededRng(5))
    for (let life = 0; life < 5; life++) {
      const worker = startWorker(readConfig(text), life)
      await worker.seen('transaction-committed', ({ changes }) => changes > 0)
      await systemClock.sleep(500)
      await worker.stop()
    }
    busy.stop()
    await busy.running
    const last = startWorker(readConfig(text), 9)
    const found = await drained(topic, simulator.ledger.length)
    await last.stop()
    expect(judgeDelivery(simulator.ledger, found, parents())).toMatchObject(noDuplicates)
    expect(simulator.ledger.length).toBeGreaterThan(500)
  })

  it('loses nothing when workers are killed; what comes twice is a stretch after the last position', async () => {
    const { simulator, table, text, topic } = await setUp()
    await using _ = simulator
    await using home = await temporaryFolder()
    const rng = seededRng(6)
    await using fleet = await startWorkerFleet({ directory: home.path, config: text, workers: 2 })
    const busy = keepBusy(table, rng)
    await systemClock.sleep(2_500)
    for (let kill = 0; kill < 4; kill++) {
      await fleet.killAndReplace(kill % 2, 100)
      await systemClock.sleep(1_000 + rng.next() * 1_000)
    }
    busy.stop()
    await busy.running
    const found = await drained(topic, simulator.ledger.length)
    await fleet.stopAll()
    const first = firstOccurrences(found)
    const parents = new Map(table.stream.shards.map((shard) => [shard.shardId, shard.parentShardId]))
    expect(judgeDelivery(simulator.ledger, first, parents)).toMatchObject({
      lost: 0,
      phantom: 0,
      reordered: 0,
      moved: 0,
    })
    expect(brokenReplays(found)).toEqual([])
    expect(simulator.ledger.length).toBeGreaterThan(1_000)
  })
})

/** First occurrences must be in order, whatever is repeated behind them. */
function firstOccurrences(records: readonly DeliveredChange[]): readonly DeliveredChange[] {
  const seen = new Set<string>()
  return records.filter(({ shardId, sequenceNumber }) => {
    const name = `${shardId}@${BigInt(sequenceNumber)}`
    if (seen.has(name)) return false
    seen.add(name)
    return true
  })
}

/**
 * Where a shard's records go back within a partition, everything that followed must come again in the same order, up to
 * where it was: a replay of a stretch, never an older record alone.
 */
function brokenReplays(records: readonly DeliveredChange[]): readonly string[] {
  const walks = new Map<string, { readonly order: bigint[]; at: number }>()
  const broken: string[] = []
  for (const { partition, shardId, sequenceNumber } of records) {
    const walk = walks.get(`${partition}/${shardId}`) ?? { order: [], at: 0 }
    walks.set(`${partition}/${shardId}`, walk)
    const number = BigInt(sequenceNumber)
    const known = walk.order.indexOf(number)
    const isExpected = walk.at === walk.order.length ? known === -1 : known === walk.at
    if (known === -1) walk.order.push(number)
    // Going back is where a replay begins; from there on the walk must be as it was.
    const isBack = known !== -1 && known < walk.at
    if (!isExpected && !isBack) broken.push(`${shardId}@${number} in partition ${partition}`)
    walk.at = (known === -1 ? walk.order.length - 1 : known) + 1
  }
  return broken
}
