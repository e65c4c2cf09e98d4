import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { configText, outputOf, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'

const fill = (table: SimulatedTable, prefix: string, count: number): void => {
  for (let i = 0; i < count; i++) table.put({ id: { S: `${prefix}${i}` } })
}

describe('a start position', () => {
  const { bootstrapServers } = inject('kafka')
  const setUp = async (start: string) => {
    const simulator = await startStreamSimulator()
    const table = simulator.createTable({
      name: 'orders',
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
      openShards: 2,
    })
    const pipeline = `start-${randomUUID().slice(0, 8)}`
    const text = configText({
      pipeline,
      endpoint: simulator.endpoint,
      bootstrapServers,
      tables: ['orders'],
      more: `source.start: ${start}`,
    })
    return { simulator, table, config: readConfig(text), topic: `${pipeline}.orders` }
  }
  const keysOf = async (topic: string): Promise<readonly string[]> =>
    (await readOutput(bootstrapServers, topic)).map(({ key }) => JSON.stringify(key)).sort()

  it('LATEST is decided once: what came while nobody ran is read, what came before is not', async () => {
    const { simulator, table, config, topic } = await setUp('LATEST')
    await using _ = simulator
    fill(table, 'before', 20)
    // Creation times have whole seconds, and so has the boundary.
    await systemClock.sleep(1_100)
    const first = startWorker(config)
    await first.seen('shard-opened')
    await first.stop()
    fill(table, 'meanwhile', 10)
    for (const shard of table.stream.openShards()) table.stream.split(shard.shardId)
    fill(table, 'after-the-split', 10)
    const second = startWorker(config)
    await outputOf(bootstrapServers, topic, 20)
    await second.stop()
    const keys = await keysOf(topic)
    expect(keys).toHaveLength(20)
    expect(keys.some((key) => key.includes('before'))).toBe(false)
  })

  it('a time keeps everything from its second on, also in children', async () => {
    const { simulator, table, config, topic } = await setUp(`"${new Date(systemClock.now() + 2_500).toISOString()}"`)
    await using _ = simulator
    fill(table, 'early', 20)
    for (const shard of table.stream.openShards()) table.stream.rotate(shard.shardId)
    const worker = startWorker(config)
    fill(table, 'still-early', 20)
    await systemClock.sleep(3_500)
    fill(table, 'late', 15)
    for (const shard of table.stream.openShards()) table.stream.rotate(shard.shardId)
    fill(table, 'later', 15)
    await outputOf(bootstrapServers, topic, 30)
    await worker.stop()
    const keys = await keysOf(topic)
    expect(keys).toHaveLength(30)
    expect(keys.every((key) => key.includes('late'))).toBe(true)
  })
})
