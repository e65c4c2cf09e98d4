import { watchContained } from '../../sim/world/contained-watch.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import { planWorld } from '../../sim/world/world-plan.ts'
import type { PlanOverrides } from '../../sim/world/world-plan.ts'
import type { Experiment } from '../experiment.ts'
import { createVerdicts } from '../values/verdicts.ts'
import { outcomeOf } from './simulated-experiment.ts'

/** Changes that rows contain are left out: nothing else may be missing, and no item may go back behind its row. */
export function containedChanges(
  definition: Pick<Experiment, 'id' | 'title' | 'minimum' | 'target'> & {
    readonly overrides: (seed: number) => PlanOverrides
    readonly drainMs: number
  },
): Experiment {
  const { overrides, drainMs, ...named } = definition
  return {
    ...named,
    tier: 'S',
    arm: 'tailrace',
    run: async (seed) => {
      const watch = watchContained(drainMs)
      const outcome = await runWorld(planWorld(seed, overrides(seed)), watch.options)
      const verdicts = createVerdicts()
      for (const line of watch.regresses()) verdicts.add('reorder', line)
      // What is left out is never seen, so nothing can be said of what is unseen at the end.
      return verdicts.addTo({ ...outcomeOf(outcome, { 'change-skipped': watch.skipped() }), unseen: [], lag: [] })
    },
  }
}
