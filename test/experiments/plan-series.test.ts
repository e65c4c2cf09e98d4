import { describe, expect, it } from 'vitest'
import type { RunRequest } from './command-options.ts'
import { evidenceOfRun } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { planSeries } from './plan-series.ts'
import { findExperiment } from './registry.ts'
import { experiments } from './self-test-experiments.ts'

const experiment = findExperiment('E90-clean', experiments)
const version = { commit: 'bbbb', source: 's1', isDirty: false }
const dirty = { commit: 'bbbb', source: 's1+dirty', isDirty: true }
const request: RunRequest = {
  kind: 'run',
  id: experiment.id,
  runs: 5,
  seed: undefined,
  jobs: undefined,
  fresh: false,
  extend: false,
  replay: undefined,
  allowDirty: false,
  json: false,
}

describe('a series', () => {
  it('begins with seed 1, and goes on behind what is counted', async () => {
    const counted = await seedCounted(30)
    expect(planSeries(experiment, request, version, undefined)).toMatchObject({
      firstSeed: 1,
      runs: 5,
      isCounted: true,
    })
    expect(planSeries(experiment, request, version, counted)).toMatchObject({ firstSeed: 31, base: counted })
    expect(planSeries(experiment, { ...request, fresh: true }, version, counted)).toMatchObject({
      firstSeed: 1,
      base: undefined,
    })
  })
  it('repeats no seed', async () => {
    const counted = await seedCounted(30)
    expect(() => planSeries(experiment, { ...request, seed: 28 }, version, counted)).toThrow('seeds 30 are counted')
    expect(planSeries(experiment, { ...request, seed: 25 }, version, counted)).toMatchObject({ firstSeed: 25 })
    expect(() => planSeries(experiment, { ...request, seed: 4_294_967_295 }, version, undefined)).toThrow(
      'seeds end at',
    )
  })
  it('mixes versions of src/ only when told to', async () => {
    const counted = await seedCounted(30, 's0')
    expect(() => planSeries(experiment, request, version, counted)).toThrow(
      /s0 at aaaa, now s1 at bbbb.*--fresh.*--extend/,
    )
    expect(planSeries(experiment, { ...request, extend: true }, version, counted)).toMatchObject({
      base: counted,
      firstSeed: 31,
    })
  })
  it('mixes no arms', async () => {
    const counted = await seedCounted(30)
    expect(() => planSeries({ ...experiment, arm: 'control' }, request, version, counted)).toThrow('--fresh')
  })
  it('counts nothing of a dirty src/', () => {
    expect(() => planSeries(experiment, request, dirty, undefined)).toThrow('--allow-dirty')
    expect(planSeries(experiment, { ...request, allowDirty: true }, dirty, undefined)).toMatchObject({
      isCounted: false,
    })
  })
  it('replays one seed of whatever version, uncounted', async () => {
    expect(planSeries(experiment, { ...request, replay: 30 }, dirty, await seedCounted(30))).toEqual({
      firstSeed: 30,
      runs: 1,
      jobs: 1,
      base: undefined,
      isCounted: false,
    })
  })
  it('uses two processes for simulations and one for real ones, unless told', () => {
    const jobs = (tier: 'S' | 'K', more: Partial<RunRequest>): number =>
      planSeries({ ...experiment, tier }, { ...request, ...more }, version, undefined).jobs
    expect([jobs('S', {}), jobs('K', {}), jobs('K', { jobs: 3 }), jobs('S', { runs: 1 })]).toEqual([2, 1, 3, 1])
  })
})

async function seedCounted(seed: number, source = 's1'): Promise<Evidence> {
  const outcome = await experiment.run(seed, new AbortController().signal)
  const machine = { cores: 2, memoryGiB: 24, node: '24.21.0' }
  return evidenceOfRun(
    experiment,
    { seed, durationSeconds: 1, outcome },
    { commit: 'aaaa', source, machine, date: '2026-11-25' },
  )
}
