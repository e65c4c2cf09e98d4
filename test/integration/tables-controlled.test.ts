import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { configText, outputOf, readOutput } from '../servers/pipeline-under-test.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'

const { bootstrapServers } = inject('kafka')

let shop: ShopCommands
let bills: SimulatedTable
let file = ''
let billsTopic = ''

beforeEach(async () => {
  shop = await openShop(bootstrapServers)
  bills = shop.newTable('bills')
  billsTopic = `${shop.pipeline}.paid`
  const more = `http.listen: off
poll.idle.max.ms: 200
snapshot.mode: never
tables:
  bills:
    topic.name: '{prefix}.paid'
    filter.condition: n >= 0
  nothing: { snapshot.mode: initial }`
  const { endpoint } = shop.simulator
  const tables = ['orders', 'bills']
  const text = configText({ pipeline: shop.pipeline, endpoint, bootstrapServers, tables, more })
  file = shop.cli.file('two.yaml', text)
})
afterEach(() => shop[Symbol.asyncDispose]())

const fillBills = (from: number, count: number): void => {
  for (let i = from; i < from + count; i++) bills.put({ id: { S: `b${i}` }, n: { N: `${i}` } })
}

describe('single tables of a pipeline that runs', () => {
  it('rest, are told apart, and go on where they were, while others go on; each with its own topic and filter', async () => {
    const { cli } = shop
    shop.fill(0, 10)
    fillBills(-2, 12)
    const worker = cli.start(['run', file])
    await shop.delivered(10)
    await outputOf(bootstrapServers, billsTopic, 10)
    await worker.printed(/names no table that is read now: nothing/)
    expect(await cli.json('tables', 'pause', file, 'nothing')).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'TABLE_UNKNOWN' } },
    })
    expect(await cli.json('tables', 'pause', file, 'orders')).toMatchObject({
      exitCode: 0,
      result: { table: 'orders', outcome: 'done' },
    })
    // A lane looks into its ledger four times a second.
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    shop.fill(10, 10)
    fillBills(10, 10)
    await outputOf(bootstrapServers, billsTopic, 20)
    expect(await readOutput(bootstrapServers, shop.topic)).toHaveLength(10)
    expect(await cli.json('status', file)).toMatchObject({
      result: {
        tables: [
          { table: 'bills', target: 'RUNNING', reason: null },
          { table: 'orders', status: 'streaming', target: 'PAUSED', reason: expect.stringContaining('at least until') },
        ],
      },
    })
    expect(await cli.json('tables', 'stop', file, 'orders')).toMatchObject({ exitCode: 0 })
    await worker.interrupt()

    // Whoever runs the pipeline next knows of it.
    const next = cli.start(['run', file])
    fillBills(20, 10)
    await outputOf(bootstrapServers, billsTopic, 30)
    expect(await readOutput(bootstrapServers, shop.topic)).toHaveLength(10)
    expect(await cli.json('tables', 'show', file)).toMatchObject({
      result: {
        tables: [
          { table: 'bills', state: 'RUNNING' },
          { table: 'orders', state: 'STOPPED' },
        ],
      },
    })
    expect(await cli.json('tables', 'resume', file, 'orders')).toMatchObject({ exitCode: 0 })
    await shop.delivered(20)
    expect(await cli.json('tables', 'restart', file, 'orders')).toMatchObject({ exitCode: 0 })
    shop.fill(20, 5)
    const records = await shop.delivered(25)
    expect(new Set(records.map(({ sequenceNumber }) => sequenceNumber)).size).toBe(25)
    await next.interrupt()
  })

  it('wait for a worker with what is asked of them', async () => {
    const { cli } = shop
    shop.fill(0, 5)
    expect(await shop.runUntil(5, file)).toBe(0)
    expect(await cli.json('tables', 'pause', file, 'orders')).toMatchObject({
      exitCode: 0,
      result: { outcome: 'pending' },
    })
    const worker = cli.start(['run', file])
    await worker.printed(/is not read for now: it is to be PAUSED/)
    await worker.interrupt()
  })
})

describe("positions in Connect's form", () => {
  it('are printed, given back, altered, and forgotten with everything', async () => {
    const { cli } = shop
    shop.fill(0, 20)
    expect(await shop.runUntil(20, file)).toBe(0)
    const { result } = await cli.json('offsets', 'show', file, '--connect', '--table', 'orders')
    const { offsets } = result as {
      readonly offsets: readonly {
        readonly partition: { readonly shard_id: string }
        readonly offset: { readonly sequence_number: string }
      }[]
    }
    expect(offsets).toHaveLength(2)
    const same = cli.file('same.json', JSON.stringify({ offsets }))
    expect(await cli.json('offsets', 'alter', file, same, '--yes')).toMatchObject({
      exitCode: 0,
      result: { shards: [] },
    })

    const [first] = offsets
    const shard = shop.orders.stream.openShards().find(({ shardId }) => shardId === first?.partition.shard_id)
    const numbers = shard?.records.map(({ sequenceNumber }) => sequenceNumber) ?? []
    const give = (number: string | null) =>
      cli.file('moved.json', JSON.stringify({ offsets: [{ ...first, offset: { sequence_number: number } }] }))
    const beyond = give(`${BigInt(numbers.at(-1) ?? '0') + 1_000n}`)
    expect(await cli.json('offsets', 'alter', file, beyond, '--yes')).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'OFFSET_INVALID', message: expect.stringContaining('behind the newest change') } },
    })
    shop.orders.stream.trim(shard?.shardId ?? '', 3)
    expect(await cli.json('offsets', 'alter', file, give(numbers[0] ?? ''), '--yes')).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'OFFSET_LOST' } },
    })
    expect(await cli.json('offsets', 'alter', file, give(numbers[3] ?? ''), '--yes')).toMatchObject({ exitCode: 0 })
    const repeated = numbers.length - 4
    expect(await shop.runUntil(20 + repeated, file)).toBe(0)

    expect(await cli.json('offsets', 'reset', file, '--all', '--yes')).toMatchObject({ exitCode: 0 })
    expect(await cli.json('offsets', 'show', file)).toMatchObject({ result: { shards: [] } })
    // As at the first start, everything that is left is delivered; three changes are not there any more.
    expect(await shop.runUntil(20 + repeated + 17, file)).toBe(0)
  })
})
