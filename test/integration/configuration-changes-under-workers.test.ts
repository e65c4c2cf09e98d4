import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { keepBusy } from '../e2e/shop-writer.ts'
import { configText, outputOf, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

describe('a configuration that changes under running workers', () => {
  const { bootstrapServers } = inject('kafka')
  const setUp = async () => {
    const simulator = await startStreamSimulator()
    const table = simulator.createTable({
      name: 'orders',
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
      openShards: 2,
    })
    const pipeline = `epoch-${randomUUID().slice(0, 8)}`
    const config = (more: string) =>
      readConfig(configText({ pipeline, endpoint: simulator.endpoint, bootstrapServers, tables: ['orders'], more }))
    return { simulator, table, config, topic: `${pipeline}.orders` }
  }

  it('with a greater epoch takes over; workers of the older one leave by themselves, and nothing is repeated', async () => {
    const { simulator, table, config, topic } = await setUp()
    await using _ = simulator
    const busy = keepBusy(table, seededRng(3))
    const older = startWorker(config('format.tombstones.on.delete: false'))
    await older.seen('transaction-committed', ({ changes }) => changes > 0)
    const newer = startWorker(config('format.tombstones.on.delete: false\nformat.number.mode: string\nepoch: 2'), 2)
    await expect(older.ended).rejects.toMatchObject({ code: 'CONFIG_OUTDATED' })
    await systemClock.sleep(1_000)
    busy.stop()
    await busy.running
    await outputOf(bootstrapServers, topic, simulator.ledger.length)
    await newer.stop()
    const output = await readOutput(bootstrapServers, topic)
    expect(output).toHaveLength(simulator.ledger.length)
    expect(new Set(output.map((record) => `${record.shardId}@${record.sequenceNumber}`)).size).toBe(output.length)
  })

  it('within one epoch is refused, and the running worker goes on', async () => {
    const { simulator, table, config, topic } = await setUp()
    await using _ = simulator
    const first = startWorker(config(''))
    await first.seen('shard-opened')
    const second = startWorker(config('format.number.mode: string'), 2)
    await expect(second.ended).rejects.toMatchObject({ code: 'CONFIG_CONFLICT', policy: 'refuse' })
    table.put({ id: { S: 'still' } })
    await outputOf(bootstrapServers, topic, 1)
    await first.stop()
  })
})
