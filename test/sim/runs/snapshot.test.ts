import { describe, expect, it } from 'vitest'
import { regainOptions, regainPlan } from '../world/regaining.ts'
import { runWorld } from '../world/run-world.ts'
import { planWorld } from '../world/world-plan.ts'
import type { PlanOverrides } from '../world/world-plan.ts'
import { runSeeds, seedsFrom } from './run-seeds.ts'

const busy: PlanOverrides = {
  delivery: 'exactly_once',
  workload: { keys: 200, skew: 1, deleteShare: 0.2, paddingBytes: 20 },
  changesPerSecond: 40,
}

describe('a snapshot that is taken while the table changes', () => {
  it.each<[string, number, PlanOverrides]>([
    ['on quiet workers', 1, { faults: {}, snapshot: { items: 200, segments: 3, pageItems: 7, answerMs: 3_000 } }],
    ['among faults of all kinds', 1_001, { snapshot: { items: 200, segments: 4, pageItems: 9, answerMs: 2_000 } }],
    [
      'with a memory that is too small for its pages',
      2_001,
      { faults: {}, snapshot: { items: 200, segments: 2, pageItems: 7, answerMs: 3_000, maxRecentKeys: 10 } },
    ],
  ])(
    'leaves each item as the table has it, %s',
    async (_, first, overrides) => {
      let items = 0
      let rows = 0
      const outcome = await runSeeds(
        seedsFrom(first, 20),
        { ...busy, ...overrides },
        {
          onReady: ({ onEvent }) =>
            onEvent(({ event }) => {
              if (event.kind !== 'rows-committed') return
              items += event.items
              rows += event.rows
            }),
        },
      )
      expect(outcome.failures).toEqual([])
      expect(rows).toBeGreaterThan(2_000)
      // Some changed while they were on their way, or there was nothing to be tested.
      expect(items - rows).toBeGreaterThan(10)
    },
    180_000,
  )

  it('takes up tables that have lost changes, and deletes what is gone', async () => {
    let vanished = 0
    let passedOver = 0
    const waitsMs: number[] = []
    for (const seed of [1, 2, 3, 4]) {
      const { options, counts } = regainOptions(seed % 2 === 0 ? 'workers' : 'brokers')
      const { findings } = await runWorld(planWorld(seed, regainPlan), options)
      expect(findings.examples).toEqual([])
      vanished += counts().vanished
      passedOver += counts().passedOver
      waitsMs.push(...counts().waitsMs)
    }
    expect(passedOver).toBeGreaterThan(4)
    expect(vanished).toBeGreaterThan(10)
    // Kills may hold up some; none waits for the next look at the tables, which is a minute away.
    const middleMs = waitsMs.toSorted((a, b) => a - b).at(Math.floor(waitsMs.length / 2))
    expect(middleMs).toBeLessThan(1_000)
  }, 300_000)
})
