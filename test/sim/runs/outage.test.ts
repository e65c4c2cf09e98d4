import { describe, expect, it } from 'vitest'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import { isClean } from '../../../src/oracle/anomalies.ts'
import { gapsOf, outageOptions, outagePlan, stoppedTables } from '../world/outage.ts'
import { runWorld } from '../world/run-world.ts'
import type { World, WorldOutcome } from '../world/run-world.ts'
import { planWorld } from '../world/world-plan.ts'

const away = async (cause: 'workers' | 'brokers', seed: number): Promise<{ world: World; outcome: WorldOutcome }> => {
  let world: World | undefined
  const options = outageOptions(cause)
  const outcome = await runWorld(planWorld(seed, outagePlan), {
    ...options,
    onReady: (ready) => {
      world = ready
      options.onReady?.(ready)
    },
  })
  if (world === undefined) throw new Error('the run never began')
  return { world, outcome }
}

describe('a pipeline that is away for longer than its stream keeps changes', () => {
  it.each<['workers' | 'brokers', number]>([
    ['workers', 1],
    ['workers', 2],
    ['brokers', 3],
    ['brokers', 4],
  ])(
    'stops each table by name and says what is lost (%s away, seed %i)',
    async (cause, seed) => {
      const { world, outcome } = await away(cause, seed)
      expect(outcome.findings.examples).toEqual([])
      expect(isClean(outcome.findings)).toBe(true)
      // Nothing was lost without a name, and something was lost.
      expect([...stoppedTables(world)].sort()).toEqual(['orders-0', 'orders-1'])
      expect(outcome.findings.written - outcome.findings.delivered).toBeGreaterThan(100)
      const gaps = gapsOf(world)
      for (const table of ['orders-0', 'orders-1']) expect(gaps.map(({ shard }) => shard.table)).toContain(table)
      for (const { shard, lost } of gaps) expectExact(world, shard, lost)
    },
    120_000,
  )
})

/** The interval's ends are the last change that was delivered and the oldest one that was left. */
function expectExact(
  world: World,
  shard: { readonly table: string; readonly shardId: string },
  lost: ReturnType<typeof gapsOf>[number]['lost'],
): void {
  const writer = world.writers[world.tables.findIndex(({ name }) => name === shard.table)]
  const ofShard = (writer?.written ?? []).filter(({ position }) => position?.shardId === shard.shardId)
  const numbers = ofShard.map(({ position }) => position?.sequenceNumber ?? '')
  if (lost.after !== undefined) expect(numbers).toContain(lost.after)
  if (lost.before === undefined) return
  expect(numbers).toContain(lost.before)
  if (lost.after !== undefined) expect(compareSequenceNumbers(lost.after, lost.before)).toBeLessThan(0)
}
