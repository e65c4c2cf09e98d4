import { planWorld } from '../../sim/world/world-plan.ts'
import type { PlanOverrides } from '../../sim/world/world-plan.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { outcomeOf } from '../simulated/simulated-experiment.ts'

/** What is done to a world, and what it showed. */
export interface Intervention {
  /** Asked when the run is over. */
  readonly faults: () => Readonly<Record<string, number>>
  /** Adds what was wrong besides the delivery. */
  judge(outcome: RunOutcome): RunOutcome
}

/** A simulated world in which everything must be delivered in the end, and something more must hold on the way. */
export function worldWithVerdicts(
  definition: Pick<Experiment, 'id' | 'title' | 'minimum' | 'target'> & {
    readonly overrides: PlanOverrides | ((seed: number) => PlanOverrides)
    /** Called before the first event. */
    readonly intervene: (world: World) => Intervention
  },
): Experiment {
  const { overrides, intervene, ...named } = definition
  return {
    ...named,
    tier: 'S',
    arm: 'tailrace',
    run: async (seed) => {
      let intervention: Intervention | undefined
      const onReady = (world: World): void => {
        intervention = intervene(world)
      }
      const outcome = await runWorld(planWorld(seed, typeof overrides === 'function' ? overrides(seed) : overrides), {
        onReady,
      })
      if (intervention === undefined) throw new Error('the run never began')
      return intervention.judge(outcomeOf(outcome, intervention.faults()))
    },
  }
}
