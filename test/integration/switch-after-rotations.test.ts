import { expect, inject, it } from 'vitest'
import type { Clock } from '../../src/async/clock.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import type { LambdaHandler } from '../../src/hosts/lambda/create-handler.ts'
import { context } from '../servers/lambda-batches.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'
import type { SimulatedShard } from '../servers/stream-simulator/simulated-stream.ts'

const { bootstrapServers } = inject('kafka')
const hourMs = 3_600_000
const day = 24 * hourMs

it('workers go on behind a function that has moved a table for thirty hours: nothing is lost, repeated or stopped', async () => {
  await using world = await openWorld(30)
  const { shop } = world
  for (let step = 0; step < 7; step++) {
    world.write('left', 3)
    world.write('right', 3)
    await world.handOver()
    world.passHours(4)
  }
  world.write('left', 2)
  await world.handOver()
  world.passHours(2)
  world.write('left', 4)
  world.write('right', 4)
  const { stream } = shop.orders
  const unlisted = world.handedOver.size - stream.shards.filter(({ shardId }) => world.handedOver.has(shardId)).length
  expect(unlisted).toBeGreaterThan(1)
  const { exitCode, result } = await shop.cli.json('switch', shop.file, '--to', 'worker')
  expect({ exitCode, result }).toMatchObject({ exitCode: 0, result: { way: 'worker', unproved: [] } })
  const worker = shop.cli.start(['run', shop.file])
  await shop.delivered(world.written)
  // A shard that cannot be found is looked for several times, with longer and longer waits, before its table stops.
  await systemClock.sleep(8_000)
  expect((await worker.interrupt()).exitCode).toBe(0)
  await expectStreaming(world)
  await expectEachOnce(world)
}, 120_000)

it('says of which shards nobody knows whether Lambda had all of them, and goes on', async () => {
  await using world = await openWorld(30)
  const { shop } = world
  world.write('left', 3)
  world.write('right', 3)
  await world.handOver()
  const first = [...world.handedOver.keys()].find((shardId) => world.rangeOf(shardId) === 'right')
  for (let step = 0; step < 7; step++) {
    world.passHours(4)
    world.write('left', 2)
    await world.handOver()
  }
  world.passHours(2)
  const { exitCode, result } = await shop.cli.json('switch', shop.file, '--to', 'worker')
  expect(exitCode).toBe(0)
  expect((result as { readonly unproved: readonly string[] }).unproved).toContain(first)
  // The same again changes nothing; both lines of shards are read on.
  expect((await shop.cli.run('switch', shop.file, '--to', 'worker')).stdout).toContain('already')
  world.write('left', 3)
  world.write('right', 3)
  expect(await shop.runUntil(world.written)).toBe(0)
  await expectEachOnce(world)
  await expectStreaming(world)
}, 120_000)

it('reads on what is left of a shard whose position is trimmed, and repeats nothing', async () => {
  await using world = await openWorld(26)
  const { shop } = world
  const { stream } = shop.orders
  world.write('left', 3)
  await world.handOver()
  world.passHours(3, { rotates: false })
  // Two that Lambda never hands over; the first is trimmed with everything before it.
  world.write('left', 2)
  world.passHours(23, { rotates: false })
  const shard = stream.shards.find(({ records }) => records.length > 0)
  stream.trim(shard?.shardId ?? '', 1)
  const { result } = await shop.cli.json('switch', shop.file, '--to', 'worker')
  expect(result).toMatchObject({ unproved: [shard?.shardId] })
  world.write('right', 1)
  // One is lost, which is what was said.
  expect(await shop.runUntil(world.written - 1)).toBe(0)
  await expectEachOnce(world, 1)
}, 120_000)

it('gives a pipeline over although the stream of one of its tables is gone', async () => {
  await using world = await openWorld(1)
  const { shop } = world
  world.write('left', 2)
  await world.handOver()
  const other = shop.newTable('gone')
  const file = shop.cli.file('two.yaml', shop.text('http.listen: off\nepoch: 2').replace('[orders]', '[orders, gone]'))
  other.put({ id: { S: 'a' } })
  const handler = createHandler({ config: `${shop.cli.folder}/${file}` })
  for (const shard of other.stream.shards.filter(({ records }) => records.length > 0))
    await handler(eventOf(other.stream.arn, shard, shard.records), context())
  shop.simulator.deleteTable('gone')
  shop.simulator.forgetStream(other.stream.arn)
  expect(await shop.cli.json('switch', file, '--to', 'worker')).toMatchObject({
    exitCode: 0,
    result: { was: 'lambda', way: 'worker' },
  })
  world.write('right', 2)
  expect(await shop.runUntil(4, file)).toBe(0)
}, 120_000)

it('announces nothing where the streams cannot be listed', async () => {
  await using world = await openWorld(1)
  const { shop } = world
  world.write('left', 2)
  await world.handOver()
  const fault = { kind: 'error', statusCode: 400, type: 'AccessDeniedException' } as const
  shop.simulator.faults.add({ action: 'DescribeStream', fault })
  const refused = await shop.cli.json('switch', shop.file, '--to', 'worker')
  expect(refused).toMatchObject({ exitCode: 1, result: { error: { code: 'AWS_ACCESS_DENIED' } } })
  shop.simulator.faults.clear()
  // The function goes on as if nothing had been.
  world.write('left', 2)
  await world.handOver()
}, 60_000)

type Side = 'left' | 'right'

interface World extends AsyncDisposable {
  readonly shop: ShopCommands
  /** Records of each shard that the function was handed. */
  readonly handedOver: ReadonlyMap<string, number>
  readonly written: number
  rangeOf(shardId: string): Side
  /** New items that belong into the lower, or the upper, half of the table. */
  write(side: Side, items: number): void
  /** Everything new, shard by shard, as Lambda does: parents first. */
  handOver(): Promise<void>
  passHours(hours: number, options?: { readonly rotates?: boolean }): void
}

/** A table whose time begins so many hours ago, and comes up to now as it is told to pass. */
async function openWorld(hours: number): Promise<World> {
  let offsetMs = -hours * hourMs
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + offsetMs }
  const shop = await openShop(bootstrapServers, {}, clock)
  const { orders } = shop
  const handler: LambdaHandler = createHandler({ config: `${shop.cli.folder}/${shop.file}` })
  const handedOver = new Map<string, number>()
  const sides = new Map<string, Side>()
  const see = (): void => {
    for (const shard of orders.stream.shards) sides.set(shard.shardId, shard.from < 2 ** 31 ? 'left' : 'right')
  }
  let [made, written] = [0, 0]
  return {
    shop,
    handedOver,
    get written() {
      return written
    },
    rangeOf: (shardId) => sides.get(shardId) ?? 'left',
    write: (side, items) => {
      see()
      for (let left = items; left > 0;) {
        const id = { S: `i${made++}` }
        if (orders.hashOf({ id }) < 2 ** 31 !== (side === 'left')) continue
        orders.put({ id, n: { N: String(made) } })
        left--
        written++
      }
    },
    handOver: async () => {
      for (const shard of orders.stream.shards) {
        const from = handedOver.get(shard.shardId) ?? 0
        if (shard.records.length === from) continue
        await handler(eventOf(orders.stream.arn, shard, shard.records.slice(from)), context())
        handedOver.set(shard.shardId, shard.records.length)
      }
    },
    passHours: (passed, { rotates = true } = {}) => {
      if (rotates) for (const { shardId } of orders.stream.openShards()) orders.stream.rotate(shardId)
      see()
      offsetMs += passed * hourMs
      orders.stream.expire(day)
    },
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  }
}

function eventOf(
  streamArn: string,
  { shardId }: SimulatedShard,
  records: readonly { readonly json: string }[],
): unknown {
  const Records = records.map(({ json }) => ({ ...(JSON.parse(json) as object), eventSourceARN: streamArn }))
  const window = { start: '2026-11-01T08:00:00Z', end: '2026-11-01T08:00:01Z' }
  return { Records, shardId, eventSourceARN: streamArn, state: {}, window }
}

async function expectEachOnce({ shop, written }: World, lost = 0): Promise<void> {
  const output = await shop.delivered(written - lost)
  expect(output).toHaveLength(written - lost)
  expect(new Set(output.map(({ sequenceNumber }) => sequenceNumber)).size).toBe(output.length)
}

/** Every shard of the ledger that is not ended can be read. */
async function expectStreaming({ shop }: World): Promise<void> {
  const status = await shop.cli.json('status', shop.file)
  expect(status.result).toMatchObject({ tables: [{ table: 'orders', status: 'streaming' }] })
  const { result } = await shop.cli.json('offsets', 'show', shop.file)
  const { shards } = result as { readonly shards: readonly { readonly shard: string; readonly status: string }[] }
  const open = shards.filter(({ status: its }) => its !== 'end').map(({ shard }) => shard)
  expect(open.length).toBeGreaterThan(0)
  expect(open.filter((shardId) => !shop.orders.stream.has(shardId))).toEqual([])
}
