import { describe, expect, it } from 'vitest'
import { runWorld } from '../world/run-world.ts'
import { planWorld } from '../world/world-plan.ts'

const seeds = 200

describe('a simulated run', () => {
  it('gives the same trace for the same seed, line by line (200 seeds)', async () => {
    const different: number[] = []
    const digests = new Set<string>()
    for (let seed = 50_000; seed < 50_000 + seeds; seed++) {
      const plan = { ...planWorld(seed), activeMs: 6_000 }
      const first = await runWorld(plan)
      const second = await runWorld(plan)
      if (first.traceDigest !== second.traceDigest) different.push(seed)
      digests.add(first.traceDigest)
    }
    expect(different).toEqual([])
    // And another one for another seed.
    expect(digests.size).toBe(seeds)
  }, 300_000)
})
