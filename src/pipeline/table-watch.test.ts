import { beforeEach, describe, expect, it } from 'vitest'
import { createTaggedAccount } from '../../test/fixtures/tagged-account.ts'
import type { TaggedAccount } from '../../test/fixtures/tagged-account.ts'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import { seededRng } from '../async/rng.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneFold } from '../lanes/lane-state.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import { createDynamoDbStreamsSource } from '../sources/dynamodb-streams/dynamodb-streams-source.ts'
import { TailraceError } from '../errors.ts'
import type { Source } from '../sources/source.ts'
import type { Coordination } from './coordination.ts'
import type { PipelineEvent } from './pipeline-event.ts'
import { createAbsenceWatch } from './table-retirement.ts'
import { findTables, retireTables } from './table-watch.ts'

const never = new AbortController().signal

let account: TaggedAccount
let events: PipelineEvent[]
let fold: LaneFold

beforeEach(() => {
  account = createTaggedAccount()
  events = []
  fold = createLaneFold()
})

/** The coordinator's parts that look for tables, over a ledger in memory. */
function coordination(changes: Partial<Source> = {}): Coordination {
  const clock = createManualClock(1_000)
  const tags = [{ key: 'cdc', values: undefined }]
  const rng = seededRng(1)
  const source = createDynamoDbStreamsSource({ api: account.api, clock, rng, region: 'eu-west-1', tables: ['*'], tags })
  const topics = {
    refuseCollisions: () => {},
    refuseReserved: (topic: string) => {
      if (topic === 'ledger') throw new TailraceError('TOPIC_RESERVED', `topic ${topic} is a ledger`)
    },
    nameOf: ({ name }: { readonly name: string }) => name,
    provide: async ({ name }: { readonly name: string }) => ({ topic: name, partitions: 1, id: `id-${name}` }),
    look: async (topic: string) => ({ partitions: 1, id: `id-${topic}` }),
  }
  const parts = {
    environment: { source: { ...source, ...changes }, clock, onEvent: (event: PipelineEvent) => events.push(event) },
    session: { state: fold.state },
    topics,
    found: new Set<string>(),
    absences: createAbsenceWatch(),
    lastLook: { seen: undefined },
    ledger: { refresh: async () => [fold.state] },
    writeTables: async (entries: readonly TableEntry[]) =>
      entries.forEach((entry) => fold.apply({ kind: 'entry', entry })),
    snapshots: { mode: 'never', exports: undefined },
    start: { kind: 'trim-horizon' },
    tuning: { tableCheckMs: 60_000, listingMs: 300_000 },
  }
  return parts as unknown as Coordination
}

async function look(world: Coordination): Promise<readonly string[]> {
  const begun = await findTables(world, 'looking-again', never)
  await retireTables(world, never)
  return begun.map((arn) => arn.slice(arn.indexOf('/') + 1))
}

const statusOf = (name: string): TableEntry['status'] | undefined =>
  [...fold.state.tables.values()].find(({ table }) => table.name === name)?.status
const kinds = (): readonly string[] => events.map(({ kind }) => kind)

describe('tables that are found by tags', () => {
  it('are retired when two looks have not found the tag, and go on when it is back', async () => {
    account.create('orders', { cdc: '' })
    account.create('bills', { cdc: '' })
    const world = coordination()
    expect(await look(world)).toEqual(['bills', 'orders'])
    account.tag('orders', {})
    await look(world)
    expect(statusOf('orders')).toEqual({ kind: 'streaming' })
    await look(world)
    expect(statusOf('orders')).toEqual({
      kind: 'retired',
      why: 'untagged',
      reason: 'it does not have the tag cdc',
      sinceMs: expect.any(Number),
      wasLoading: false,
    })
    expect(statusOf('bills')).toEqual({ kind: 'streaming' })
    expect(await look(world)).toEqual([])
    account.tag('orders', { cdc: '' })
    // Its shards may have changed meanwhile: they are listed at once.
    expect(await look(world)).toEqual(['orders'])
    expect(statusOf('orders')).toEqual({ kind: 'streaming' })
    expect(kinds().filter((kind) => kind === 'table-retired' || kind === 'table-resumed')).toEqual([
      'table-retired',
      'table-resumed',
    ])
  })

  it('are not retired because a listing lacks them', async () => {
    account.create('orders', { cdc: '' })
    account.create('bills', { cdc: '' })
    const world = coordination({
      findTables: async (signal, listener) =>
        (await source.findTables(signal, listener)).filter(({ name }) => isListed || name !== 'orders'),
    })
    let isListed = true
    const { source } = coordination().environment
    await look(world)
    isListed = false
    for (let i = 0; i < 5; i++) await look(world)
    expect(statusOf('orders')).toEqual({ kind: 'streaming' })
  })

  it('are not retired when all is gone from the listing, and nobody is told twice of what is skipped', async () => {
    account.create('orders', { cdc: '' })
    account.create('still', { cdc: '' }, false)
    const world = coordination()
    await look(world)
    await look(world)
    const looks = events.filter((event) => event.kind === 'tables-looked-for')
    expect(looks).toEqual([
      { kind: 'tables-looked-for', tables: 1, skipped: [{ table: 'still', code: 'STREAM_DISABLED' }] },
    ])
    account.hidden.add('orders')
    account.hidden.add('still')
    account.denied.add('GetResources')
    for (let i = 0; i < 3; i++) await look(world)
    expect(statusOf('orders')).toEqual({ kind: 'streaming' })
    expect(kinds()).toContain('coordinator-failed')
  })

  it('are left out, and told of, where their topic is reserved, and the others go on', async () => {
    account.create('orders', { cdc: '' })
    account.create('ledger', { cdc: '' })
    const world = coordination()
    expect(await look(world)).toEqual(['orders'])
    expect(await look(world)).toEqual([])
    expect(statusOf('orders')).toEqual({ kind: 'streaming' })
    expect(statusOf('ledger')).toBeUndefined()
    expect(events).toContainEqual({
      kind: 'tables-looked-for',
      tables: 1,
      skipped: [{ table: 'ledger', code: 'TOPIC_RESERVED' }],
    })
    const failures = events.filter((event) => event.kind === 'coordinator-failed')
    expect(failures).toMatchObject([{ error: { code: 'TOPIC_RESERVED' } }, { error: { code: 'TOPIC_RESERVED' } }])
  })

  it('are replaced when they come back as others', async () => {
    account.create('orders', { cdc: '' })
    account.create('bills', { cdc: '' })
    const world = coordination()
    await look(world)
    account.delete('orders')
    await look(world)
    await look(world)
    expect(statusOf('orders')).toMatchObject({ kind: 'retired', why: 'gone' })
    account.create('orders', { cdc: '' })
    await look(world)
    expect(statusOf('orders')).toMatchObject({ kind: 'draining' })
  })
})
