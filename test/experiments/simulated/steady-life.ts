import type { Rng } from '../../../src/async/rng.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import type { World } from '../../sim/world/run-world.ts'

const lifeMs = 4 * 3_600_000

/** Every shard lives for about four hours and has one child, as those of a table whose load does not change. */
export function keepRolling({ surroundings: { time }, plan }: World, table: SimulatedTable, rng: Rng): void {
  const roll = (shardId: string, afterMs: number): void => {
    time.after(afterMs, () => {
      if (time.elapsedMs > plan.activeMs) return
      roll(table.stream.rotate(shardId).shardId, lifeMs * (0.95 + 0.1 * rng.next()))
    })
  }
  for (const { shardId } of table.stream.shards) roll(shardId, lifeMs * rng.next())
}

/** How often something is done, and between which moments. Virtual milliseconds. */
export interface Rate {
  readonly perSecond: number
  readonly fromMs: number
  readonly untilMs: number
}

/** Does something at random moments, at that rate. */
export function keepDoing({ surroundings: { time } }: World, rng: Rng, rate: Rate, work: () => void): void {
  const again = (): void => {
    time.after((-Math.log(1 - rng.next()) / rate.perSecond) * 1000, () => {
      if (time.elapsedMs >= rate.untilMs) return
      work()
      again()
    })
  }
  time.after(rate.fromMs - time.elapsedMs, again)
}
