import { isClean } from '../../src/oracle/anomalies.ts'
import { planWorld } from '../sim/world/world-plan.ts'
import type { PlanOverrides } from '../sim/world/world-plan.ts'
import { runWorld } from '../sim/world/run-world.ts'

/**
 * Run in a planted tree: how many seeds it takes until a simulated run shows an anomaly, for several rows of seeds.
 * `node first-failures.ts <overrides as JSON> <rows> <seeds in a row at most>`; prints a JSON array, null = never.
 */
const [overrides = '{}', rows = '1', most = '1'] = process.argv.slice(2)
const fixed = JSON.parse(overrides) as PlanOverrides
const found: (number | null)[] = []
for (let row = 0; row < Number(rows); row++) {
  found.push(await firstFailure(1_000_000 + row * 100_000, Number(most)))
}
process.stdout.write(`${JSON.stringify(found)}\n`)

async function firstFailure(first: number, limit: number): Promise<number | null> {
  for (let count = 1; count <= limit; count++) {
    const { findings } = await runWorld(planWorld(first + count, fixed))
    if (!isClean(findings)) return count
  }
  return null
}
