import { expect, inject, it, vi } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import type { LambdaHandler } from '../../src/hosts/lambda/create-handler.ts'
import { createEventSourceMapping } from '../servers/event-source-mapping/event-source-mapping.ts'
import { defaultMappingSettings } from '../servers/event-source-mapping/mapping.ts'
import type { InvokeResult } from '../servers/event-source-mapping/mapping.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'

const { bootstrapServers } = inject('kafka')

it('gives a pipeline over to a function and back: each change once, in order, across splits', async () => {
  await using shop = await openShop(bootstrapServers)
  shop.fill(0, 12)
  expect(await shop.runUntil(12)).toBe(0)
  shop.fill(0, 6, 'second')
  expect(await switchTo(shop, 'lambda')).toMatchObject({ exitCode: 0, result: { was: 'worker', way: 'lambda' } })
  expect(await switchTo(shop, 'lambda')).toMatchObject({ exitCode: 0, result: { was: 'lambda', way: 'lambda' } })
  expect((await shop.cli.start(['run', shop.file]).ended).stderr).toContain('WAY_CONFLICT')

  const handler = createHandler({ config: `${shop.cli.folder}/${shop.file}` })
  const errors: string[] = []
  await whileMapped(shop, handler, errors, async () => {
    await shop.delivered(18)
    const parent = shop.orders.stream.openShards()[0]?.shardId ?? ''
    shop.orders.stream.split(parent)
    shop.fill(3, 12, 'third')
    await shop.delivered(30)
  })
  expect(errors).toEqual([])
  shop.fill(5, 5, 'fourth')
  const { result } = await switchTo(shop, 'worker')
  expect(result).toMatchObject({ was: 'lambda', way: 'worker' })
  // A mapping that is left over: what its function held is fenced, and it hears whose turn it is.
  await whileMapped(shop, handler, errors, () =>
    vi.waitUntil(() => errors.includes('WAY_CONFLICT'), { timeout: 20_000 }),
  )
  expect(await shop.runUntil(35)).toBe(0)
  const output = await shop.delivered(35)
  expect(output).toHaveLength(35)
  expect(new Set(output.map(({ sequenceNumber }) => sequenceNumber)).size).toBe(35)
  for (const changes of Map.groupBy(output, ({ key }) => key).values()) {
    const numbers = changes.map(({ sequenceNumber }) => BigInt(sequenceNumber))
    expect(numbers).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)))
  }
})

it('refuses to give over what keeps no positions, and what workers hold', async () => {
  await using shop = await openShop(bootstrapServers)
  shop.fill(0, 4)
  const worker = shop.cli.start(['run', shop.file])
  await shop.delivered(4)
  expect(await switchTo(shop, 'lambda')).toMatchObject({ exitCode: 2, result: { error: { code: 'PIPELINE_ACTIVE' } } })
  await worker.interrupt()
  const loose = shop.cli.file('loose.yaml', shop.text('delivery: at_least_once\nhttp.listen: off'))
  expect(await shop.cli.json('switch', loose, '--to', 'lambda')).toMatchObject({
    exitCode: 2,
    result: { error: { code: 'SWITCH_REFUSED' } },
  })
})

const context = { awsRequestId: 'request', invokedFunctionArn: 'arn', getRemainingTimeInMillis: () => 30_000 }

function switchTo(shop: ShopCommands, way: string): Promise<{ readonly exitCode: number; readonly result: unknown }> {
  return shop.cli.json('switch', shop.file, '--to', way)
}

/** Batches are handed over from the trim horizon on, as by a mapping that was just made. */
async function whileMapped(
  shop: ShopCommands,
  handler: LambdaHandler,
  errors: string[],
  work: () => Promise<unknown>,
): Promise<void> {
  await using api = connectTo(shop.simulator.endpoint)
  const stop = new AbortController()
  const mapping = createEventSourceMapping({
    kind: 'dynamodb',
    streamArn: shop.orders.stream.arn,
    api,
    clock: systemClock,
    rng: seededRng(7),
    settings: { ...defaultMappingSettings, batchSize: 5, tumblingWindowSeconds: 1 },
    pace: { listMs: 300, pollMs: 100, windowGraceMs: 500 },
    invoke: async (event): Promise<InvokeResult> => {
      try {
        return { kind: 'answer', body: await handler(event, context) }
      } catch (error) {
        const { name, message } = error as Error
        errors.push(name)
        return { kind: 'error', errorType: name, errorMessage: message }
      }
    },
  })
  const running = mapping.run(stop.signal)
  try {
    await work()
  } finally {
    stop.abort(new Error('the mapping is disabled'))
    await running
  }
}
