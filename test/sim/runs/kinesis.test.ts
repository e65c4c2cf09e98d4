import { describe, expect, it } from 'vitest'
import { isClean } from '../../../src/oracle/anomalies.ts'
import { planKinesisWorld } from '../kinesis/kinesis-plan.ts'
import type { KinesisOverrides } from '../kinesis/kinesis-plan.ts'
import { runKinesisWorld } from '../kinesis/run-kinesis-world.ts'
import type { KinesisOutcome } from '../kinesis/run-kinesis-world.ts'
import { seedsFrom } from './run-seeds.ts'

interface RowOutcome {
  readonly failures: readonly string[]
  readonly outcomes: readonly KinesisOutcome[]
}

async function runRow(seeds: readonly number[], overrides: KinesisOverrides = {}): Promise<RowOutcome> {
  const outcomes: KinesisOutcome[] = []
  for (const seed of seeds) outcomes.push(await runKinesisWorld(planKinesisWorld(seed, overrides)))
  const failures = outcomes.flatMap(({ plan, findings }) =>
    isClean(findings) ? [] : [`seed ${plan.seed}: ${findings.examples.slice(0, 3).join('; ')}`],
  )
  return { failures, outcomes }
}

function sum(outcomes: readonly KinesisOutcome[], of: (outcome: KinesisOutcome) => number): number {
  return outcomes.reduce((total, outcome) => total + of(outcome), 0)
}

/** Small streams in which much goes on, so that shards with two parents and changes that wait are met often. */
const busy: KinesisOverrides = {
  faults: { 'worker-kill': 0.1, 'listing-lie': 0.2 },
  workload: { keys: 12, skew: 1, deleteShare: 0.2, paddingBytes: 0 },
  changesPerSecond: 15,
  reshardsPerSecond: 0.4,
  stream: { windowMs: 10_000, delayMs: 10_000, late: 'emit-flagged', delays: 0.3, lateBunches: 0.02, tieMs: 0 },
}

describe('a Kinesis stream that repeats, disorders and reshards', () => {
  it.each([60_000, 60_010, 60_020])(
    'is delivered once and in order under every kind of fault (10 seeds from %i)',
    async (first) => {
      const { failures, outcomes } = await runRow(seedsFrom(first, 10))
      expect(failures).toEqual([])
      // Zero of nothing would prove nothing.
      expect(sum(outcomes, ({ findings }) => findings.delivered)).toBeGreaterThan(3_000)
      for (const name of ['duplicate', 'disorder', 'late'] as const)
        expect(
          sum(outcomes, ({ counts }) => counts[name]),
          name,
        ).toBeGreaterThan(20)
      expect(sum(outcomes, ({ shards }) => shards)).toBeGreaterThan(200)
      expect(sum(outcomes, ({ crashes }) => crashes.kills)).toBeGreaterThan(20)
    },
    180_000,
  )

  it('is in order for every change that comes within the window, where changes wait for as long', async () => {
    const { failures, outcomes } = await runRow(seedsFrom(61_000, 10), busy)
    expect(failures).toEqual([])
    expect(sum(outcomes, ({ traffic }) => traffic.merge)).toBeGreaterThan(30)
    expect(sum(outcomes, ({ counts }) => counts.disorder)).toBeGreaterThan(300)
  }, 120_000)

  it('is counted exactly: what came late, and what was overtaken, where no page is read twice', async () => {
    const calm: KinesisOverrides = { ...busy, workers: 1, faults: {}, stream: { ...busy.stream, lateBunches: 0.1 } }
    const { failures, outcomes } = await runRow(seedsFrom(63_000, 6), calm)
    expect(failures).toEqual([])
    for (const { plan, repaired, counts } of outcomes)
      expect({ late: repaired.late, overtaken: repaired.overtaken }, `seed ${plan.seed}`).toEqual({
        late: counts.late,
        overtaken: counts.overtaken,
      })
    expect(sum(outcomes, ({ counts }) => counts.late)).toBeGreaterThan(30)
  }, 60_000)

  it('gives the same trace for the same seed', async () => {
    const plan = planKinesisWorld(62_000)
    const [first, second] = [await runKinesisWorld(plan), await runKinesisWorld(plan)]
    expect(second.traceDigest).toBe(first.traceDigest)
  }, 60_000)
})

/** Seeds that showed a fault once. */
describe('seeds that found something', () => {
  it.each<{ readonly fault: string; readonly overrides: KinesisOverrides; readonly seeds: readonly number[] }>([
    {
      fault: 'the end of a shard that was closed long ago counted as now, and let everything go that waited',
      overrides: { ...busy, faults: { 'worker-kill': 0.5 }, stream: { ...busy.stream, delayMs: 2_000 } },
      seeds: [3, 4, 5],
    },
    {
      fault: 'an end that did not name its children let everything go that waited',
      overrides: { ...busy, faults: {}, stream: { ...busy.stream, namesChildren: false } },
      seeds: [1, 2, 3],
    },
    {
      fault: 'an insert behind a delete counted as its successor, whatever was missing in between',
      overrides: { ...busy, faults: {}, workload: { keys: 5, skew: 1, deleteShare: 0.4, paddingBytes: 0 } },
      seeds: [1, 2, 3],
    },
    {
      fault: 'a shard that a listing left out stopped its stream as lost',
      overrides: { ...busy, faults: { 'listing-lie': 3, 'worker-kill': 0.5 } },
      seeds: [1, 2, 3],
    },
  ])(
    '$fault',
    async ({ seeds, overrides }) => {
      expect((await runRow(seeds, overrides)).failures).toEqual([])
    },
    60_000,
  )
})
