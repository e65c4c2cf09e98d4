import { describe, expect, it } from 'vitest'
import { TailraceError } from '../../errors.ts'
import type { PipelineEvent } from '../../pipeline/pipeline-event.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { streamRetentionMs } from '../../change/retention.ts'
import { createProgressBoard } from './progress-board.ts'

const hourMs = 3_600_000
const shard = { lane: 1, table: 'orders', arn: 'arn', shardId: 'a' }
const page = (records: number, readUpToMs?: number): PipelineEvent => {
  return { kind: 'page-read', shard, records, bytes: 1, tookMs: 1, readUpToMs }
}
const opened = (sinceMs?: number, retentionMs = streamRetentionMs): PipelineEvent => ({
  kind: 'shard-opened',
  shard,
  after: '1',
  sinceMs,
  retentionMs,
})
const committed = (read: number, lastCreatedAtMs: number): PipelineEvent => ({
  kind: 'transaction-committed',
  lane: 1,
  changes: read,
  records: read,
  bytes: 10,
  tookMs: 1,
  shards: [{ shard, changes: read, read, lastCreatedAtMs, committedAtMs: 0 }],
})
const taken: PipelineEvent = { kind: 'lane-taken', lane: 1, shards: 1, tookMs: 1 }
const surveyed = (sinceMs: number | undefined, halted: boolean): PipelineEvent => ({
  kind: 'lane-surveyed',
  lane: 1,
  waiting: 2,
  open: 1,
  ended: 3,
  halted: halted ? [{ shard, sinceMs, retentionMs: streamRetentionMs }] : [],
  standing: halted ? [{ table: 'orders', arn: 'arn', status: 'stopped', code: 'STREAM_GAP', reason: 'a gap' }] : [],
  snapshots: [],
})
const released: PipelineEvent = { kind: 'lane-released', lane: 1 }
const closed: PipelineEvent = { kind: 'shard-closed', shard }
const doubt: PipelineEvent = {
  kind: 'lane-in-doubt',
  lane: 1,
  error: new TailraceError('KAFKA_FENCED', 'x'),
  retryInMs: 1,
}

const boardAfter = async (...steps: (PipelineEvent | number)[]) => {
  const clock = createManualClock()
  const board = createProgressBoard(clock)
  for (const step of steps) {
    if (typeof step === 'number') await clock.advance(step)
    else board.onEvent(step)
  }
  return { board, clock, headroom: board.headroomMs().get('orders') }
}
const start = createManualClock().now()

describe('retention headroom', () => {
  it('is whole while the shard is read to its tip, however old its last change is', async () => {
    expect((await boardAfter(taken, opened(start - 20 * hourMs), page(0))).headroom).toBe(streamRetentionMs)
  })
  it('shrinks with what the ledger says while nothing is read', async () => {
    expect((await boardAfter(taken, opened(start - 3 * hourMs), hourMs)).headroom).toBe(streamRetentionMs - 4 * hourMs)
  })
  it('shrinks for a shard that was begun and never read', async () => {
    expect((await boardAfter(taken, opened(start), 5 * hourMs)).headroom).toBe(streamRetentionMs - 5 * hourMs)
  })
  it('counts unread changes from the last look that showed none', async () => {
    const { headroom } = await boardAfter(taken, opened(start - 20 * hourMs), page(0), 60_000, page(5), 1_000)
    expect(headroom).toBe(streamRetentionMs - 61_000)
  })
  it('is whole again when everything read is committed and the tip is seen', async () => {
    const { headroom } = await boardAfter(taken, opened(), page(5), hourMs, committed(5, start), page(0))
    expect(headroom).toBe(streamRetentionMs)
  })
  it('goes on shrinking while the table stands still, also for an owner that never read it', async () => {
    const { headroom, board } = await boardAfter(taken, surveyed(start - hourMs, true), 5 * hourMs)
    expect(headroom).toBe(streamRetentionMs - 6 * hourMs)
    expect(board.shards()).toMatchObject([{ isHalted: true }])
  })
  it('is that of a stream that keeps changes for longer', async () => {
    const { headroom } = await boardAfter(taken, opened(start - 30 * hourMs, 168 * hourMs), hourMs)
    expect(headroom).toBe(137 * hourMs)
  })
  it('is not whole for an empty page that is far from the tip', async () => {
    const far = await boardAfter(taken, opened(start - 30 * hourMs, 168 * hourMs), page(0, start - 20 * hourMs), hourMs)
    expect(far.headroom).toBe(147 * hourMs)
    const near = await boardAfter(taken, opened(start - 30 * hourMs, 168 * hourMs), page(0, start - 200))
    expect(near.headroom).toBe(168 * hourMs)
  })
  it('shrinks again when nobody has looked for more than a minute', async () => {
    expect((await boardAfter(taken, opened(start - hourMs), page(0), 59_000)).headroom).toBe(streamRetentionMs)
    expect((await boardAfter(taken, opened(start - hourMs), page(0), 2 * hourMs)).headroom).toBe(
      streamRetentionMs - 2 * hourMs,
    )
  })
  it('shrinks from the beginning of a shard whose past nobody knows', async () => {
    expect((await boardAfter(taken, opened(), 3 * hourMs)).headroom).toBe(streamRetentionMs - 3 * hourMs)
  })
  it('goes on shrinking while its lane cannot be taken, and knows afterwards what it saw before', async () => {
    const before = [taken, opened(start - 20 * hourMs), page(0), closed, doubt, 5 * hourMs, doubt] as const
    const { headroom, board } = await boardAfter(...before)
    expect(headroom).toBe(streamRetentionMs - 5 * hourMs)
    expect(board.lanes.get(1)?.doubt?.code).toBe('KAFKA_FENCED')
    const after = await boardAfter(...before, taken, opened(start - 20 * hourMs), surveyed(undefined, false))
    expect(after.headroom).toBe(streamRetentionMs - 5 * hourMs)
    expect(after.board.lanes.get(1)?.doubt).toBeUndefined()
  })
  it('counts what was read and not committed as unread when its lane got in doubt', async () => {
    const steps = [taken, opened(start), page(0), hourMs, page(5), closed, doubt, taken, opened(start)] as const
    expect((await boardAfter(...steps, page(0))).headroom).toBe(streamRetentionMs)
    expect((await boardAfter(...steps, hourMs)).headroom).toBe(streamRetentionMs - 2 * hourMs)
  })
  it('ends with the lane, with the shard, with the halt, and with the share of the group', async () => {
    expect((await boardAfter(taken, opened(), closed, released)).headroom).toBeUndefined()
    expect((await boardAfter(taken, opened(), closed, surveyed(undefined, false))).headroom).toBeUndefined()
    expect((await boardAfter(taken, surveyed(start, true), surveyed(start, false))).headroom).toBeUndefined()
    const assigned: PipelineEvent = { kind: 'lanes-assigned', generation: 2, lanes: [2] }
    expect((await boardAfter(taken, opened(), closed, doubt, assigned)).headroom).toBeUndefined()
  })
  it('goes on shrinking while the pipeline is paused, until a worker knows better', async () => {
    const clock = createManualClock()
    const board = createProgressBoard(clock)
    const steps = [taken, opened(start - hourMs), page(0)]
    steps.forEach(board.onEvent)
    board.standStill()
    for (const event of [closed, released]) board.onEvent(event)
    await clock.advance(7 * hourMs)
    expect(board.headroomMs().get('orders')).toBe(streamRetentionMs - 7 * hourMs)
    board.onEvent({ kind: 'worker-started', pipeline: 'p', lanes: 2 })
    expect(board.headroomMs().get('orders')).toBe(streamRetentionMs - 7 * hourMs)
    board.onEvent({ kind: 'lanes-assigned', generation: 1, lanes: [] })
    expect(board.headroomMs().get('orders')).toBeUndefined()
  })
})

describe('tables', () => {
  it('are as the newest survey says, as long as a lane is held', async () => {
    expect([...(await boardAfter(taken, opened(start))).board.tables()]).toMatchObject([
      ['arn', { table: 'orders', status: 'streaming' }],
    ])
    const stopped = await boardAfter(taken, surveyed(start, true))
    const gap = { table: 'orders', status: 'stopped', code: 'STREAM_GAP', reason: 'a gap' }
    expect(stopped.board.tables().get('arn')).toEqual(gap)
    expect((await boardAfter(taken, surveyed(start, true), released)).board.tables().size).toBe(0)
  })
})

describe('totals and lanes', () => {
  it('count what was committed', async () => {
    const { board } = await boardAfter(
      taken,
      opened(),
      surveyed(undefined, false),
      committed(5, start),
      committed(7, start),
    )
    expect(board.totals).toEqual({ changes: 12, records: 12, bytes: 20, transactions: 2 })
    expect([...board.lanes]).toEqual([[1, { waiting: 2, ended: 3, committedAtMs: start, doubt: undefined }]])
  })
})
