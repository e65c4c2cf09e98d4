import type { Findings } from '../../../src/oracle/oracle.ts'
import { startNemesis } from '../world/nemesis.ts'
import type { StrikableFleet } from '../world/nemesis.ts'
import type { Trace } from '../world/trace.ts'
import type { FaultKind } from '../world/world-plan.ts'
import type { FunctionWorldPlan } from './function-plan.ts'
import { startFunctionWorld } from './function-world.ts'
import type { FunctionWorld, FunctionWorldOptions } from './function-world.ts'
import { judgeFunctionWorld, outputOf } from './judge-function-world.ts'
import type { SimulatedFunction } from './simulated-function.ts'
import { startOperator } from './switching-operator.ts'
import type { SwitchingOperator } from './switching-operator.ts'

/** What a run showed in which a pipeline was given to and fro. */
export interface SwitchOutcome {
  readonly plan: FunctionWorldPlan
  readonly findings: Findings
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly lambda: SimulatedFunction
  readonly switches: SwitchingOperator['counts']
  readonly trace: Trace
  readonly traceDigest: string
}

const lookMs = 1_000

/**
 * One whole run: workers and function take turns, while changes are written and everything fails; whoever has the last turn must
 * deliver the rest. The plan must be exactly once, of tables' own streams, and without poison.
 */
export async function runSwitchWorld(
  plan: FunctionWorldPlan,
  options: FunctionWorldOptions = {},
): Promise<SwitchOutcome> {
  const world = startFunctionWorld(plan, options)
  const { surroundings, mappings, lambda, config, tables } = world
  const { time, kafka, trace } = surroundings
  const operator = startOperator({ surroundings, config, mappings, workers: 1 + (plan.seed % 3), seed: plan.seed })
  const fleet = bothOf(lambda, operator)
  const nemesis = startNemesis({ plan, surroundings, fleet, tables, ledgerTopic: config.ledger.topic })
  await time.run(() => false, plan.activeMs)
  world.stopWriting()
  nemesis.heal()
  mappings.heal()
  operator.heal()
  trace.note('healed')
  const hangs: string[] = []
  if (!(await time.run(() => !operator.isAtWork, time.elapsedMs + 180_000)))
    hangs.push('a switch did not come to an end')
  const isDelivered = whenDelivered(world)
  const drainMs = options.drainMs ?? 180_000
  if (!(await time.run(isDelivered, time.elapsedMs + drainMs)))
    hangs.push(`not delivered ${drainMs / 1000} s after the last fault ended`)
  // What would come twice comes now.
  await time.run(() => false, time.elapsedMs + 35_000)
  mappings.disable()
  operator.fleet.terminateAll()
  const isOver = (): boolean => !mappings.isRunning && lambda.running === 0 && operator.fleet.isGone
  if (!(await time.run(isOver, time.elapsedMs + 70_000)))
    hangs.push('workers, function or mappings did not come to an end')
  await time.run(() => kafka.transactions.ongoing.length === 0, time.elapsedMs + 60_000)
  const outcome: SwitchOutcome = {
    plan,
    findings: judgeFunctionWorld(world, hangs, { hasWorkers: true }),
    faults: nemesis.struck,
    lambda,
    switches: operator.counts,
    trace,
    traceDigest: trace.digest(),
  }
  lambda.bury()
  operator.bury()
  return outcome
}

/** Looked at once a second. */
function whenDelivered(world: FunctionWorld): () => boolean {
  const { writers, surroundings } = world
  const scan = outputOf(world)
  let isDelivered = false
  const look = (): void => {
    scan.advance()
    isDelivered = scan.distinct.size >= writers.reduce((total, { written }) => total + written.length, 0)
    if (!isDelivered) surroundings.time.after(lookMs, look)
  }
  look()
  return () => isDelivered
}

/** Sandboxes and workers; the places of workers are below zero. */
function bothOf(lambda: SimulatedFunction, operator: SwitchingOperator): StrikableFleet {
  const placed = (place: number): readonly [StrikableFleet, number] =>
    place < 0 ? [operator.fleet, -1 - place] : [lambda, place]
  return {
    get workers() {
      const workers = [...operator.fleet.workers].map(([place, worker]) => [-1 - place, worker] as const)
      return new Map([...lambda.workers, ...workers])
    },
    kill: (place, restartMs) => {
      const [fleet, own] = placed(place)
      fleet.kill(own, restartMs)
    },
    armCrashPoint: (point, hit, restartMs) => {
      lambda.armCrashPoint(point, hit, restartMs)
      operator.fleet.armCrashPoint(point, hit, restartMs)
    },
    freezeAt: (place, point, onFrozen) => {
      const [fleet, own] = placed(place)
      fleet.freezeAt(own, point, onFrozen)
    },
    restart: (place) => {
      const [fleet, own] = placed(place)
      fleet.restart(own)
    },
    scale: () => undefined,
    heal: () => {
      lambda.heal()
      operator.fleet.heal()
    },
  }
}
