import { expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { systemRng } from '../../src/async/system-rng.ts'
import { createHandler } from '../../src/hosts/lambda/create-handler.ts'
import { replayIdOf } from '../../src/hosts/dead-letters/replay-id.ts'
import { createTransactionSessions } from '../../src/kafka/transaction-sessions.ts'
import { shardTransactionalIdOf } from '../../src/lanes/shard-taker.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { context } from '../servers/lambda-batches.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'

const { bootstrapServers } = inject('kafka')
const never = new AbortController().signal

it('dead letters are not replayed while it is the turn of a function, which is in no group', async () => {
  await using shop = await openShop(bootstrapServers)
  const { cli, orders, pipeline } = shop
  const file = cli.file(
    'tolerant.yaml',
    shop.text('http.listen: off\npoll.idle.max.ms: 200\ntopic.max.message.bytes: 3000\nerrors.tolerance: all'),
  )
  orders.put({ id: { S: 'large' }, text: { S: 'x'.repeat(6000) } })
  orders.put({ id: { S: 'small' } })
  const worker = cli.start(['run', file])
  await shop.delivered(1)
  const open = () => cli.json('dlq', 'ls', file)
  await expect.poll(open, { timeout: 20_000 }).toMatchObject({ result: { open: 1 } })
  await worker.interrupt()

  await using kafka = connectKafka(bootstrapServers)
  const sessions = createTransactionSessions({
    kafka,
    clock: systemClock,
    rng: systemRng,
    delivery: 'exactly_once',
    transactionTimeoutMs: 30_000,
  })
  // A replay that is under way when the pipeline is given over.
  await using replay = await sessions.open(replayIdOf(pipeline), never)
  expect(await cli.json('switch', file, '--to', 'lambda')).toMatchObject({ exitCode: 0 })
  const record = { topic: shop.topic, partition: 0, key: null, value: null, headers: [], timestamp: Date.now() }
  await expect(replay.commit([[record]], never)).rejects.toMatchObject({ code: 'KAFKA_FENCED' })

  expect(await cli.json('dlq', 'replay', file)).toMatchObject({
    exitCode: 2,
    result: { error: { code: 'WAY_CONFLICT' } },
  })
  // Only to look is no conflict.
  expect(await cli.json('dlq', 'replay', file, '--dry-run')).toMatchObject({ result: { dryRun: true, failed: 1 } })
  expect(await open()).toMatchObject({ result: { open: 1 } })
  expect(await cli.json('switch', file, '--to', 'worker')).toMatchObject({ exitCode: 0 })
  expect(await cli.json('dlq', 'replay', file)).toMatchObject({ result: { failed: 1 } })
}, 60_000)

it("deleting a function's pipeline fences what it holds, and says what must be done first", async () => {
  await using shop = await openShop(bootstrapServers)
  const { cli } = shop
  const handler = createHandler({ config: `${cli.folder}/${shop.file}` })
  shop.fill(0, 6)
  const ids = await handOver(shop, handler)
  expect(ids.length).toBeGreaterThan(0)
  await using kafka = connectKafka(bootstrapServers)
  const epochOf = async (id: string) => (await kafka.describeTransactions([id], never)).get(id)?.producerEpoch ?? -1
  const before = await Promise.all(ids.map(epochOf))
  const asked = cli.start(['delete', shop.file], { isTerminal: true })
  await asked.printed(/disable its event source mappings first/)
  asked.type('no')
  await asked.ended
  const { exitCode, result } = await cli.json('delete', shop.file, '--yes')
  expect(exitCode).toBe(0)
  const { transactionalIds } = result as { readonly transactionalIds: readonly string[] }
  expect(transactionalIds).toEqual(expect.arrayContaining([...ids]))
  const states = await kafka.describeTransactions(ids, never)
  expect([...states.values()].map(({ state }) => state)).toEqual(ids.map(() => 'Empty'))
  const after = await Promise.all(ids.map(epochOf))
  expect(after.every((epoch, at) => epoch !== before[at])).toBe(true)
  // Nothing was lost: the next start is a first one.
  shop.fill(6, 2)
  expect(await shop.runUntil(6 + 8)).toBe(0)
}, 60_000)

/** Everything that the table's shards hold; returns the transactional ids of those that hold something. */
async function handOver(
  { orders, pipeline }: ShopCommands,
  handler: ReturnType<typeof createHandler>,
): Promise<readonly string[]> {
  const { arn } = orders.stream
  const ids: string[] = []
  for (const { shardId, records } of orders.stream.shards) {
    if (records.length === 0) continue
    const Records = records.map(({ json }) => ({ ...(JSON.parse(json) as object), eventSourceARN: arn }))
    const window = { start: '2026-11-01T08:00:00Z', end: '2026-11-01T08:00:01Z' }
    await handler({ Records, shardId, eventSourceARN: arn, state: {}, window }, context())
    ids.push(shardTransactionalIdOf(pipeline, arn, shardId))
  }
  return ids
}
