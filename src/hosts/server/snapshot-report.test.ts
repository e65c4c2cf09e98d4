import { describe, expect, it, test } from 'vitest'
import type { PipelineEvent, SnapshotProgress } from '../../pipeline/pipeline-event.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { snapshotFacts, snapshotLine } from './snapshot-line.ts'
import type { SnapshotReport } from './snapshot-line.ts'
import { createSnapshotReport } from './snapshot-report.ts'

const progress: SnapshotProgress = {
  run: 3,
  segments: 16,
  segmentsDone: 3,
  items: 120_000,
  rows: 119_000,
  units: 15_000,
  expectedItems: 400_000,
}
const report: SnapshotReport = {
  table: 'orders',
  progress,
  itemsPerSecond: 4_000,
  unitsPerSecond: 500.4,
  isDone: false,
}

test('the line tells items, segments, rates, read units and what is left', () => {
  expect(snapshotLine(report)).toBe(
    'snapshot of orders: 120,000 of about 400,000 items, 3 of 16 segments, 4,000 items/s, 15,000 read units, 500 units/s, about 1 min 10 s left',
  )
})

test.each([
  ['nobody knows how many there are', { ...report, progress: { ...progress, expectedItems: 0 } }],
  ['there are more than were counted', { ...report, progress: { ...progress, expectedItems: 100_000 } }],
])('the line guesses nothing when %s', (_case, unknown) => {
  expect(snapshotLine(unknown)).toBe(
    'snapshot of orders: 120,000 items, 3 of 16 segments, 4,000 items/s, 15,000 read units, 500 units/s',
  )
  expect(snapshotFacts(unknown)).not.toHaveProperty('leftMs')
})

test('a snapshot that stands still has no end in sight', () => {
  expect(snapshotLine({ ...report, itemsPerSecond: 0 })).not.toContain('left')
})

test('the last line says that it is done', () => {
  const done = { ...report, progress: { ...progress, segmentsDone: 16 }, isDone: true }
  expect(snapshotLine(done)).toBe(
    'snapshot of orders is done: 120,000 items, 16 of 16 segments, 4,000 items/s, 15,000 read units, 500 units/s',
  )
})

test('a log line has the same as whole numbers', () => {
  expect(snapshotFacts(report)).toMatchObject({ table: 'orders', items: 120_000, unitsPerSecond: 500, leftMs: 70_000 })
})

describe('reports', () => {
  const asked: PipelineEvent = {
    kind: 'scan-page-read',
    lane: 1,
    table: 'orders',
    segment: 0,
    items: 100,
    bytes: 1,
    tookMs: 1_000,
  }
  const reached = (items: number, more: Partial<SnapshotProgress> = {}): PipelineEvent => ({
    kind: 'rows-committed',
    lane: 1,
    table: 'orders',
    segment: 0,
    items: 100,
    rows: 100,
    units: 10,
    isDone: false,
    snapshot: { ...progress, items, units: items / 10, ...more },
  })
  const told = async (...steps: (PipelineEvent | number)[]): Promise<readonly SnapshotReport[]> => {
    const clock = createManualClock()
    const reports: SnapshotReport[] = []
    const sink = createSnapshotReport(clock, 30_000, (one) => reports.push(one))
    for (const step of steps) {
      if (typeof step === 'number') await clock.advance(step)
      else sink(step)
    }
    return reports
  }

  it('come every thirty seconds, with the rate of that time', async () => {
    const [first, second, ...more] = await told(asked, reached(100), 29_000, reached(400), 30_000, reached(1_000))
    expect(first).toMatchObject({ progress: { items: 400 }, itemsPerSecond: 400 / 30, unitsPerSecond: 40 / 30 })
    expect(second).toMatchObject({ itemsPerSecond: 20, isDone: false })
    expect(more).toEqual([])
  })
  it('do not come while nothing is committed', async () => {
    expect(await told(asked, 600_000)).toEqual([])
  })
  it('come at the end, with the rate of the whole', async () => {
    const steps = [asked, reached(100), 29_000, reached(400), 1_000, reached(930, { segmentsDone: 16 })]
    expect(await told(...steps)).toMatchObject([
      { progress: { items: 400 }, isDone: false },
      { itemsPerSecond: 30, isDone: true },
    ])
  })
  it('count from where this process began', async () => {
    const steps = [asked, reached(50_100), 9_000, reached(51_000, { segmentsDone: 16 })]
    expect(await told(...steps)).toMatchObject([{ itemsPerSecond: 100 }])
  })
  it('do not count the time in which another process had the lane', async () => {
    const away: PipelineEvent = { kind: 'lane-released', lane: 1 }
    const steps = [asked, reached(100), away, 900_000, asked, reached(500), 9_000, reached(1_400, { segmentsDone: 16 })]
    expect(await told(...steps)).toMatchObject([{ itemsPerSecond: 100 }])
  })
  it('do not mix two snapshots of a table', async () => {
    const next = { run: 4, segmentsDone: 16 }
    expect(await told(asked, reached(100), 60_000, reached(50, { run: 4 }), 10_000, reached(150, next))).toMatchObject([
      { progress: { run: 4 }, itemsPerSecond: 20 },
    ])
  })
})
