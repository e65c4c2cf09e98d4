import { gapsOf, outageOptions, outagePlan, trimmedChanges } from '../../sim/world/outage.ts'
import { planWorld } from '../../sim/world/world-plan.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment } from '../experiment.ts'
import { outcomeOf } from './simulated-experiment.ts'

/** Away for 25 hours: what is lost must be named by a stopped table and an event, and nothing else may be lost. */
export const longOutageExperiment: Experiment = {
  id: 'E29',
  title: 'Nobody reads for 25 hours, because the workers or the brokers are gone, while the stream keeps 24',
  tier: 'S',
  arm: 'tailrace',
  minimum: { records: 20, faults: { outage: 1, gap: 2, 'change-expired': 50 } },
  target: { faults: { outage: 100 } },
  run: async (seed) => {
    const cause = seed % 2 === 0 ? 'workers' : 'brokers'
    const options = outageOptions(cause)
    let world: World | undefined
    const outcome = await runWorld(planWorld(seed, outagePlan), {
      ...options,
      onReady: (ready) => {
        world = ready
        options.onReady?.(ready)
      },
    })
    if (world === undefined) throw new Error('the run never began')
    const isTrimmed = trimmedChanges(world)
    const trimmed = world.writers.flatMap((writer) => writer.written).filter(isTrimmed).length
    const shown = outcomeOf(outcome, { outage: 1, gap: gapsOf(world).length, 'change-expired': trimmed })
    // What is lost by name stays unseen; the curve is that of another promise.
    return { ...shown, unseen: [], lag: [] }
  },
}
