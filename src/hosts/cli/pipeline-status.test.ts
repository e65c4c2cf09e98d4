import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { endEntries, progressEntry } from '../../lanes/hand-over.ts'
import type { BeginEntry, IdentityEntry } from '../../lanes/ledger-entry.ts'
import { createLaneFold } from '../../lanes/lane-state.ts'
import type { LaneFold, ShardState } from '../../lanes/lane-state.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import { statusOf } from './pipeline-status.ts'
import type { TableStatusRow } from './pipeline-status.ts'

const hour = 3_600_000
const dayOne = 1_700_000_000_000
const identity: IdentityEntry = {
  kind: 'identity',
  pipeline: 'shop',
  clusterId: 'c',
  topicId: 'l',
  lanes: 1,
  epoch: 3,
  fingerprint: 'f',
}
const table = firstEntry(
  { ...tableOf('NEW_AND_OLD_IMAGES'), arn: 't', name: 'orders', streamArn: 's' },
  { topic: 'shop.orders', partitions: 3, id: 'x' },
  undefined,
)
const root = (shardId: string, sinceMs: number | undefined): BeginEntry => ({
  kind: 'begin',
  tableArn: 't',
  streamArn: 's',
  shardId,
  generation: 0,
  parent: undefined,
  parents: [],
  after: undefined,
  notBeforeMs: undefined,
  sinceMs,
})
const context = { lane: 0, lanes: 1, nowMs: dayOne + 9 * hour }
const child = { shardId: 'child', parents: ['parent'], startingSequenceNumber: '5', endingSequenceNumber: undefined }

const laneOf = (...begun: readonly BeginEntry[]): LaneFold => {
  const lane = createLaneFold()
  for (const entry of begun) lane.apply({ kind: 'entry', entry })
  return lane
}
const shardOf = ({ state }: LaneFold, shardId: string): ShardState => {
  const found = [...state.shards.values()].find((shard) => shard.shardId === shardId)
  if (found === undefined) throw new Error(`no shard ${shardId}`)
  return found
}
const readOn = (lane: LaneFold, shardId: string, createdAtMs: number): void => {
  const position = { sequenceNumber: '4', createdAtMs }
  lane.apply({ kind: 'entry', entry: progressEntry(shardOf(lane, shardId), position, context).entry })
}
const rowAt = (lane: LaneFold, nowMs: number, entry = table): TableStatusRow | undefined => {
  const group = { state: 'Stable', members: [], rights: undefined }
  return statusOf({ identity, lanes: [lane.state], tables: [entry] }, group, nowMs).tables[0]
}

it('holds what the last look for tables left out, and how much more there was', () => {
  const lane = laneOf()
  const off = { name: 'still', code: 'STREAM_DISABLED', message: 'off' }
  lane.apply({ kind: 'entry', entry: { kind: 'skipped', version: 1, tables: [off], more: 2, atMs: 0 } })
  const group = { state: 'Stable', members: [], rights: undefined }
  const status = statusOf({ identity, lanes: [lane.state], tables: [table] }, group, 0)
  expect(status).toMatchObject({ skipped: [off], moreSkipped: 2, tables: [{ table: 'orders' }] })
})

describe('what the status of a table says', () => {
  it('counts headroom from the last change of the open shard that is furthest behind', () => {
    const lane = laneOf(root('parent', dayOne), root('other', dayOne))
    readOn(lane, 'parent', dayOne + 2 * hour)
    readOn(lane, 'other', dayOne + 5 * hour)
    expect(rowAt(lane, dayOne + 6 * hour)).toMatchObject({
      headroomMs: 20 * hour,
      newestChangeAtMs: dayOne + 5 * hour,
      newestChangeAgeMs: hour,
    })
  })

  it("counts a shard that nobody has read from yet from its parent's last change", () => {
    const lane = laneOf(root('parent', dayOne))
    readOn(lane, 'parent', dayOne + hour)
    for (const { entry } of endEntries(shardOf(lane, 'parent'), [child], context)) lane.apply({ kind: 'entry', entry })
    expect(rowAt(lane, dayOne + 7 * hour)).toMatchObject({
      headroomMs: 18 * hour,
      shards: { open: 1, end: 1, waiting: 0, moved: 0 },
    })
  })

  it('says that nothing is left after a day, and never less', () => {
    expect(rowAt(laneOf(root('parent', dayOne)), dayOne + 30 * hour)).toMatchObject({ headroomMs: 0 })
  })

  it('knows of no headroom without an open shard, or without a time', () => {
    expect(rowAt(laneOf(), dayOne)).toMatchObject({ headroomMs: null, newestChangeAtMs: null, newestChangeAgeMs: null })
    expect(rowAt(laneOf(root('parent', undefined)), dayOne)).toMatchObject({ headroomMs: null })
  })

  it('names why a table stands still', () => {
    const status = { kind: 'stopped', code: 'STREAM_GAP', reason: 'trimmed', shardId: 'parent' } as const
    expect(rowAt(laneOf(), dayOne, { ...table, status })).toMatchObject({
      status: 'stopped',
      code: 'STREAM_GAP',
      reason: 'trimmed',
    })
  })

  it('says since when a table rests and until when it may, and goes on counting its headroom', () => {
    const resting = { ...table, rest: { target: 'PAUSED', sinceMs: dayOne + hour } as const }
    expect(rowAt(laneOf(root('parent', dayOne)), dayOne + 6 * hour, resting)).toMatchObject({
      status: 'streaming',
      target: 'PAUSED',
      reason: `paused since ${new Date(dayOne + hour).toISOString()}; DynamoDB keeps what was not read at least until ${new Date(dayOne + 24 * hour).toISOString()}`,
      headroomMs: 18 * hour,
    })
    expect(rowAt(laneOf(root('parent', dayOne)), dayOne + 25 * hour, resting)?.reason).toMatch(/may have thrown away/)
    expect(rowAt(laneOf(), dayOne)).toMatchObject({ target: 'RUNNING', reason: null })
  })

  it('says since when and why a table is retired, and that nothing of it can be lost', () => {
    const status = { kind: 'retired', why: 'untagged', reason: 'no tag', sinceMs: dayOne, wasLoading: false } as const
    expect(rowAt(laneOf(root('parent', dayOne)), dayOne + 6 * hour, { ...table, status })).toMatchObject({
      status: 'retired',
      code: null,
      reason: `no tag (since ${new Date(dayOne).toISOString()})`,
      headroomMs: null,
    })
  })
})
