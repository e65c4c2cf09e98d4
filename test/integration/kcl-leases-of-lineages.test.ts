import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { readOutput } from '../servers/pipeline-under-test.ts'
import { openShop } from '../servers/shop-commands.ts'
import type { ShopCommands } from '../servers/shop-commands.ts'
import type { SimulatedShard } from '../servers/stream-simulator/simulated-stream.ts'

const { bootstrapServers } = inject('kafka')

let shop: ShopCommands
let old = ''

beforeEach(async () => {
  shop = await openShop(bootstrapServers)
  const connector = { name: 'lake', 'connector.class': 'DynamoDBSourceConnector', 'dynamodb.table.whitelist': 'orders' }
  old = shop.cli.file('lake.json', JSON.stringify(connector))
})
afterEach(() => shop[Symbol.asyncDispose]())

/** Leases as a worker leaves them that was killed. */
function lease(checkpoints: Readonly<Record<string, string>>): void {
  const keySchema = [{ name: 'leaseKey', type: 'S' }] as const
  const table = shop.simulator.createTable({ name: 'datalake-KCL-orders', keySchema })
  for (const [shardId, checkpoint] of Object.entries(checkpoints)) {
    const leaseOwner = { S: 'worker-task-1' }
    table.put({ leaseKey: { S: shardId }, leaseCounter: { N: '77' }, checkpoint: { S: checkpoint }, leaseOwner })
  }
}

const migrate = (): ReturnType<ShopCommands['cli']['json']> =>
  shop.cli.json('migrate', '--from', 'trustpilot', old, '--leases', '--into', shop.file, '--yes')

function numbersOf(shard: SimulatedShard | undefined, from = 0): readonly string[] {
  return (shard?.records ?? []).slice(from).map(({ sequenceNumber }) => sequenceNumber)
}

it.each(['with the lease of the parent', 'where the lease of the parent was tidied away'])(
  'goes on behind a split %s: each shard from where it was, the child that nobody has begun from its first change',
  async (which) => {
    shop.fill(0, 40)
    const [a, b] = shop.orders.stream.openShards()
    const [a1, a2] = shop.orders.stream.split(a?.shardId ?? '')
    shop.fill(0, 40, 'm')
    lease({
      ...(which.startsWith('with') ? { [a?.shardId ?? '']: 'SHARD_END' } : {}),
      [b?.shardId ?? '']: numbersOf(b).at(3) ?? '',
      [a1.shardId]: numbersOf(a1).at(1) ?? '',
    })
    expect(await migrate()).toMatchObject({ exitCode: 0, result: { tables: [{ lost: [] }] } })
    const left = [...numbersOf(b, 4), ...numbersOf(a1, 2), ...numbersOf(a2)]
    expect(numbersOf(a2).length).toBeGreaterThan(0)
    expect(await shop.runUntil(left.length)).toBe(0)
    const delivered = (await readOutput(bootstrapServers, shop.topic)).map(({ sequenceNumber }) => sequenceNumber)
    expect(delivered.toSorted()).toEqual(left.toSorted())
  },
)

it('tells what was lost, and the first snapshot makes up for it', async () => {
  shop.cli.file('pipeline.yaml', shop.text('http.listen: off\npoll.idle.max.ms: 200\nsnapshot.mode: when_needed'))
  shop.fill(0, 40)
  const [a, b] = shop.orders.stream.openShards()
  const [a1] = shop.orders.stream.split(a?.shardId ?? '')
  shop.fill(40, 20)
  lease({
    [a?.shardId ?? '']: numbersOf(a).at(1) ?? '',
    [b?.shardId ?? '']: numbersOf(b).at(2) ?? '',
    [a1.shardId]: 'TRIM_HORIZON',
  })
  shop.orders.stream.trim(b?.shardId ?? '', 6)
  shop.orders.stream.forget(a?.shardId ?? '')
  const taken = await migrate()
  expect(taken).toMatchObject({
    exitCode: 0,
    result: {
      tables: [
        {
          lost: [
            { shard: a?.shardId, why: 'gone' },
            { shard: b?.shardId, why: 'trimmed' },
          ],
        },
      ],
      meaning: expect.arrayContaining([expect.stringMatching(/^LOST: .* has left its stream/)]),
    },
  })
  expect(await shop.runUntil(60)).toBe(0)
  const keys = new Set((await readOutput(bootstrapServers, shop.topic)).map(({ key }) => JSON.stringify(key)))
  expect(keys.size).toBe(60)
})
