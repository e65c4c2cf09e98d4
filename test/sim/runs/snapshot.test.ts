import { describe, expect, it } from 'vitest'
import { runSeeds, seedsFrom } from './run-seeds.ts'

describe('a snapshot that is taken while the table changes', () => {
  it('leaves each item as the table has it, on quiet workers', async () => {
    const outcome = await runSeeds(seedsFrom(1, 20), {
      delivery: 'exactly_once',
      faults: {},
      workload: { keys: 60, skew: 1, deleteShare: 0.2, paddingBytes: 20 },
      changesPerSecond: 40,
      snapshot: { items: 60, segments: 3, pageItems: 7, answerMs: 3_000 },
    })
    expect(outcome.failures).toEqual([])
  }, 120_000)
})
