import { expect, it } from 'vitest'
import type { Table } from '../../change/table.ts'
import { createLaneFold } from '../../lanes/lane-state.ts'
import type { LaneFold } from '../../lanes/lane-state.ts'
import { ledgerKey } from '../../lanes/ledger-codec.ts'
import type { AtEntry, Way } from '../../lanes/ledger-entry.ts'
import { registrarOf } from '../../lanes/registrar.ts'
import type { ShardTaker } from '../../lanes/shard-taker.ts'
import { firstEntry } from '../table-life.ts'
import { forgetOldShards } from './forget-shards.ts'

const hourMs = 3_600_000
const nowMs = 10_000 * hourMs
const lanes = 16
const never = new AbortController().signal

/** One partition of a ledger, of which shards are taken without a fence. */
function partition(
  lane: number,
  { way, isStream }: { readonly way: Way; readonly isStream?: true },
): {
  readonly fold: LaneFold
  readonly add: (shardId: string, ageHours: number, more?: Partial<AtEntry>) => void
  readonly forget: () => Promise<number>
} {
  const fold = createLaneFold()
  const table: Table = {
    arn: 't',
    name: 't',
    id: 'i',
    region: 'r',
    account: '1',
    streamArn: 's',
    viewType: 'NEW_IMAGE',
    keySchema: [],
    ...(isStream === undefined ? {} : { isStream, retentionMs: 24 * hourMs }),
  }
  const identity = {
    kind: 'identity',
    pipeline: 'p',
    clusterId: 'c',
    topicId: 'l',
    lanes,
    epoch: 1,
    fingerprint: 'f',
  } as const
  fold.apply({ kind: 'entry', entry: identity })
  fold.apply({ kind: 'entry', entry: { kind: 'way', version: 1, way, atMs: 0 } })
  fold.apply({ kind: 'entry', entry: firstEntry(table, { topic: 'x', partitions: 1, id: 'x' }, undefined) })
  const session = {
    lane,
    state: fold.state,
    fate: 'aborted' as const,
    follow: () => Promise.resolve(false),
    commit: async ({ entries }: Parameters<Awaited<ReturnType<ShardTaker['take']>>['commit']>[0]) => {
      for (const { entry } of entries) fold.apply({ kind: 'forget', key: ledgerKey(entry) })
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const taker: ShardTaker = { take: () => Promise.resolve(session) }
  return {
    fold,
    add: (shardId, ageHours, more = {}) => {
      const at: AtEntry = {
        kind: 'at',
        tableArn: 't',
        streamArn: 's',
        shardId,
        generation: 0,
        status: 'open',
        after: '1',
        createdAtMs: 1,
        committedAtMs: nowMs - ageHours * hourMs,
        movedTo: undefined,
        children: undefined,
        ...more,
      }
      fold.apply({ kind: 'entry', entry: at })
    },
    forget: () => forgetOldShards(session, { taker, nowMs, pipeline: 'p' }, never),
  }
}

const lane = registrarOf('s', 'old', lanes)
const shardsOf = (own: number, prefix: string): readonly string[] =>
  Array.from({ length: 200 }, (_, at) => `${prefix}${at}`).filter(
    (id) => (registrarOf('s', id, lanes) === lane) === (own === lane),
  )

it('forgets what covers nothing that could come again, two at a time, and nothing else', async () => {
  const { add, forget, fold } = partition(lane, { way: 'lambda' })
  add('old', 49)
  const young = shardsOf(lane, 'young').slice(0, 3)
  for (const id of young) add(id, 47)
  const older = shardsOf(lane, 'older').slice(0, 4)
  for (const id of older) add(id, 1_000)
  expect([await forget(), await forget(), await forget(), await forget()]).toEqual([2, 2, 1, 0])
  expect([...fold.state.shards.values()].map(({ shardId }) => shardId)).toEqual(young)
})

it('is not held up by what workers have left in the lane, which is theirs', async () => {
  const { add, forget, fold } = partition(lane, { way: 'lambda' })
  for (const id of shardsOf(-1, 'stray').slice(0, 5)) add(id, 1_000, { status: 'moved', movedTo: 0 })
  add('old', 49)
  expect(await forget()).toBe(1)
  expect(fold.state.shards.size).toBe(5)
})

it('keeps those of a Kinesis stream for as long as its retention can be raised to', async () => {
  const { add, forget } = partition(lane, { way: 'lambda', isStream: true })
  add('old', 365 * 24)
  expect(await forget()).toBe(0)
  const longer = partition(lane, { way: 'lambda', isStream: true })
  longer.add('old', 367 * 24)
  expect(await longer.forget()).toBe(1)
})

it('forgets nothing of what workers write', async () => {
  const { add, forget } = partition(lane, { way: 'worker' })
  add('old', 1_000)
  await expect(forget()).rejects.toMatchObject({ code: 'WAY_CONFLICT' })
})
