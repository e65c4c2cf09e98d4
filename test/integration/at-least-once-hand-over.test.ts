import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { noAnomalies } from '../../src/oracle/anomalies.ts'
import { judgeDelivery } from '../../src/oracle/judge-delivery.ts'
import type { DeliveredRecord, Findings } from '../../src/oracle/oracle.ts'
import { deliveredRecords, writtenChanges } from '../oracle/simulated-delivery.ts'
import { configText, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import type { LedgerWrite } from '../servers/stream-simulator/write-ledger.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { startWorkerFleet } from '../servers/worker-fleet.ts'
import { keepBusy } from '../e2e/shop-writer.ts'

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
  const delivered = async (topic: string): Promise<readonly DeliveredRecord[]> => {
    const output = await readOutput(bootstrapServers, topic)
    return deliveredRecords(
      'orders',
      output.map((record, offset) => ({ ...record, topic, offset })),
    )
  }
  const drained = async (topic: string, changes: number): Promise<readonly DeliveredRecord[]> => {
    for (let round = 0; round < 100; round++) {
      const found = await delivered(topic)
      if (new Set(found.map(({ position }) => `${position?.shardId}@${position?.sequenceNumber}`)).size >= changes)
        return found
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
    expect(judged(simulator.ledger, found, parents())).toMatchObject({ anomalies: noAnomalies(), replayed: 0 })
    expect(simulator.ledger.length).toBeGreaterThan(500)
  })

  it('loses nothing when workers are killed; what comes twice is a stretch after the last position', async () => {
    const { simulator, table, text, topic, parents } = await setUp()
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
    expect(judged(simulator.ledger, found, parents())).toMatchObject({ anomalies: noAnomalies(), examples: [] })
    expect(simulator.ledger.length).toBeGreaterThan(1_000)
  })
})

function judged(
  ledger: readonly LedgerWrite[],
  delivered: readonly DeliveredRecord[],
  parents: ReadonlyMap<string, string | undefined>,
): Findings {
  return judgeDelivery({ written: writtenChanges(ledger), delivered, guarantee: 'at_least_once', parents })
}
