import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'

const { bootstrapServers } = inject('kafka')

let shop: ShopCommands
let { cli, orders, topic, file } = {} as ShopCommands

beforeEach(async () => {
  shop = await openShop(bootstrapServers)
  ;({ cli, orders, topic, file } = shop)
})
afterEach(() => shop[Symbol.asyncDispose]())

describe('offsets', () => {
  it('are not changed while a worker runs', async () => {
    shop.fill(0, 4)
    const worker = cli.start(['run', file])
    await shop.delivered(4)
    expect(await cli.json('offsets', 'reset', file, '--table', 'orders', '--yes')).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'PIPELINE_ACTIVE' } },
    })
    await worker.interrupt()
  })

  it('set moves one shard: exactly what lies behind the position is repeated', async () => {
    shop.fill(0, 20)
    expect(await shop.runUntil(20)).toBe(0)
    const before = await readOutput(bootstrapServers, topic)
    const [shard] = orders.stream.openShards()
    const numbers = shard?.records.map(({ sequenceNumber }) => sequenceNumber) ?? []
    const after = numbers.at(2) ?? ''
    const args = ['offsets', 'set', file, '--table', 'orders', '--shard', shard?.shardId ?? '', '--after']
    expect(await cli.run(...args, 'x', '--yes')).toMatchObject({ exitCode: 2 })
    expect(await cli.run(...args, after)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--yes') })
    const declined = cli.start([...args, after], { isTerminal: true })
    await declined.printed(/Type yes to go on/)
    declined.type('perhaps')
    expect(await declined.ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('nothing was changed') })
    const accepted = cli.start([...args, after], { isTerminal: true })
    await accepted.printed(/will be repeated/)
    accepted.type('yes')
    expect(await accepted.ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('changed 1 shard') })
    expect(await cli.json('offsets', 'show', file)).toMatchObject({
      result: {
        shards: expect.arrayContaining([expect.objectContaining({ shard: shard?.shardId, generation: 1, after })]),
      },
    })
    const repeated = numbers.slice(3)
    expect(await shop.runUntil(20 + repeated.length)).toBe(0)
    const all = await readOutput(bootstrapServers, topic)
    const added = all.filter((record) => !before.some((old) => old.sequenceNumber === record.sequenceNumber))
    expect(added).toEqual([])
    const counts = Map.groupBy(all, ({ sequenceNumber }) => sequenceNumber)
    for (const number of numbers) expect(counts.get(number)).toHaveLength(repeated.includes(number) ? 2 : 1)
  })

  it('set forward skips, and says so', async () => {
    shop.fill(0, 10)
    expect(await shop.runUntil(10)).toBe(0)
    const [shard] = orders.stream.openShards()
    shop.fill(10, 10)
    const last = shard?.records.at(-1)?.sequenceNumber ?? ''
    const skipped = shard?.records.filter(({ json }) => /"i1\d"/.test(json)).length ?? 0
    const set = ['offsets', 'set', file, '--table', 'orders', '--shard', shard?.shardId ?? '', '--after', last, '--yes']
    const { result, exitCode } = await cli.json(...set)
    expect(exitCode).toBe(0)
    expect(result).toMatchObject({ meaning: [expect.stringContaining('will be skipped: they are lost downstream')] })
    expect(await shop.runUntil(20 - skipped)).toBe(0)
    expect(await readOutput(bootstrapServers, topic)).toHaveLength(20 - skipped)
  })

  it('reset delivers again what is left, parents before children', async () => {
    shop.fill(0, 10)
    expect(await shop.runUntil(10)).toBe(0)
    const parent = orders.stream.openShards()[0]?.shardId ?? ''
    const children = orders.stream.split(parent).map(({ shardId }) => shardId)
    shop.fill(0, 10, 'm')
    expect(await shop.runUntil(20)).toBe(0)
    const whole = await cli.json('offsets', 'reset', file, '--table', 'orders', '--yes')
    expect(whole).toMatchObject({ exitCode: 0, result: { shards: expect.any(Array) } })
    expect(await shop.runUntil(40)).toBe(0)
    const output = await readOutput(bootstrapServers, topic)
    expect(output).toHaveLength(40)
    for (const records of Map.groupBy(output, ({ key }) => JSON.stringify(key)).values()) {
      const numbers = records.map(({ sequenceNumber }) => sequenceNumber)
      const half = numbers.length / 2
      expect(numbers.slice(half)).toEqual(numbers.slice(0, half))
      expect(numbers.slice(0, half)).toEqual(
        numbers.slice(0, half).toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)),
      )
    }

    const one = await cli.json('offsets', 'reset', file, '--table', 'orders', '--shard', parent, '--yes')
    expect(one.result).toMatchObject({
      shards: [{ shard: parent, becomes: 'moved', after: null }, ...children.map(() => ({ becomes: 'forgotten' }))],
    })
    const ofFamily = orders.stream.shards
      .filter(({ shardId }) => [parent, ...children].includes(shardId))
      .reduce((sum, { records }) => sum + records.length, 0)
    expect(await shop.runUntil(40 + ofFamily)).toBe(0)
    expect(await readOutput(bootstrapServers, topic)).toHaveLength(40 + ofFamily)
  })

  it('reset goes on in the new stream of a replaced table', async () => {
    shop.fill(0, 10)
    expect(await shop.runUntil(10)).toBe(0)
    orders.disableStream()
    orders.enableStream('NEW_AND_OLD_IMAGES')
    shop.fill(10, 7)
    const worker = startWorker(readConfig(shop.text('')))
    await worker.seen('table-stopped', ({ code }) => code === 'SOURCE_REPLACED')
    await worker.stop()
    expect((await cli.run('status', file)).stdout).toMatch(/stopped \(SOURCE_REPLACED\)[^]*was replaced by/)
    const text = await cli.run('offsets', 'reset', file, '--table', 'orders', '--yes')
    expect(text).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('is read on in its new stream') })
    expect(await shop.runUntil(17)).toBe(0)
    expect(await readOutput(bootstrapServers, topic)).toHaveLength(17)
    expect(await cli.json('status', file)).toMatchObject({ result: { tables: [{ status: 'streaming' }] } })
  })
})
