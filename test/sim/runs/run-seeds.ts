import { isClean } from '../../../src/oracle/anomalies.ts'
import { planWorld } from '../world/world-plan.ts'
import type { PlanOverrides } from '../world/world-plan.ts'
import { runWorld } from '../world/run-world.ts'
import type { WorldOptions, WorldOutcome } from '../world/run-world.ts'

/** What a row of seeds showed together. */
export interface SeedsOutcome {
  readonly records: number
  readonly kills: number
  readonly reshards: number
  /** A line for each seed with an anomaly, with the way to run it again. */
  readonly failures: readonly string[]
}

/** Runs seeds one after the other; `onOutcome` hears of each. */
export async function runSeeds(
  seeds: Iterable<number>,
  overrides: PlanOverrides,
  options: WorldOptions & { readonly onOutcome?: (outcome: WorldOutcome) => void } = {},
): Promise<SeedsOutcome> {
  let records = 0
  let kills = 0
  let reshards = 0
  const failures: string[] = []
  for (const seed of seeds) {
    const outcome = await runWorld(planWorld(seed, overrides), options)
    records += outcome.findings.delivered
    kills += outcome.crashes.kills
    reshards += outcome.reshards
    if (!isClean(outcome.findings)) failures.push(describeFailure(seed, overrides, outcome))
    options.onOutcome?.(outcome)
  }
  return { records, kills, reshards, failures }
}

/** The numbers from `first` on. */
export function seedsFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}

function describeFailure(seed: number, overrides: PlanOverrides, { findings }: WorldOutcome): string {
  const anomalies = Object.entries(findings.anomalies).filter(([, count]) => count > 0)
  const counts = anomalies.map(([name, count]) => `${name} ${count}`).join(', ')
  return `seed ${seed} with ${JSON.stringify(overrides)}: ${counts}; ${findings.examples.slice(0, 3).join('; ')}`
}
