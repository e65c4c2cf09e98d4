import { beforeEach, describe, expect, it } from 'vitest'
import { createTaggedAccount } from '../../test/fixtures/tagged-account.ts'
import type { TaggedAccount } from '../../test/fixtures/tagged-account.ts'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import { seededRng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneFold } from '../lanes/lane-state.ts'
import type { AddressedEntry, TableEntry } from '../lanes/ledger-entry.ts'
import { createCombinedSource } from '../sources/discovery/combined-source.ts'
import type { SourcePart } from '../sources/discovery/source-part.ts'
import { createDynamoDbStreamsSource } from '../sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { Source } from '../sources/source.ts'
import { createManualClock as createStandingClock } from '../testing/manual-clock.ts'
import type { Coordination } from './coordination.ts'
import type { PipelineEvent } from './pipeline-event.ts'
import { createAbsenceWatch } from './table-retirement.ts'
import { findTables, retireTables } from './table-watch.ts'
import type { LookOccasion } from './table-watch.ts'
import { createTopicProvisioner } from './topic-provisioner.ts'

const never = new AbortController().signal
const rules = {
  isReserved: () => false,
  isSharingAllowed: false,
  mayCreate: false,
  partitions: 1,
  replicationFactor: 1,
  config: {},
}

let account: TaggedAccount
let events: PipelineEvent[]
let fold: LaneFold
let written: AddressedEntry[]
let topicOf: Map<string, string>
/** Why the topics of tables cannot be had. */
let refusedTopics: Map<string, Error>

beforeEach(() => {
  account = createTaggedAccount()
  events = []
  fold = createLaneFold()
  written = []
  topicOf = new Map()
  refusedTopics = new Map()
})

/** The coordinator's parts that look for tables, over a ledger in memory. */
function coordination(changes: Partial<Source> = {}): Coordination {
  const clock = createManualClock(1_000)
  const tags = [{ key: 'cdc', values: undefined }]
  const rng = seededRng(1)
  const onEvent = (event: PipelineEvent): void => void events.push(event)
  const source = createDynamoDbStreamsSource({ api: account.api, clock, rng, region: 'eu-west-1', tables: ['*'], tags })
  const topics = {
    ...createTopicProvisioner(
      {} as KafkaApi,
      { ...rules, nameOf: ({ name }) => topicOf.get(name) ?? name },
      { clock, onEvent },
    ),
    provide: async ({ name }: { readonly name: string }) => {
      const refusal = refusedTopics.get(name)
      if (refusal !== undefined) throw refusal
      return { topic: topicOf.get(name) ?? name, partitions: 1, id: `id-${topicOf.get(name) ?? name}` }
    },
    look: async (topic: string) => ({ partitions: 1, id: `id-${topic}` }),
  }
  const parts = {
    environment: { source: { ...source, ...changes }, clock, onEvent },
    session: { state: fold.state },
    topics,
    found: new Set<string>(),
    absences: createAbsenceWatch(),
    goneStreams: createAbsenceWatch(),
    lastLook: { seen: undefined, isPartial: false, hasTakenOver: false },
    ledger: { refresh: async () => [fold.state] },
    write: async (addressed: readonly AddressedEntry[]) => {
      written.push(...addressed)
      addressed.forEach(({ entry }) => fold.apply({ kind: 'entry', entry }))
    },
    writeTables: async (entries: readonly TableEntry[]) =>
      entries.forEach((entry) => fold.apply({ kind: 'entry', entry })),
    snapshots: { mode: 'never', exports: undefined },
    start: { kind: 'trim-horizon' },
    tuning: { tableCheckMs: 60_000, listingMs: 300_000 },
  }
  return parts as unknown as Coordination
}

async function look(world: Coordination, occasion: LookOccasion = 'looking-again'): Promise<readonly string[]> {
  const begun = await findTables(world, occasion, never)
  await retireTables(world, occasion, never)
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
      {
        kind: 'tables-looked-for',
        tables: 1,
        skipped: [
          {
            name: 'still',
            arn: expect.stringContaining('table/still'),
            code: 'STREAM_DISABLED',
            message: 'Table still has no enabled stream',
          },
        ],
      },
    ])
    account.hidden.add('orders')
    account.hidden.add('still')
    account.denied.add('GetResources')
    for (let i = 0; i < 3; i++) await look(world)
    expect(statusOf('orders')).toEqual({ kind: 'streaming' })
  })

  it('that are skipped stand in the ledger, with the reason, as long as they are', async () => {
    account.create('orders', { cdc: '' })
    account.create('still', { cdc: '' }, false)
    const world = coordination()
    await look(world)
    await look(world)
    const still = { name: 'still', code: 'STREAM_DISABLED', message: 'Table still has no enabled stream' }
    expect(fold.state.skipped?.tables).toMatchObject([still])
    expect(written).toMatchObject([{ lane: 0 }])
    account.delete('still')
    account.create('still', { cdc: '' })
    await look(world)
    await look(world)
    expect(fold.state.skipped?.tables).toEqual([])
    expect(written).toHaveLength(2)
  })

  it('may all come later, be it to a first start', async () => {
    account.create('still', { cdc: '' }, false)
    const world = coordination()
    expect(await findTables(world, 'taken-over', never)).toEqual([])
    expect(fold.state.skipped?.tables).toMatchObject([
      { name: '*, cdc', code: 'TABLE_NOT_FOUND' },
      { name: 'still', code: 'STREAM_DISABLED' },
    ])
    account.create('orders', { cdc: '' })
    expect(await look(world)).toEqual(['orders'])
    expect(fold.state.skipped?.tables).toMatchObject([{ name: 'still' }])
  })

  it('and cannot be found any more say so', async () => {
    account.create('orders', { cdc: '' })
    const world = coordination()
    await look(world)
    account.hidden.add('orders')
    await look(world)
    const { message } = { message: expect.stringMatching(/^No readable table in eu-west-1 matches \*, cdc$/) }
    expect(fold.state.skipped?.tables).toEqual([{ name: '*, cdc', code: 'TABLE_NOT_FOUND', message }])
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

  it('are retired although their account gives its answer only to every other look', async () => {
    const clock = createStandingClock()
    const { source } = coordination().environment
    const part = (region: string, findTables: Source['findTables']): SourcePart => {
      return { region, account: undefined, title: region, tables: ['*'], source: { ...source, findTables } }
    }
    const slow = part('eu-west-1', async (signal, listener) => {
      await clock.sleep(40_000, signal)
      return source.findTables(signal, listener)
    })
    const silences: string[] = []
    const onSilence = ({ code }: TailraceError): void => void silences.push(code)
    const parts = [slow, part('us-east-1', () => Promise.resolve([]))]
    const world = coordination(createCombinedSource({ parts, clock, onSilence }))
    const lookFor = async (ms: number): Promise<void> => {
      const done = look(world)
      await Promise.all([clock.advance(ms), done])
    }
    account.create('orders', { cdc: '' })
    await lookFor(35_000)
    await lookFor(35_000)
    expect(statusOf('orders')).toEqual({ kind: 'streaming' })
    account.tag('orders', {})
    for (let i = 0; i < 4; i++) await lookFor(35_000)
    expect(silences).toHaveLength(3)
    expect(statusOf('orders')).toMatchObject({ kind: 'retired', why: 'untagged' })
  })
})

describe('a table that cannot be taken up', () => {
  const refusals = ['TOPIC_MISSING', 'TOPIC_RESERVED', 'KAFKA_AUTHORIZATION', 'KAFKA_PROTOCOL'] as const

  it.each(refusals)('for its topic (%s) is left out until that can be had, and the others start', async (code) => {
    account.create('bills', { cdc: '' })
    const world = coordination()
    await look(world)
    account.create('orders', { cdc: '' })
    account.create('shops', { cdc: '' })
    refusedTopics.set('orders', new TailraceError(code, 'no topic orders'))
    account.tag('bills', {})
    expect(await look(world)).toEqual(['shops'])
    expect(fold.state.skipped?.tables).toMatchObject([{ name: 'orders', code, message: 'no topic orders' }])
    expect(await look(world)).toEqual([])
    expect(statusOf('bills')).toMatchObject({ kind: 'retired' })
    refusedTopics.clear()
    expect(await look(world)).toEqual(['orders'])
    expect(fold.state.skipped?.tables).toEqual([])
  })

  it('is refused by a first start', async () => {
    account.create('orders', { cdc: '' })
    refusedTopics.set('orders', new TailraceError('TOPIC_MISSING', 'no topic orders'))
    await expect(findTables(coordination(), 'taken-over', never)).rejects.toMatchObject({ code: 'TOPIC_MISSING' })
    account.create('shops', { cdc: '' })
    topicOf.set('shops', 'orders')
    await expect(findTables(coordination(), 'taken-over', never)).rejects.toMatchObject({ code: 'TOPIC_COLLISION' })
  })

  it('does not hide that Kafka does not answer, and the others have started by then', async () => {
    account.create('orders', { cdc: '' })
    account.create('shops', { cdc: '' })
    refusedTopics.set('orders', new TailraceError('KAFKA_UNREACHABLE', 'no answer'))
    await expect(look(coordination())).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
    expect(statusOf('shops')).toEqual({ kind: 'streaming' })
  })

  it('because another one has its topic is left out as long as that one is read', async () => {
    account.create('orders', { cdc: '' })
    const world = coordination()
    await look(world)
    account.create('clone', { cdc: '' })
    topicOf.set('clone', 'orders')
    account.create('bills', { cdc: '' })
    expect(await look(world)).toEqual(['bills'])
    expect(fold.state.skipped?.tables).toMatchObject([{ name: 'clone', code: 'TOPIC_COLLISION' }])
    account.tag('orders', {})
    await look(world)
    await look(world)
    expect(statusOf('orders')).toMatchObject({ kind: 'retired' })
    expect(await look(world)).toEqual(['clone'])
    // The other way round: it has come back, and its topic is taken.
    account.tag('orders', { cdc: '' })
    expect(await look(world)).toEqual([])
    expect(statusOf('orders')).toMatchObject({ kind: 'retired' })
    expect(fold.state.skipped?.tables).toMatchObject([{ name: 'orders', code: 'TOPIC_COLLISION' }])
  })

  it.each(['DescribeTable', 'ListTagsOfResource'])(
    'because %s is not allowed on it stays what it is',
    async (action) => {
      account.denied.add('GetResources')
      account.create('orders', { cdc: '' })
      const world = coordination()
      await look(world)
      account.deniedTables.add(`${action} orders`)
      account.deniedTables.add(`${action} secrets`)
      account.create('secrets', { cdc: '' })
      account.create('bills', { cdc: '' })
      expect(await look(world)).toEqual(['bills'])
      for (let i = 0; i < 3; i++) await look(world)
      expect(statusOf('orders')).toEqual({ kind: 'streaming' })
      expect(fold.state.skipped?.tables).toMatchObject([
        { name: 'orders', code: 'AWS_ACCESS_DENIED' },
        { name: 'secrets', code: 'AWS_ACCESS_DENIED' },
      ])
    },
  )
})

describe('a table that has stopped, and is deleted before its cause is mended', () => {
  let listShards: Source['listShards']
  const isThere: Source['listShards'] = async () => ({ shards: [], status: 'DISABLED' })

  /** It has stopped at a record of shard `s`, which is not read to its end. */
  async function stopAndDelete(): Promise<Coordination> {
    account.create('orders', { cdc: '' })
    const world = coordination({ listShards: (...asked) => listShards(...asked) })
    await look(world)
    const [known] = fold.state.tables.values()
    if (known === undefined) throw new Error('nobody has met the table')
    const { arn: tableArn, streamArn } = known.table
    const from = { parent: undefined, parents: [], after: undefined, notBeforeMs: undefined, sinceMs: undefined }
    fold.apply({ kind: 'entry', entry: { kind: 'begin', tableArn, streamArn, shardId: 's', generation: 0, ...from } })
    const status = { kind: 'stopped', code: 'DECODE_FAILED', reason: 'odd', shardId: 's' } as const
    fold.apply({ kind: 'entry', entry: { ...known, version: known.version + 1, status } })
    account.delete('orders')
    listShards = isThere
    return world
  }

  it('is tried again when lane 0 is taken anew, to deliver what is left of its stream', async () => {
    const world = await stopAndDelete()
    for (let i = 0; i < 3; i++) await look(world)
    expect(statusOf('orders')).toMatchObject({ kind: 'stopped' })
    await look(world, 'taken-over')
    expect(statusOf('orders')).toEqual({ kind: 'streaming' })
    expect(kinds()).toContain('table-resumed')
  })

  it('is not tried again where its stream cannot be read', async () => {
    const world = await stopAndDelete()
    for (const code of ['STREAM_NOT_FOUND', 'AWS_UNREACHABLE'] as const) {
      listShards = () => Promise.reject(new TailraceError(code, 'no'))
      await look(world, 'taken-over')
      expect(statusOf('orders')).toMatchObject({ kind: 'stopped' })
    }
  })

  it('is retired once two looks have found no stream, with a word about what is lost', async () => {
    const world = await stopAndDelete()
    const goneOnce = async (): Promise<void> => {
      listShards = () => Promise.reject(new TailraceError('STREAM_NOT_FOUND', 'no'))
      await look(world)
      listShards = isThere
    }
    await look(world)
    await goneOnce()
    await look(world)
    await goneOnce()
    expect(statusOf('orders')).toMatchObject({ kind: 'stopped' })
    await goneOnce()
    expect(statusOf('orders')).toMatchObject({
      kind: 'retired',
      why: 'gone',
      reason: expect.stringMatching(/1 shard is lost/),
    })
    expect(events.find(({ kind }) => kind === 'table-retired')).toMatchObject({ table: 'orders', unread: ['s'] })
  })
})
