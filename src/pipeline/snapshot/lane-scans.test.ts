import { describe, expect, it } from 'vitest'
import { createByteBudget } from '../../async/byte-budget.ts'
import { seededRng } from '../../async/rng.ts'
import { createLaneFold } from '../../lanes/lane-state.ts'
import type { AnswerEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createMemorySource } from '../../testing/memory-source.ts'
import { defaultLaneTuning } from '../lane-environment.ts'
import { createLaneNudges } from '../lane-nudges.ts'
import { createLaneScans } from './lane-scans.ts'
import type { LaneScans } from './lane-scans.ts'
import { noScanLimits } from './scan-limits.ts'

const pageBytes = 300_000
const table: TableEntry = {
  kind: 'table',
  version: 1,
  table: {
    arn: 'arn',
    name: 't',
    id: 'id',
    region: 'r',
    account: 'a',
    streamArn: 's',
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema: [],
  },
  topic: 't',
  topicPartitions: 1,
  topicId: undefined,
  status: { kind: 'streaming' },
  notBeforeMs: undefined,
  homeLane: 0,
  run: 1,
  snapshot: {
    run: 1,
    kind: 'initial',
    segments: 4,
    filter: undefined,
    regains: false,
    state: 'running',
    reason: undefined,
    code: undefined,
    beganAtMs: 0,
    endedAtMs: undefined,
    expectedItems: 0,
    totals: { items: 0, rows: 0, units: 0 },
  },
  settled: undefined,
}
const answer: AnswerEntry = { kind: 'answer', tableArn: 'arn', run: 1, lane: 0 }

/** Four segments that always have a next page. */
const openScans = async () => {
  const clock = createManualClock()
  const limits: (number | undefined)[] = []
  let rings = 0
  const unused = (): never => {
    throw new Error('not part of scans')
  }
  const identity = {
    kind: 'identity',
    pipeline: 'p',
    clusterId: 'c',
    topicId: 't',
    lanes: 1,
    epoch: 1,
    fingerprint: 'f',
  }
  const scans = createLaneScans(
    0,
    {
      identity: { ...identity, kind: 'identity' },
      tuning: defaultLaneTuning,
      source: {
        ...createMemorySource(table.table, clock, 10),
        scanPage: ({ limit }) => {
          limits.push(limit)
          const times = { requestedAtMs: clock.now(), receivedAtMs: clock.now() }
          return Promise.resolve({ items: [], lastKey: 'k', units: 1, throttles: 0, bytes: pageBytes, ...times })
        },
      },
      stages: { process: unused, processRows: unused, processVanished: unused, presenceOf: unused },
      taker: { take: unused },
      membership: { owns: () => true },
      topicLog: { committed: unused, offsets: unused },
      exports: undefined,
      skipsContained: false,
      topicLimits: {
        maxRecordBytes: unused,
        maxRecordBytesNow: unused,
        lookAgain: unused,
        known: unused,
        refused: unused,
      },
      nudges: createLaneNudges(),
      heartbeats: undefined,
      scanLimits: noScanLimits,
      budget: createByteBudget(100_000_000),
      scanBudget: createByteBudget(100_000_000),
      clock,
      rng: seededRng(1),
      onEvent: () => {},
    },
    { readingsOf: unused },
    () => void rings++,
  )
  const fold = createLaneFold()
  for (const entry of [table, answer]) fold.apply({ kind: 'entry', entry })
  await scans.sync(fold.state)
  await clock.advance(0)
  return { scans, clock, limits, rings: () => rings }
}
const take = (scans: LaneScans, areChangesHere: boolean): number => {
  const { pages } = scans.takeBatch(1_000_000, areChangesHere)
  for (const page of pages) page.release()
  return pages.length
}

describe('the scans of a lane', () => {
  it('ask for pages that are converted quickly', async () => {
    const { scans, limits } = await openScans()
    await using _closed = scans
    expect(limits).toEqual(Array.from({ length: 4 }, () => defaultLaneTuning.maxScanItems))
  })
  it('give as many pages as a transaction may hold while there are no changes', async () => {
    const { scans } = await openScans()
    await using _closed = scans
    expect(take(scans, false)).toBe(4)
  })
  it('let changes go first, every other time, and wake the lane for the rows behind them', async () => {
    const { scans, rings } = await openScans()
    await using _closed = scans
    const before = rings()
    expect(take(scans, true)).toBe(0)
    expect(rings()).toBe(before + 1)
    expect(take(scans, true)).toBeGreaterThan(0)
    expect(take(scans, true)).toBe(0)
    expect(take(scans, false)).toBeGreaterThan(0)
  })
  it('give a quarter of it while changes come, and all of it once there were none for two seconds', async () => {
    const { scans, clock } = await openScans()
    await using _closed = scans
    take(scans, true)
    expect(take(scans, false)).toBe(1)
    await clock.advance(1_900)
    expect(take(scans, false)).toBe(1)
    await clock.advance(200)
    expect(take(scans, false)).toBe(4)
  })
})
