import { describe, expect, it } from 'vitest'
import { createTaggedAccount } from '../../../test/fixtures/tagged-account.ts'
import type { TaggedAccount } from '../../../test/fixtures/tagged-account.ts'
import { createManualClock } from '../../../test/servers/stream-simulator/manual-clock.ts'
import { seededRng } from '../../async/rng.ts'
import { createDynamoDbStreamsSource } from '../dynamodb-streams/dynamodb-streams-source.ts'
import type { SourcePart } from './source-part.ts'
import type { Source } from '../source.ts'
import { createManualClock as createStandingClock } from '../../testing/manual-clock.ts'
import { createCombinedSource } from './combined-source.ts'

const never = new AbortController().signal
const clock = createManualClock()

interface World {
  readonly here: TaggedAccount
  readonly there: TaggedAccount
  readonly source: Source
  readonly silences: readonly string[]
  /** Whether the other region answers. */
  isCut: boolean
}

/** One region with the credentials as they are, another one by a role of another account. */
function setUp(tables: readonly string[]): World {
  const here = createTaggedAccount()
  const there = createTaggedAccount({ region: 'us-east-1', account: '222222222222' })
  const part = (own: TaggedAccount, region: string, account: string | undefined, arn: string): SourcePart => {
    const wanted = tables.filter((text) => !text.startsWith('arn:') || text.startsWith(arn))
    const source = createDynamoDbStreamsSource({ api: own.api, clock, rng: seededRng(1), region, tables: wanted })
    return { region, account, title: region, tables: wanted, source }
  }
  const home = part(here, 'eu-west-1', undefined, 'arn:aws:dynamodb:eu-west-1')
  const away = part(there, 'us-east-1', '222222222222', 'arn:aws:dynamodb:us-east-1')
  const cut: Source = {
    ...away.source,
    findTables: (signal, listener) =>
      world.isCut ? new Promise<never>(() => {}) : away.source.findTables(signal, listener),
  }
  const silences: string[] = []
  const parts = [home, { ...away, source: cut }]
  const source = createCombinedSource({ parts, clock, onSilence: ({ message }) => silences.push(message) })
  const world: World = { here, there, source, silences, isCut: false }
  return world
}

const arns = async (source: Source): Promise<readonly string[]> =>
  (await source.findTables(never)).map(({ arn }) => arn.slice('arn:aws:dynamodb:'.length))

describe('a source over several accounts', () => {
  it('finds the tables of all, those of one name, too', async () => {
    const { here, there, source } = setUp(['orders*'])
    here.create('orders', {})
    there.create('orders', {})
    there.create('orders-2', {})
    expect(await arns(source)).toEqual([
      'eu-west-1:111111111111:table/orders',
      'us-east-1:222222222222:table/orders',
      'us-east-1:222222222222:table/orders-2',
    ])
  })

  it('asks each part about its own ARNs', async () => {
    const { here, there, source } = setUp(['orders'])
    here.create('orders', {})
    there.create('orders', {})
    const arn = 'arn:aws:dynamodb:us-east-1:222222222222:table/orders'
    expect((await source.describeTable(arn, never)).region).toBe('us-east-1')
    expect(here.sent).toEqual([])
    await source.tableSize(arn, never)
    expect(there.sent.map(({ action }) => action)).toEqual(['DescribeTable', 'DescribeTable'])
    await expect(source.describeTable('orders', never)).rejects.toThrow(/several tables orders; name one by its ARN/)
    there.delete('orders')
    expect((await source.describeTable('orders', never)).region).toBe('eu-west-1')
  })

  it('refuses what is nowhere, and not what is somewhere', async () => {
    const { here, there, source } = setUp(['orders', 'bills', 'shop-*', 'nothing-*'])
    here.create('orders', {})
    there.create('bills', {})
    there.create('shop-1', {})
    const missing: string[] = []
    const found = await source.findTables(never, { missing: ({ message }) => missing.push(message) })
    expect(found.map(({ name }) => name)).toEqual(['orders', 'bills', 'shop-1'])
    expect(missing).toEqual(['No readable table in us-east-1 matches nothing-*'])
    await expect(source.findTables(never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  })

  it('goes on without a part that does not answer, and takes it up later', async () => {
    const world = setUp(['*'])
    const { here, there, source, silences } = world
    here.create('orders', {})
    there.create('bills', {})
    const [, bills] = await source.findTables(never)
    if (bills === undefined) throw new Error('it was there')
    const ended = new AbortController()
    world.isCut = true
    expect((await source.findTables(ended.signal)).map(({ name }) => name)).toEqual(['orders'])
    expect(silences).toEqual(['us-east-1 did not answer within 30 s; its tables are looked for later'])
    // Of its tables nothing is concluded, and nobody waits for it again and again.
    there.delete('bills')
    expect(await source.whyAbsent?.(bills, never)).toBe('unknown')
    await expect(source.listShards(bills.streamArn, never)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
    world.isCut = false
    ended.abort()
    there.create('bills', {})
    expect(await arns(source)).toContain('us-east-1:222222222222:table/bills')
    there.delete('bills')
    expect(await source.whyAbsent?.(bills, never)).toMatchObject({ kind: 'gone' })
  })

  it('waits for a part as long as it goes on answering', async () => {
    const { source: inner } = setUp(['*'])
    const own = createStandingClock()
    let pauseMs = 25_000
    const slow: Source = {
      ...inner,
      findTables: async (signal, listener) => {
        for (let i = 0; i < 3; i++) {
          await own.sleep(pauseMs, signal)
          listener?.advanced?.()
        }
        return []
      },
    }
    const part = { region: 'eu-west-1', account: undefined, title: 'eu-west-1', tables: ['*'], source: slow }
    const source = createCombinedSource({ parts: [part], clock: own })
    const look = source.findTables(never)
    await own.advance(100_000)
    expect(await look).toEqual([])
    pauseMs = 65_000
    const late = source.findTables(never)
    const outcome = Promise.allSettled([late])
    await own.advance(100_000)
    expect(await outcome).toMatchObject([{ status: 'rejected', reason: { code: 'AWS_UNREACHABLE' } }])
  })

  it('cannot tell of a table whose part falls silent when it is asked, and asks it no more', async () => {
    const { here, source } = setUp(['*'])
    here.create('orders', {})
    const [orders] = await source.findTables(never)
    if (orders === undefined) throw new Error('it was there')
    here.unanswered.add('DescribeTable')
    expect(await source.whyAbsent?.(orders, never)).toBe('unknown')
    const asked = here.sent.length
    expect(await source.whyAbsent?.(orders, never)).toBe('unknown')
    expect(here.sent).toHaveLength(asked)
  })

  it('says so if no part answers', async () => {
    const world = setUp(['*'])
    world.isCut = true
    world.here.denied.add('ListTables')
    const ended = new AbortController()
    await expect(world.source.findTables(ended.signal)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
    ended.abort()
  })

  it('does not mean tables of other regions and accounts', async () => {
    const { here, source } = setUp(['*'])
    here.create('orders', {})
    const [orders] = await source.findTables(never)
    if (orders === undefined) throw new Error('it was there')
    const foreign = { ...orders, arn: orders.arn.replace('eu-west-1', 'ap-south-1') }
    expect(await source.whyAbsent?.(foreign, never)).toMatchObject({ kind: 'unselected' })
    // The account of an entry without a role is known by its tables.
    const before = { ...orders, account: '333333333333', arn: orders.arn.replace('111111111111', '333333333333') }
    expect(await source.whyAbsent?.(before, never)).toMatchObject({ kind: 'unselected' })
    expect(await source.whyAbsent?.(orders, never)).toBeUndefined()
    const streamArn = `${foreign.arn}/stream/1`
    const reader = source.openShard({ streamArn, shardId: 's', after: undefined })
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    await expect(source.listShards(streamArn, never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  })
})
