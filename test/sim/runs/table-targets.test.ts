import { describe, expect, it } from 'vitest'
import { keepControlling } from '../world/table-traffic.ts'
import type { TableTraffic } from '../world/table-traffic.ts'
import type { PlanOverrides } from '../world/world-plan.ts'
import type { World } from '../world/run-world.ts'
import { runSeeds, seedsFrom } from './run-seeds.ts'

const deadly = { 'worker-kill': 0.3, 'crash-point': 0.8, 'worker-restart': 0.1 } as const
const snapshot = { items: 200, segments: 3, pageItems: 7, answerMs: 2_000 } as const

/** More seeds for a longer look: TABLE_SEEDS=200. */
const seeds = Number(process.env['TABLE_SEEDS'] ?? 15)

describe('tables that are paused, resumed and restarted at random moments', () => {
  it.each<[string, number, PlanOverrides, boolean]>([
    ['on quiet workers', 1, { faults: {} }, true],
    ['on workers that die', 10_001, { faults: deadly, activeMs: 40_000 }, true],
    ['in the middle of their snapshots', 20_001, { faults: deadly, snapshot }, true],
    ['among faults of all kinds', 30_001, {}, false],
  ])(
    'lose, repeat and reorder nothing, and rest when they are to, %s',
    async (_, first, overrides, isTimely) => {
      const traffic = new WeakMap<World, TableTraffic>()
      const asked = new Map<string, number>()
      let spoilt = 0
      const outcome = await runSeeds(
        seedsFrom(first, seeds),
        { delivery: 'exactly_once', tables: 2, ...overrides },
        {
          onReady: (world) =>
            void traffic.set(world, keepControlling(world, { untilMs: world.plan.activeMs, isTimely })),
          verdicts: (world) => {
            const own = traffic.get(world)
            for (const [kind, count] of own?.asked ?? []) asked.set(kind, (asked.get(kind) ?? 0) + count)
            spoilt += own?.spoilt() ?? 0
            return own?.verdicts() ?? ['nobody has controlled the tables']
          },
        },
      )
      expect(outcome.failures).toEqual([])
      for (const kind of ['PAUSED', 'STOPPED', 'RUNNING', 'restart'])
        expect(asked.get(kind) ?? 0).toBeGreaterThan(seeds)
      expect(spoilt).toBeGreaterThan(seeds / 2)
    },
    1_200_000,
  )
})
