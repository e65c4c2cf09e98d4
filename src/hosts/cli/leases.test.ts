import { describe, expect, it } from 'vitest'
import type { Item } from '../../change/attribute-value.ts'
import type { ForeignPosition } from '../../change/foreign-position.ts'
import type { Shard, ShardPosition } from '../../change/shard.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import type { TakenShard } from '../../lanes/take-over.ts'
import type { ScanPage, Source } from '../../sources/source.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { lostShards, readStandingLeases, watchMs, whyUnloaded } from './leases.ts'
import type { LeasedTable } from './leases.ts'
import { leaseMeaning, leasesJson } from './render-leases.ts'
import { isLoaded } from './take-over-leases.ts'
import type { LeasePlan } from './take-over-leases.ts'

const signal = new AbortController().signal
const unused = (): Promise<never> => Promise.reject(new Error('not used'))

function tableOf(name: string): Table {
  return {
    arn: `arn:${name}`,
    name,
    id: 'id',
    region: 'r',
    account: 'a',
    streamArn: `stream:${name}`,
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema: [],
  }
}

const shard = (shardId: string): Shard => ({
  shardId,
  parents: [],
  startingSequenceNumber: undefined,
  endingSequenceNumber: undefined,
})
const row = (shardId: string, checkpoint: string, counter: number): Item => ({
  leaseKey: { S: shardId },
  checkpoint: { S: checkpoint },
  leaseCounter: { N: String(counter) },
  leaseOwner: { S: 'worker-1' },
})

/** What a source shows of leases and shards; `rows` may change while it is asked. */
interface Shown {
  readonly rows: ReadonlyMap<string, readonly Item[]>
  readonly listed?: readonly string[]
  /** Not listed, and there all the same. */
  readonly hidden?: readonly string[]
  readonly refusals?: Readonly<Record<string, ErrorCode>>
}

function sourceOf({ rows, listed = [], hidden = [], refusals = {} }: Shown, asked: ShardPosition[] = []): Source {
  const page = (items: readonly unknown[], lastKey: string | undefined): ScanPage => ({
    items,
    lastKey,
    units: 1,
    throttles: 0,
    bytes: 1,
    requestedAtMs: 0,
    receivedAtMs: 0,
  })
  return {
    findTables: unused,
    describeTable: unused,
    childShards: unused,
    tableSize: unused,
    listShards: () => Promise.resolve({ shards: listed.map(shard), status: 'ENABLED' }),
    hasShard: (_, shardId) => Promise.resolve(hidden.includes(shardId)),
    openShard: (position) => {
      asked.push(position)
      const code = refusals[position.shardId]
      const read = code === undefined ? () => Promise.resolve() : () => Promise.reject(new TailraceError(code, 'no'))
      return { read: read as never }
    },
    // One lease a page.
    scanPage: ({ table, afterKey = '0' }) => {
      const all = rows.get(table.name)
      if (all === undefined) return Promise.reject(new TailraceError('TABLE_NOT_FOUND', `no ${table.name}`))
      const index = Number(afterKey)
      return Promise.resolve(page(all.slice(index, index + 1), index + 1 < all.length ? String(index + 1) : undefined))
    },
  }
}

async function read(rows: Map<string, readonly Item[]>, meanwhile: () => void): Promise<readonly LeasedTable[]> {
  const clock = createManualClock()
  const source = sourceOf({ rows, listed: ['a', 'b'] })
  const reading = readStandingLeases({ source, prefix: 'KCL-', clock }, [tableOf('orders'), tableOf('other')], signal)
  reading.catch(() => {})
  for (let turn = 0; turn < 50 && clock.sleepers === 0; turn++) await new Promise((resolve) => setImmediate(resolve))
  meanwhile()
  await clock.advance(watchMs)
  return reading
}

describe('leases of a connector that has stopped', () => {
  it('are read of every table that has some', async () => {
    const rows = new Map([['KCL-orders', [row('a', '17', 5), row('b', 'LATEST', 9), { note: { S: 'no lease' } }]]])
    expect(await read(rows, () => {})).toEqual([
      {
        table: tableOf('orders'),
        leaseTable: 'KCL-orders',
        listed: [shard('a'), shard('b')],
        positions: new Map([
          ['a', { kind: 'after', sequenceNumber: '17' }],
          ['b', { kind: 'begun' }],
        ]),
        unplaced: ['b'],
      },
    ])
  })

  it('are refused while one of them is renewed, by whom', async () => {
    const rows = new Map([
      ['KCL-orders', [row('a', '17', 5)]],
      ['KCL-other', [row('z', '1', 1)]],
    ])
    const moved = read(rows, () => void rows.set('KCL-other', [row('z', '1', 2)]))
    await expect(moved).rejects.toMatchObject({
      code: 'LEASES_MOVING',
      message: expect.stringMatching(/shard z in KCL-other is renewed by worker-1/),
    })
  })

  it.each([
    ['no lease table', new Map<string, readonly Item[]>()],
    ['no lease', new Map<string, readonly Item[]>([['KCL-orders', []]])],
  ])('are refused where there is %s', async (_, rows) => {
    await expect(read(rows, () => {})).rejects.toMatchObject({ code: 'LEASES_UNUSABLE' })
  })
})

describe('what was lost', () => {
  const leased = (positions: LeasedTable['positions'], listed: readonly string[]): LeasedTable => ({
    table: tableOf('orders'),
    leaseTable: 'KCL-orders',
    listed: listed.map(shard),
    positions,
    unplaced: [],
  })
  const open = (shardId: string, after?: string): TakenShard => ({ shardId, becomes: 'open', after, begunAtMs: 5 })

  it('is what has left the stream unread, and what is trimmed behind a position', async () => {
    const asked: ShardPosition[] = []
    const refusals = { b: 'STREAM_GAP', c: 'SHARD_NOT_FOUND' } as const
    const source = sourceOf({ rows: new Map(), refusals }, asked)
    const positions = new Map([
      ['gone', { kind: 'after', sequenceNumber: '1' } as const],
      ['read', { kind: 'end' } as const],
    ])
    const taken = [open('a', '3'), open('b'), open('c', '4'), { ...open('d'), becomes: 'later' } as const]
    expect(await lostShards(source, leased(positions, ['a', 'b', 'c', 'd']), taken, signal)).toEqual([
      { shardId: 'gone', why: 'gone' },
      { shardId: 'b', why: 'trimmed' },
      { shardId: 'c', why: 'gone' },
    ])
    expect(asked).toMatchObject([
      { streamArn: 'stream:orders', shardId: 'a', after: '3' },
      { shardId: 'b', after: undefined, unreadSinceMs: 5 },
      { shardId: 'c', after: '4' },
    ])
  })

  it('is not told of a listing that lacks what is there', async () => {
    const source = sourceOf({ rows: new Map(), hidden: ['h'] })
    const lost = lostShards(source, leased(new Map([['h', { kind: 'begun' } as const]]), []), [], signal)
    await expect(lost).rejects.toMatchObject({ code: 'LEASES_UNUSABLE' })
  })
})

describe('that a table was loaded', () => {
  const begun = { kind: 'begun' } as const
  const end = { kind: 'end' } as const
  const after = { kind: 'after', sequenceNumber: '17' } as const
  const why = (positions: readonly ForeignPosition[], loads?: ReadonlyMap<string, string>): string | undefined =>
    whyUnloaded(
      { table: tableOf('orders'), positions: new Map(positions.map((one, index) => [`s${index}`, one] as const)) },
      loads,
    )

  it('is shown by a change that was delivered: leases at the trim horizon are there while it is loaded', () => {
    expect(why([begun, begun, end])).toMatch(/no lease of it has a sequence number/)
    expect(why([begun, after])).toBeUndefined()
  })

  it('is shown by the offsets before anything else: of a table that is loaded once more, and of a quiet one', () => {
    expect(why([after], new Map([['orders', 'RUNNING']]))).toMatch(/its load is RUNNING/)
    expect(why([after], new Map([['other', 'FINISHED']]))).toMatch(/do not say that it was loaded/)
    expect(why([begun], new Map([['orders', 'FINISHED']]))).toBeUndefined()
  })

  it('is not taken over where it is doubtful, and told', () => {
    const one = { table: tableOf('orders'), leaseTable: 'KCL-orders', listed: [], positions: new Map(), unplaced: [] }
    const plan = (unloaded: string | undefined): LeasePlan => ({
      tables: [{ ...one, shards: [], lost: [], unloaded }],
      without: [],
    })
    expect([isLoaded({ lost: [], unloaded: 'why' }), isLoaded({ lost: [], unloaded: undefined })]).toEqual([
      false,
      true,
    ])
    expect(leaseMeaning(plan('why')).join('\n')).toMatch(/Table orders may not have been loaded \(why\)/)
    expect(leaseMeaning(plan(undefined)).join('\n')).not.toMatch(/may not have been loaded/)
    expect(leasesJson(plan('why'))).toMatchObject({ tables: [{ table: 'orders', loaded: false }] })
  })
})
