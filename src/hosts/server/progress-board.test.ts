import { describe, expect, it } from 'vitest'
import { TailraceError } from '../../errors.ts'
import type { PipelineEvent } from '../../pipeline/pipeline-event.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { streamRetentionMs } from '../../change/retention.ts'
import { createProgressBoard } from './progress-board.ts'

const hourMs = 3_600_000
const shard = { lane: 1, table: 'orders', shardId: 'a' }
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
})

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
  it('ends with the lane, and with the halt', async () => {
    const released: PipelineEvent = { kind: 'lane-released', lane: 1 }
    const doubt: PipelineEvent = {
      kind: 'lane-in-doubt',
      lane: 1,
      error: new TailraceError('KAFKA_FENCED', 'x'),
      retryInMs: 1,
    }
    expect((await boardAfter(taken, opened(), released)).headroom).toBeUndefined()
    expect((await boardAfter(taken, opened(), doubt)).headroom).toBeUndefined()
    expect((await boardAfter(taken, surveyed(start, true), surveyed(start, false))).headroom).toBeUndefined()
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
    expect([...board.lanes]).toEqual([[1, { waiting: 2, ended: 3, committedAtMs: start }]])
  })
})
