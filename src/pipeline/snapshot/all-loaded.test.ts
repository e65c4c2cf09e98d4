import { beforeEach, describe, expect, it } from 'vitest'
import { createTaggedAccount } from '../../../test/fixtures/tagged-account.ts'
import type { TaggedAccount } from '../../../test/fixtures/tagged-account.ts'
import { createManualClock } from '../../../test/servers/stream-simulator/manual-clock.ts'
import { seededRng } from '../../async/rng.ts'
import { TailraceError } from '../../errors.ts'
import { createLaneFold } from '../../lanes/lane-state.ts'
import type { LaneFold } from '../../lanes/lane-state.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { createCombinedSource } from '../../sources/discovery/combined-source.ts'
import { createDynamoDbStreamsSource } from '../../sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { Coordination } from '../coordination.ts'
import type { PipelineEvent } from '../pipeline-event.ts'
import { createAbsenceWatch } from '../table-retirement.ts'
import { findTables, retireTables } from '../table-watch.ts'
import { tellIfLoaded } from './snapshot-duties.ts'

const never = new AbortController().signal

let here: TaggedAccount
let there: TaggedAccount
let isThereSilent: boolean
let events: PipelineEvent[]
let fold: LaneFold

beforeEach(() => {
  here = createTaggedAccount()
  there = createTaggedAccount({ region: 'us-east-1' })
  isThereSilent = false
  events = []
  fold = createLaneFold()
})

/** The coordinator's parts that look for tables of two regions, where tables are only loaded. */
function coordination(): Coordination {
  const clock = createManualClock(1_000)
  const parts = [here, there].map((account, index) => {
    const region = index === 0 ? 'eu-west-1' : 'us-east-1'
    const tags = [{ key: 'cdc', values: undefined }]
    const options = { api: account.api, clock, rng: seededRng(1), region, tables: ['*'], tags }
    const source = createDynamoDbStreamsSource(options)
    const findThere: typeof source.findTables = (signal, listener) =>
      isThereSilent
        ? Promise.reject(new TailraceError('AWS_UNREACHABLE', 'silent'))
        : source.findTables(signal, listener)
    return {
      region,
      account: '111111111111',
      title: region,
      tables: ['*'],
      source: index === 0 ? source : { ...source, findTables: findThere },
    }
  })
  const source = createCombinedSource({ parts, clock })
  return {
    environment: { source, clock, onEvent: (event: PipelineEvent) => events.push(event) },
    session: { state: fold.state },
    write: async () => undefined,
    topics: {
      refuseCollisions: () => {},
      refusalOf: () => undefined,
      nameOf: ({ name }: { readonly name: string }) => name,
      provide: async ({ name }: { readonly name: string }) => ({ topic: name, partitions: 1, id: `id-${name}` }),
      look: async (topic: string) => ({ partitions: 1, id: `id-${topic}` }),
    },
    found: new Set<string>(),
    absences: createAbsenceWatch(),
    goneStreams: createAbsenceWatch(),
    lastLook: { seen: undefined, isPartial: false, hasTakenOver: true },
    ledger: { refresh: async () => [fold.state] },
    writeTables: async (entries: readonly TableEntry[]) =>
      entries.forEach((entry) => fold.apply({ kind: 'entry', entry })),
    snapshots: { mode: 'only', exports: undefined },
    start: { kind: 'trim-horizon' },
    tuning: { tableCheckMs: 60_000, listingMs: 300_000 },
  } as unknown as Coordination
}

async function look(world: Coordination): Promise<void> {
  await findTables(world, 'looking-again', never)
  await retireTables(world, 'looking-again', never)
}

/** The table's snapshot is complete. */
function load(name: string): void {
  const entry = [...fold.state.tables.values()].find(({ table }) => table.name === name)
  if (entry === undefined) throw new Error(`nobody has met ${name}`)
  const snapshot = {
    state: 'completed',
    segments: 1,
    requestedAtMs: 1,
    endedAtMs: 2,
    totals: { rows: 1, items: 1 },
  } as unknown as TableEntry['snapshot']
  fold.apply({ kind: 'entry', entry: { ...entry, version: entry.version + 1, snapshot } })
}

/** How many tables are told to be loaded now; undefined: nothing is told. */
function told(world: Coordination): number | undefined {
  events = []
  tellIfLoaded(world)
  const event = events.find(({ kind }) => kind === 'all-loaded')
  return event?.kind === 'all-loaded' ? event.tables : undefined
}

describe('that all tables are loaded', () => {
  it('is not told while one is under way whose account did not answer the last look', async () => {
    here.create('orders', { cdc: '' })
    there.create('bills', { cdc: '' })
    const world = coordination()
    await look(world)
    load('orders')
    isThereSilent = true
    await look(world)
    expect(told(world)).toBeUndefined()
    isThereSilent = false
    await look(world)
    expect(told(world)).toBeUndefined()
    load('bills')
    expect(told(world)).toBe(2)
  })

  it('is not told while nobody knows the tables of an account that does not answer', async () => {
    here.create('orders', { cdc: '' })
    there.create('bills', { cdc: '' })
    isThereSilent = true
    const world = coordination()
    await look(world)
    load('orders')
    expect(told(world)).toBeUndefined()
    isThereSilent = false
    await look(world)
    expect(told(world)).toBeUndefined()
    load('bills')
    expect(told(world)).toBe(2)
  })

  it('is not told because one listing lacks a table', async () => {
    here.create('orders', { cdc: '' })
    here.create('bills', { cdc: '' })
    const world = coordination()
    await look(world)
    load('orders')
    here.hidden.add('bills')
    await look(world)
    expect(told(world)).toBeUndefined()
  })

  it('is told without tables that are gone, once that is certain', async () => {
    here.create('orders', { cdc: '' })
    here.create('bills', { cdc: '' })
    const world = coordination()
    await look(world)
    load('orders')
    here.delete('bills')
    await look(world)
    expect(told(world)).toBeUndefined()
    await look(world)
    expect(told(world)).toBe(1)
  })
})
