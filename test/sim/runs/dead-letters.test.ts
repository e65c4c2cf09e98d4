import { describe, expect, it } from 'vitest'
import { keepPoisoning } from '../world/dead-letter-traffic.ts'
import type { DeadLetterTraffic } from '../world/dead-letter-traffic.ts'
import type { World } from '../world/run-world.ts'
import type { PlanOverrides } from '../world/world-plan.ts'
import { runSeeds, seedsFrom } from './run-seeds.ts'

const tolerant: PlanOverrides = { delivery: 'exactly_once', isTolerant: true, tables: 2 }

describe('records that cannot be decoded, among others', () => {
  it.each<[string, number, PlanOverrides]>([
    ['with quiet workers', 1, { faults: {} }],
    ['with workers that die', 1_001, { faults: { 'worker-kill': 0.3, 'crash-point': 0.8 }, activeMs: 40_000 }],
    ['among faults of all kinds', 2_001, {}],
  ])(
    'become one dead letter each, and everything else is delivered exactly once, %s',
    async (_, first, overrides) => {
      const traffic = new WeakMap<World, DeadLetterTraffic>()
      const of = (world: World): DeadLetterTraffic => {
        const known = traffic.get(world)
        if (known === undefined) throw new Error('the run never began')
        return known
      }
      let poisoned = 0
      const outcome = await runSeeds(
        seedsFrom(first, 20),
        { ...tolerant, ...overrides },
        {
          onReady: (world) => {
            traffic.set(world, keepPoisoning(world, { untilMs: world.plan.activeMs, perSecond: 1 }))
          },
          ending: {
            isOver: (world) => {
              const { letters, isPoisoned } = of(world)
              const isDelivered = world.writers.every(({ written }, index) => {
                const sound = written.filter((change) => !isPoisoned(change))
                return world.delivered(`orders-${index}`) >= sound.length
              })
              return isDelivered && letters().size >= of(world).poisoned.length
            },
            account: (world) => ({ named: of(world).isPoisoned }),
          },
          verdicts: (world) => {
            poisoned += of(world).poisoned.length
            return of(world).verdicts()
          },
        },
      )
      expect(outcome.failures).toEqual([])
      expect(poisoned).toBeGreaterThan(200)
    },
    300_000,
  )
})
