import { describe, expect, it } from 'vitest'
import { crashPoints } from '../../crash/crash-point.ts'
import { runSeeds, seedsFrom } from './run-seeds.ts'

const blocks = 10
const seedsInBlock = 50
/** Every other block begins with items in its tables. */
const snapshot = { items: 80, segments: 3, pageItems: 8, answerMs: 1_000 }
const hasSnapshot = (first: number): boolean => (first / seedsInBlock) % 2 === 1

/** Crashes at named points only, often, while the stream reshards and other workers take over. */
describe('workers that die in front of and behind every durable step', () => {
  const hit = new Set<string>()

  it.each(Array.from({ length: blocks }, (_, block) => 40_000 + block * seedsInBlock))(
    'lose, repeat and reorder nothing (50 seeds from %i)',
    async (first) => {
      const faults = { 'crash-point': 1.5, 'worker-restart': 0.05 }
      const { failures, kills } = await runSeeds(
        seedsFrom(first, seedsInBlock),
        { faults, reshardsPerSecond: 0.3, activeMs: 20_000, ...(hasSnapshot(first) ? { snapshot } : {}) },
        {
          onOutcome: ({ crashes }) => {
            for (const point of crashes.byPoint.keys()) hit.add(point)
          },
        },
      )
      expect(failures).toEqual([])
      expect(kills).toBeGreaterThan(200)
    },
    180_000,
  )

  it('and have died at every point that a short pipeline comes by', () => {
    // Within its twenty seconds it neither stops a table nor forgets what is three days old.
    const withinReach = crashPoints.filter((point) => !/\.(stop|forget)\./.test(point))
    expect(withinReach.filter((point) => !hit.has(point))).toEqual([])
  })
})
