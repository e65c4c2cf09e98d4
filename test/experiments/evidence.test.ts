import { describe, expect, it } from 'vitest'
import { evidenceOfRun, evidenceSchema, joinEvidence } from './evidence.ts'
import type { Evidence, Origin } from './evidence.ts'
import type { RunOutcome } from './experiment.ts'
import { experiments } from './self-test-experiments.ts'

const origin: Origin = {
  commit: 'aaaa',
  source: 's1',
  machine: { cores: 2, memoryGiB: 24, node: '24.21.0' },
  date: '2026-11-25',
}

describe('evidence', () => {
  it('adds runs up', async () => {
    const both = joinEvidence(await runOf(1), await runOf(3, { anomalies: { lost: 2 }, replayed: 4 }))
    expect(both).toMatchObject({
      id: 'E90-clean',
      n: 2,
      seeds: '1,3',
      failingSeeds: '3',
      commit: 'aaaa',
      records: 204,
      faults: { 'worker-kill': 4 },
      anomalies: { lost: 2 },
      replayed: 4,
      durationSeconds: 2.5,
      statesAtFault: { idle: 2, 'transaction-open': 2 },
      underFiveSecondsWithin15s: 0.5,
      command: 'npm run experiment -- E90-clean --fresh --seed 1 --runs 3',
      segments: [{ commit: 'aaaa', n: 2, seeds: '1,3', records: 204 }],
    })
    expect(evidenceSchema.parse(both)).toEqual(both)
  })
  it('says the same in whatever portions runs are added', async () => {
    const [a, b, c] = [await runOf(1), await runOf(2), await runOf(3)]
    expect(joinEvidence(joinEvidence(a, b), c)).toEqual(joinEvidence(a, joinEvidence(b, c)))
  })
  it('keeps commits apart and names the range', async () => {
    const later: Origin = { ...origin, commit: 'bbbb', source: 's2', date: '2026-11-26' }
    const joined = joinEvidence(await runOf(1), await runOf(2, {}, later))
    expect(joined).toMatchObject({ commit: 'aaaa..bbbb', source: 's2', date: '2026-11-26', n: 2 })
    expect(joined.segments.map(({ commit, seeds }) => [commit, seeds])).toEqual([
      ['aaaa', '1'],
      ['bbbb', '2'],
    ])
  })
  it('counts no seed twice and mixes no experiments', async () => {
    const one = await runOf(1)
    expect(() => joinEvidence(one, one)).toThrow('overlap')
    expect(() => joinEvidence(one, { ...one, id: 'E91' })).toThrow('not the same experiment')
  })
  it('keeps peaks and the end of long curves', async () => {
    const unseen = Array.from({ length: 5_000 }, (_, at) => [at, at === 2_345 ? 900 : 5] as const)
    const { series } = await runOf(1, { unseen: [...unseen, [5_000, 0]] })
    expect(series.unseen.length).toBeLessThanOrEqual(200)
    expect(series.unseen).toContainEqual([2_345, 900])
    expect(series.unseen.at(-1)).toEqual([5_000, 0])
  })
  it.each<[string, (evidence: Evidence) => object]>([
    ['more runs than seeds', (one) => ({ ...one, n: 5 })],
    ['other seeds than its segments', (one) => ({ ...one, seeds: '7' })],
    ['more records than its segments', (one) => ({ ...one, records: 10_000 })],
    ['faults that no segment has', (one) => ({ ...one, faults: { 'worker-kill': 3_000 } })],
    ['a better quantile', (one) => ({ ...one, underFiveSecondsWithin15s: 1 })],
    ['a field nobody knows', (one) => ({ ...one, note: 'trust me' })],
    ['no segment', (one) => ({ ...one, segments: [] })],
    ['half a range', (one) => ({ ...one, seeds: '1-' })],
    ['a segment with half a range', (one) => ({ ...one, segments: [{ ...one.segments[0], seeds: '1-' }] })],
  ])('is not believed with %s', async (_, tamper) => {
    expect(evidenceSchema.safeParse(tamper(await runOf(1))).success).toBe(false)
  })
})

async function runOf(seed: number, more: Partial<RunOutcome> = {}, from = origin): Promise<Evidence> {
  const experiment = experiments.find(({ id }) => id === 'E90-clean')
  if (experiment === undefined) throw new Error('there is no such experiment')
  const outcome = await experiment.run(seed, new AbortController().signal)
  return evidenceOfRun(experiment, { seed, durationSeconds: 1.25, outcome: { ...outcome, ...more } }, from)
}
