import { describe, expect, it } from 'vitest'
import { gapsOf, stoppedTables } from '../world/outage.ts'
import { runWorld } from '../world/run-world.ts'
import type { World, WorldOptions, WorldOutcome } from '../world/run-world.ts'
import { leaveAfterRotation, unreadPlan, unreadRegainPlan, untilRegained, untilStopped } from '../world/unread-shard.ts'
import { planWorld } from '../world/world-plan.ts'
import type { PlanOverrides } from '../world/world-plan.ts'

const run = async (
  seed: number,
  plan: PlanOverrides,
  options: WorldOptions,
): Promise<{ readonly world: World; readonly outcome: WorldOutcome }> => {
  let world: World | undefined
  const outcome = await runWorld(planWorld(seed, plan), {
    ...options,
    onReady: (ready) => {
      world = ready
      options.onReady?.(ready)
    },
  })
  if (world === undefined) throw new Error('the run never began')
  return { world, outcome }
}

describe('a shard of which nothing was read', () => {
  it.each([1, 2])(
    'stops its table by name when nobody was there for a day after it was begun (seed %i)',
    async (seed) => {
      const { world, outcome } = await run(seed, unreadPlan, untilStopped({ hours: 26, afterMinutes: 0 }))
      expect(outcome.findings.examples).toEqual([])
      expect([...stoppedTables(world)]).toEqual(['orders-0'])
      expect(outcome.findings.written - outcome.findings.delivered).toBeGreaterThan(10)
      const [gap] = gapsOf(world)
      expect(gap).toMatchObject({ error: { code: 'STREAM_GAP' }, lost: { after: undefined } })
      expect(gap?.lost.before).toBeDefined()
    },
    300_000,
  )

  it.each([1, 2])(
    'is passed over where a snapshot makes up for it, and the topic ends as the table is (seed %i)',
    async (seed) => {
      const { world, outcome } = await run(seed, unreadRegainPlan, untilRegained({ hours: 26, afterMinutes: 0 }))
      expect(outcome.findings.examples).toEqual([])
      expect(gapsOf(world).map(({ isPassedOver }) => isPassedOver)).toContain(true)
    },
    300_000,
  )

  it('is read from its beginning after less than a day', async () => {
    const { world, outcome } = await run(3, unreadPlan, {
      drainMs: 7_200_000,
      onReady: (ready) => leaveAfterRotation(ready, { hours: 23.5, afterMinutes: 0 }),
    })
    expect(outcome.findings.examples).toEqual([])
    expect(gapsOf(world)).toEqual([])
  }, 300_000)

  it('was read if it was empty: one that is older than a day, and is opened anew, is no gap', async () => {
    const quiet = { ...unreadPlan, activeMs: 31 * 3_600_000, changesPerSecond: 0 }
    const { world, outcome } = await run(4, quiet, {
      drainMs: 7_200_000,
      onReady: (ready) => {
        leaveAfterRotation(ready, { hours: 2, afterMinutes: 27 * 60 })
        ready.surroundings.time.after(30.5 * 3_600_000, () => ready.writers[0]?.writeOne())
      },
    })
    expect(outcome.findings).toMatchObject({ written: 1, delivered: 1, examples: [] })
    expect(gapsOf(world)).toEqual([])
    const opened = world.events.flatMap(({ event }) => (event.kind === 'shard-opened' ? [event.shard.shardId] : []))
    expect(opened.filter((shardId) => shardId === opened.at(-1)).length).toBeGreaterThan(1)
  }, 300_000)
})
