import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import type { PipelineConfig } from '../../src/config/pipeline-config.ts'
import { readPipelineLedger } from '../../src/hosts/ledger/pipeline-ledger.ts'
import { tableStatesOf } from '../../src/hosts/ledger/table-state.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { configText, outputOf, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import type { WorkerUnderTest } from '../servers/pipeline-under-test.ts'
import { accessDenied } from '../servers/stream-simulator/fault-plan.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'

const newTable = (simulator: StreamSimulator, name: string, tags: Readonly<Record<string, string>>): SimulatedTable => {
  simulator.settings.tags.set(name, tags)
  return simulator.createTable({
    name,
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
    openShards: 2,
  })
}
const fill = (table: SimulatedTable, from: number, count: number): void => {
  for (let i = from; i < from + count; i++) table.put({ id: { S: `i${i}` }, n: { N: `${i}` } })
}
/** Lanes learn from the ledger that a table is retired, each in its own time. */
const untilLeft = async (worker: WorkerUnderTest, table: SimulatedTable): Promise<void> => {
  for (const { shardId } of table.stream.shards)
    await worker.seen('shard-closed', ({ shard }) => shard.arn === table.arn && shard.shardId === shardId)
}

describe('tables that come and go under a pipeline that finds them by tags', () => {
  const { bootstrapServers } = inject('kafka')
  const setUp = async (): Promise<{
    readonly simulator: StreamSimulator
    readonly config: PipelineConfig
    readonly topicOf: (table: string) => string
  }> => {
    const simulator = await startStreamSimulator()
    const pipeline = `tags-${randomUUID().slice(0, 8)}`
    const more = 'source.tables.tags: [cdc]'
    const text = configText({ pipeline, endpoint: simulator.endpoint, bootstrapServers, tables: ["'*'"], more })
    return { simulator, config: readConfig(text), topicOf: (table) => `${pipeline}.${table}` }
  }

  it.each(['tag:GetResources', 'dynamodb:ListTagsOfResource'])('begin and go on where they were (%s)', async (way) => {
    const { simulator, config, topicOf } = await setUp()
    await using _ = simulator
    if (way !== 'tag:GetResources')
      simulator.faults.add({ action: 'GetResources', fault: accessDenied('tag:GetResources', '*') })
    const orders = newTable(simulator, 'orders', { cdc: '' })
    const bills = newTable(simulator, 'bills', {})
    fill(orders, 0, 10)
    fill(bills, 0, 10)
    const worker = startWorker(config)
    await outputOf(bootstrapServers, topicOf('orders'), 10)
    simulator.settings.tags.set('bills', { cdc: 'now' })
    await outputOf(bootstrapServers, topicOf('bills'), 10)

    simulator.settings.tags.set('orders', {})
    expect(await worker.seen('table-retired')).toMatchObject({ table: 'orders', why: 'untagged' })
    await untilLeft(worker, orders)
    fill(orders, 10, 10)
    fill(bills, 10, 10)
    await outputOf(bootstrapServers, topicOf('bills'), 20)
    expect(await readOutput(bootstrapServers, topicOf('orders'))).toHaveLength(10)

    simulator.settings.tags.set('orders', { cdc: '' })
    await worker.seen('table-resumed', ({ table }) => table === 'orders')
    await outputOf(bootstrapServers, topicOf('orders'), 20)
    await worker.stop()
    const keys = (await readOutput(bootstrapServers, topicOf('orders'))).map(({ key }) => key)
    expect(new Set(keys).size).toBe(20)
  })

  it('are told with the reason while they cannot be read, and begin once they can', async () => {
    const { simulator, config, topicOf } = await setUp()
    await using _ = simulator
    await using kafka = connectKafka(bootstrapServers)
    fill(newTable(simulator, 'orders', { cdc: '' }), 0, 10)
    const keySchema = [{ name: 'id', type: 'S' }] as const
    simulator.settings.tags.set('still', { cdc: '' })
    simulator.createTable({ name: 'still', keySchema })
    const worker = startWorker(config)
    const shown = async (): Promise<unknown> => {
      const ledger = await readPipelineLedger(config, kafka, AbortSignal.timeout(20_000))
      return tableStatesOf(ledger, 0).rows.map(({ table, state, reason }) => [table, state, reason])
    }
    await outputOf(bootstrapServers, topicOf('orders'), 10)
    const reason = 'STREAM_DISABLED: Table still has no enabled stream'
    await expect.poll(shown, { timeout: 20_000 }).toEqual([
      ['orders', 'RUNNING', null],
      ['still', 'UNASSIGNED', reason],
    ])
    simulator.deleteTable('still')
    fill(newTable(simulator, 'still', { cdc: '' }), 0, 10)
    await outputOf(bootstrapServers, topicOf('still'), 10)
    await expect.poll(shown, { timeout: 20_000 }).toEqual([
      ['orders', 'RUNNING', null],
      ['still', 'RUNNING', null],
    ])
    await worker.stop()
  })

  it('find a gap when they come back too late', async () => {
    const { simulator, config, topicOf } = await setUp()
    await using _ = simulator
    const orders = newTable(simulator, 'orders', { cdc: '' })
    newTable(simulator, 'bills', { cdc: '' })
    fill(orders, 0, 10)
    const worker = startWorker(config)
    await outputOf(bootstrapServers, topicOf('orders'), 10)
    simulator.settings.tags.set('orders', {})
    await worker.seen('table-retired')
    await untilLeft(worker, orders)
    fill(orders, 10, 10)
    for (const shard of orders.stream.shards) orders.stream.trim(shard.shardId, 'all')
    fill(orders, 20, 10)
    simulator.settings.tags.set('orders', { cdc: '' })
    expect(await worker.seen('table-stopped')).toMatchObject({ table: 'orders', code: 'STREAM_GAP' })
    await worker.stop()
  })

  it('are read to their end when they are deleted, and are replaced when they are made anew', async () => {
    const { simulator, config, topicOf } = await setUp()
    await using _ = simulator
    const orders = newTable(simulator, 'orders', { cdc: '' })
    newTable(simulator, 'bills', { cdc: '' })
    fill(orders, 0, 10)
    const worker = startWorker(config)
    await outputOf(bootstrapServers, topicOf('orders'), 10)
    fill(orders, 10, 10)
    simulator.deleteTable('orders')
    expect(await worker.seen('table-retired')).toMatchObject({ table: 'orders', why: 'gone' })
    expect(await readOutput(bootstrapServers, topicOf('orders'))).toHaveLength(20)
    newTable(simulator, 'orders', { cdc: '' })
    expect(await worker.seen('table-stopped')).toMatchObject({ table: 'orders', code: 'SOURCE_REPLACED' })
    await worker.stop()
  })
})
