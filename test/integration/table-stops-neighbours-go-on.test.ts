import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { configText, outputOf, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'

const newTable = (simulator: StreamSimulator, name: string): SimulatedTable =>
  simulator.createTable({ name, keySchema: [{ name: 'id', type: 'S' }], viewType: 'NEW_AND_OLD_IMAGES', openShards: 2 })
const fill = (table: SimulatedTable, from: number, count: number): void => {
  for (let i = from; i < from + count; i++) table.put({ id: { S: `i${i}` }, n: { N: `${i}` } })
}

describe('a table that cannot go on', () => {
  const { bootstrapServers } = inject('kafka')
  const setUp = async () => {
    const simulator = await startStreamSimulator()
    const pipeline = `stops-${randomUUID().slice(0, 8)}`
    const text = configText({ pipeline, endpoint: simulator.endpoint, bootstrapServers, tables: ['ailing', 'healthy'] })
    return { simulator, config: readConfig(text), topicOf: (table: string) => `${pipeline}.${table}` }
  }

  it('stops at trimmed data, by name, and its neighbour goes on', async () => {
    const { simulator, config, topicOf } = await setUp()
    await using _ = simulator
    const ailing = newTable(simulator, 'ailing')
    const healthy = newTable(simulator, 'healthy')
    fill(ailing, 0, 20)
    fill(healthy, 0, 20)
    const first = startWorker(config)
    await outputOf(bootstrapServers, topicOf('ailing'), 20)
    await first.stop()

    // Two more days pass for the records that nobody has read.
    fill(ailing, 20, 20)
    for (const shard of ailing.stream.shards) ailing.stream.trim(shard.shardId, 'all')
    fill(ailing, 40, 5)
    const second = startWorker(config)
    const gap = await second.seen('stream-gap')
    expect(gap.error.code).toBe('STREAM_GAP')
    expect(await second.seen('table-stopped')).toMatchObject({ table: 'ailing', code: 'STREAM_GAP' })
    fill(healthy, 20, 30)
    await outputOf(bootstrapServers, topicOf('healthy'), 50)
    await second.stop()
    const ailed = (await readOutput(bootstrapServers, topicOf('ailing'))).map((record) => record.key)
    expect(ailed).toHaveLength(20)
  })

  it('stops in front of a change that cannot be read, and is tried again at the next start', async () => {
    const { simulator, config, topicOf } = await setUp()
    await using _ = simulator
    const ailing = newTable(simulator, 'ailing')
    const healthy = newTable(simulator, 'healthy')
    fill(ailing, 0, 10)
    const [shard] = ailing.stream.openShards()
    const broken = ailing.put({ id: { S: 'broken' }, v: JSON.parse('{"NOVEL":"type"}') })
    fill(ailing, 10, 10)
    fill(healthy, 0, 10)
    const first = startWorker(config)
    const refused = await first.seen('record-refused')
    expect(refused.error.code).toBe('RECORD_UNREADABLE')
    expect(refused.error.message).toContain(broken?.sequenceNumber)
    expect(refused.error.message).not.toContain('NOVEL_VALUE')
    await first.seen('table-stopped', ({ table }) => table === 'ailing')
    await outputOf(bootstrapServers, topicOf('healthy'), 10)
    await first.stop()
    expect(shard).toBeDefined()

    const second = startWorker(config)
    await second.seen('table-resumed')
    await second.seen('table-stopped')
    await second.stop()
    const sequence = (await readOutput(bootstrapServers, topicOf('ailing'))).map((record) => record.sequenceNumber)
    expect(new Set(sequence).size).toBe(sequence.length)
    expect(sequence).not.toContain(broken?.sequenceNumber)
  })

  it('may be deleted under a running pipeline, and be gone when that is started again', async () => {
    const { simulator, config, topicOf } = await setUp()
    await using _ = simulator
    const ailing = newTable(simulator, 'ailing')
    const healthy = newTable(simulator, 'healthy')
    fill(ailing, 0, 10)
    fill(healthy, 0, 10)
    const first = startWorker(config)
    await outputOf(bootstrapServers, topicOf('healthy'), 10)
    fill(ailing, 10, 10)
    simulator.deleteTable('ailing')
    await first.seen('coordinator-failed', ({ error }) => error.code === 'TABLE_NOT_FOUND')
    // What its stream still has is delivered; its neighbour can even be replaced meanwhile.
    await outputOf(bootstrapServers, topicOf('ailing'), 20)
    healthy.disableStream()
    healthy.enableStream('NEW_AND_OLD_IMAGES')
    await first.seen('table-replaced')
    await first.stop()

    const second = startWorker(config)
    await second.seen('coordinator-failed', ({ error }) => error.code === 'TABLE_NOT_FOUND')
    expect(await second.seen('table-stopped')).toMatchObject({ table: 'healthy', code: 'SOURCE_REPLACED' })
    await second.stop()
  })

  it('reads a replaced stream to its end, then stops and says so', async () => {
    const { simulator, config, topicOf } = await setUp()
    await using _ = simulator
    const ailing = newTable(simulator, 'ailing')
    newTable(simulator, 'healthy')
    fill(ailing, 0, 10)
    const worker = startWorker(config)
    await outputOf(bootstrapServers, topicOf('ailing'), 10)
    fill(ailing, 10, 15)
    ailing.disableStream()
    ailing.enableStream('NEW_AND_OLD_IMAGES')
    fill(ailing, 25, 5)
    await worker.seen('table-replaced')
    expect(await worker.seen('table-stopped')).toMatchObject({ table: 'ailing', code: 'SOURCE_REPLACED' })
    await worker.stop()
    expect(await readOutput(bootstrapServers, topicOf('ailing'))).toHaveLength(25)
  })
})
