import { describe, expect, it } from 'vitest'
import { systemClock } from '../../async/system-clock.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { createLaneFold } from '../../lanes/lane-state.ts'
import type { LaneCommit, LaneSession } from '../../lanes/lane-session.ts'
import type { AtEntry, IdentityEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { firstEntry } from '../table-life.ts'
import type { StageInput, StageOutput, Stages } from '../stages.ts'
import type { TopicLimits } from '../topic-limits.ts'
import { deliverBatch } from './deliver-batch.ts'
import type { PushedBatch, PushedOutcome, PushedRecord } from './pushed-batch.ts'

const never = new AbortController().signal
const table: Table = {
  arn: 'table',
  name: 'orders',
  id: 'id',
  region: 'eu-west-1',
  account: '1',
  streamArn: 'stream',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [],
}
const entry = firstEntry(table, { topic: 'shop.orders', partitions: 2, id: 't' }, undefined)
const identity: IdentityEntry = {
  kind: 'identity',
  pipeline: 'shop',
  clusterId: 'c',
  topicId: 'l',
  lanes: 4,
  epoch: 1,
  fingerprint: 'f',
}

/** Wires are texts; `bad` cannot pass. What stages are asked for is noted. */
function world(
  options: { readonly entry?: TableEntry; readonly at?: Partial<AtEntry>; readonly isAtomic?: boolean } = {},
): {
  readonly deliver: (records: readonly PushedRecord[]) => Promise<PushedOutcome>
  readonly commits: LaneCommit[]
  readonly asked: (readonly unknown[])[]
} {
  const fold = createLaneFold()
  fold.apply({ kind: 'entry', entry: identity })
  if (options.at !== undefined) fold.apply({ kind: 'entry', entry: { ...position, ...options.at } })
  const commits: LaneCommit[] = []
  const asked: (readonly unknown[])[] = []
  const session: LaneSession = {
    lane: 2,
    state: fold.state,
    fate: 'aborted',
    follow: () => Promise.resolve(false),
    commit: async (change) => void commits.push(change),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const stages: Pick<Stages, 'process'> = {
    process: async (input) => {
      asked.push(input.records)
      return outputOf(input, options.isAtomic === true)
    },
  }
  const limits: Pick<TopicLimits, 'maxRecordBytes' | 'maxRecordBytesNow'> = {
    maxRecordBytes: () => Promise.resolve(1_000_000),
    maxRecordBytesNow: () => Promise.resolve(1_000_000),
  }
  const parts = {
    stages: stages as Stages,
    topicLimits: limits as TopicLimits,
    clock: systemClock,
    keepsPositions: true,
  }
  const batch = (records: readonly PushedRecord[]): PushedBatch => ({
    streamArn: 'stream',
    tableArn: 'table',
    tableName: 'orders',
    shardId: 'shard',
    records,
  })
  const held = { session, table: options.entry ?? entry, [Symbol.asyncDispose]: () => Promise.resolve() }
  return { commits, asked, deliver: (records) => deliverBatch(batch(records), held, parts, never) }
}

const position: AtEntry = {
  kind: 'at',
  tableArn: 'table',
  streamArn: 'stream',
  shardId: 'shard',
  generation: 3,
  status: 'open',
  after: '5',
  createdAtMs: 1,
  committedAtMs: 1,
  movedTo: undefined,
  children: undefined,
}

function outputOf({ records }: StageInput, isAtomic: boolean): StageOutput {
  const badAt = records.findIndex((wire) => String(wire).includes('bad'))
  const failure =
    badAt < 0
      ? undefined
      : new TailraceError('RECORD_UNREADABLE', 'no', {
          details: { sequenceNumber: String(records[badAt]).split('-')[1] },
        })
  const read = failure === undefined ? records.length : isAtomic ? 0 : badAt
  return {
    records: [],
    bytes: 0,
    changes: read,
    contained: 0,
    caughtUp: [],
    read,
    last: undefined,
    failure,
    left: { dropped: 0, rejected: [] },
    attachments: [],
  }
}

const record = (sequenceNumber: string, ...wires: readonly string[]): PushedRecord => ({
  sequenceNumber,
  wires: wires.length === 0 ? [`wire-${sequenceNumber}`] : wires,
})

const afterOf = (commits: readonly LaneCommit[]): unknown =>
  commits.map(({ entries }) => entries.map(({ lane, entry: one }) => [lane, one.kind === 'at' ? one.after : one.kind]))

describe('what a position covers', () => {
  it('is dropped by number, not by text, and costs no transaction', async () => {
    const { deliver, commits, asked } = world({ at: { after: '0010' } })
    expect(await deliver([record('9'), record('10'), record('11')])).toMatchObject({
      records: 3,
      repeated: 2,
      changes: 1,
    })
    expect(asked).toEqual([['wire-11']])
    expect(afterOf(commits)).toEqual([[[2, '11']]])
    expect(await deliver([record('9'), record('10')])).toMatchObject({ repeated: 2, changes: 0, failure: undefined })
    expect(commits).toHaveLength(1)
  })

  it('is all of a shard that a worker has read to its end', async () => {
    const { deliver, asked } = world({ at: { status: 'end', children: [] } })
    expect(await deliver([record('99')])).toMatchObject({ repeated: 1, failure: undefined })
    expect(asked).toEqual([])
  })
})

describe('a record that cannot pass', () => {
  it('leaves what is in front of it delivered', async () => {
    const { deliver, commits } = world()
    const outcome = await deliver([record('1'), record('2', 'bad-2'), record('3')])
    expect(outcome).toMatchObject({
      changes: 1,
      failure: { sequenceNumber: '2', error: { code: 'RECORD_UNREADABLE' } },
    })
    expect(afterOf(commits)).toEqual([[[2, '1']]])
  })

  it('does so, too, where pages are taken whole or not at all, and where it was packed with others', async () => {
    for (const isAtomic of [true, false]) {
      const { deliver, commits, asked } = world({ isAtomic })
      const packed = record('2', 'wire-2/0', 'bad-2/1', 'wire-2/2')
      expect(await deliver([record('1'), packed, record('3')])).toMatchObject({ failure: { sequenceNumber: '2' } })
      expect(asked.at(-1)).toEqual(['wire-1'])
      expect(afterOf(commits)).toEqual([[[2, '1']]])
    }
  })

  it('is named where it is the first, and nothing moves', async () => {
    const { deliver, commits } = world()
    expect(await deliver([record('1', 'bad-1'), record('2')])).toMatchObject({
      changes: 0,
      failure: { sequenceNumber: '1' },
    })
    expect(afterOf(commits)).toEqual([[]])
  })

  it('may be a package that is damaged', async () => {
    const { deliver, commits } = world()
    const damage = new TailraceError('PACKAGE_DAMAGED', 'no')
    const outcome = await deliver([record('1'), { sequenceNumber: '2', wires: [], damage }, record('3')])
    expect(outcome.failure).toEqual({ sequenceNumber: '2', error: damage })
    expect(afterOf(commits)).toEqual([[[2, '1']]])
  })
})

describe('a start in time', () => {
  const late: TableEntry = { ...entry, notBeforeMs: 1_000 }
  const at = (sequenceNumber: string, writtenAtMs: number): PushedRecord => ({ ...record(sequenceNumber), writtenAtMs })

  it('leaves out what was written before, as long as nothing of the shard was delivered', async () => {
    const { deliver, asked } = world({ entry: late })
    expect(await deliver([at('6', 999), at('7', 1_000)])).toMatchObject({ records: 2, repeated: 0, changes: 1 })
    expect(asked).toEqual([['wire-7']])
    const running = world({ entry: late, at: {} })
    await running.deliver([at('6', 999), at('7', 1_000)])
    expect(running.asked).toEqual([['wire-6', 'wire-7']])
  })
})

it('refuses numbers that do not grow', async () => {
  await expect(world().deliver([record('2'), record('2')])).rejects.toMatchObject({ code: 'LAMBDA_EVENT_MIXED' })
})
