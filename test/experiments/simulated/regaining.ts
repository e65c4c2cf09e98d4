import { regainOptions, regainPlan } from '../../sim/world/regaining.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import { planWorld } from '../../sim/world/world-plan.ts'
import type { Experiment } from '../experiment.ts'
import { outcomeOf } from './simulated-experiment.ts'

/** Away for 25 hours, and back by itself: topics end as their tables are, items that are gone included. */
export const regainExperiment: Experiment = {
  id: 'E29-regain',
  title: 'Nobody reads for 25 hours; then the tables are scanned anew, and items that are gone get deletes',
  tier: 'S',
  arm: 'tailrace',
  minimum: { records: 20, faults: { outage: 1, 'gap-passed-over': 2, 'vanished-deleted': 5 } },
  target: { faults: { outage: 500, 'vanished-deleted': 5_000 } },
  run: async (seed) => {
    const { options, counts } = regainOptions(seed % 2 === 0 ? 'workers' : 'brokers')
    const outcome = await runWorld(planWorld(seed, regainPlan), options)
    const { vanished, passedOver } = counts()
    const faults = { outage: 1, 'gap-passed-over': passedOver, 'vanished-deleted': vanished }
    return { ...outcomeOf(outcome, faults), unseen: [], lag: [] }
  },
}
