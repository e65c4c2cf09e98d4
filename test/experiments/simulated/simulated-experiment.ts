import type { AnomalyName } from '../../../src/oracle/oracle.ts'
import { planWorld } from '../../sim/world/world-plan.ts'
import type { PlanOverrides } from '../../sim/world/world-plan.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import type { World, WorldOptions, WorldOutcome } from '../../sim/world/run-world.ts'
import { crashName } from '../crash-coverage.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'

/** What makes one simulated experiment. */
export interface SimulatedExperiment extends Pick<Experiment, 'id' | 'title' | 'minimum' | 'target'> {
  readonly overrides: PlanOverrides | ((seed: number) => PlanOverrides)
  readonly options?: WorldOptions
  /** Called before the first event; what it returns is added to the faults when the run is over. */
  readonly prepare?: (world: World) => (() => Readonly<Record<string, number>>) | undefined
}

/** An experiment whose runs are simulated worlds, each wholly decided by its seed. */
export function simulatedExperiment(definition: SimulatedExperiment): Experiment {
  const { id, title, minimum, target, overrides, options, prepare } = definition
  return {
    id,
    title,
    tier: 'S',
    arm: 'tailrace',
    minimum,
    target,
    run: async (seed) => {
      let ownFaults: (() => Readonly<Record<string, number>>) | undefined
      const onReady = (world: World): void => {
        ownFaults = prepare?.(world)
      }
      const outcome = await runWorld(planWorld(seed, typeof overrides === 'function' ? overrides(seed) : overrides), {
        ...options,
        onReady,
      })
      const shown = outcomeOf(outcome, ownFaults?.() ?? {})
      // Where something is excused, what is unseen at the end is another promise's matter.
      return options?.ending === undefined ? shown : { ...shown, unseen: [], lag: [] }
    },
  }
}

/** A simulated run in the words of the experiments. */
export function outcomeOf(
  outcome: Pick<WorldOutcome, 'findings' | 'crashes' | 'recovery' | 'faults'>,
  ownFaults: Readonly<Record<string, number>>,
): RunOutcome {
  const { findings, crashes, recovery } = outcome
  const anomalies = Object.entries(findings.anomalies).filter(([, count]) => count > 0) as [AnomalyName, number][]
  const moments = crashes.moments.length > 0 ? crashes.moments : []
  return {
    records: findings.delivered,
    faults: { ...Object.fromEntries(outcome.faults), ...ownFaults, crash: crashes.kills },
    anomalies: Object.fromEntries(anomalies),
    replayed: findings.replayed,
    statesAtFault: statesOf(outcome),
    recoveryMs: recovery.recoveries(moments).filter((ms) => ms !== undefined),
    unseen: recovery.unseen,
    lag: recovery.lag,
    examples: findings.examples,
  }
}

/** `fence.after @ steady` for crashes at a point, the state alone for the others. */
function statesOf({ crashes }: Pick<WorldOutcome, 'crashes'>): Readonly<Record<string, number>> {
  const states = new Map<string, number>(crashes.byState)
  for (const [point, byState] of crashes.byPoint) {
    for (const [state, count] of byState) {
      states.set(state, (states.get(state) ?? 0) - count)
      states.set(crashName(point, state), count)
    }
  }
  return Object.fromEntries([...states].filter(([, count]) => count > 0))
}
