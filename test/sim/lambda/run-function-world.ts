import type { Findings } from '../../../src/oracle/oracle.ts'
import { startNemesis } from '../world/nemesis.ts'
import type { Trace } from '../world/trace.ts'
import type { FaultKind } from '../world/world-plan.ts'
import type { FunctionMappings } from './function-mappings.ts'
import type { FunctionWorldPlan } from './function-plan.ts'
import { startFunctionWorld } from './function-world.ts'
import type { FunctionWorld, FunctionWorldOptions } from './function-world.ts'
import { judgeFunctionWorld, namesIn, outputOf } from './judge-function-world.ts'
import type { SimulatedFunction } from './simulated-function.ts'

/** What a run of a function showed. */
export interface FunctionOutcome {
  readonly plan: FunctionWorldPlan
  readonly findings: Findings
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly lambda: SimulatedFunction
  readonly mappings: FunctionMappings
  readonly poisoned: number
  readonly trace: Trace
  readonly traceDigest: string
}

/**
 * One whole run: mappings, function, faults and writes for the planned time; then everything is healed, poisoned records are mended
 * and the mappings enabled anew where something waits for that; then the log is held against the writes.
 */
export async function runFunctionWorld(
  plan: FunctionWorldPlan,
  options: FunctionWorldOptions = {},
): Promise<FunctionOutcome> {
  const world = startFunctionWorld(plan, options)
  const { surroundings, mappings, lambda, tables, config } = world
  mappings.enable()
  const nemesis = startNemesis({ plan, surroundings, fleet: lambda, tables, ledgerTopic: config.ledger.topic })
  const { time, kafka, trace } = surroundings
  await time.run(() => false, plan.activeMs)
  world.stopWriting()
  nemesis.heal()
  mappings.heal()
  trace.note('healed')
  const hangs: string[] = []
  if (!plan.lambda.isTolerant) await mendPoison(world)
  // What was written a moment ago is looked at before it is asked for.
  await time.run(() => false, time.elapsedMs + 1_000)
  const drainMs = options.drainMs ?? 180_000
  if (!(await time.run(() => world.waiting() === 0 && mappings.isAllDone(), time.elapsedMs + drainMs)))
    hangs.push(`not delivered ${drainMs / 1000} s after the last fault ended`)
  // What would come twice comes now.
  await time.run(() => false, time.elapsedMs + 35_000)
  mappings.disable()
  if (!(await time.run(() => !mappings.isRunning && lambda.running === 0, time.elapsedMs + 70_000)))
    hangs.push('the function or a mapping did not come to an end')
  await time.run(() => kafka.transactions.ongoing.length === 0, time.elapsedMs + 60_000)
  const outcome: FunctionOutcome = {
    plan,
    findings: judgeFunctionWorld(world, hangs),
    faults: nemesis.struck,
    lambda,
    mappings,
    poisoned: world.poison?.poisoned.length ?? 0,
    trace,
    traceDigest: trace.digest(),
  }
  lambda.bury()
  return outcome
}

/** Somebody mends what could not pass, and has it read again. */
async function mendPoison(world: FunctionWorld): Promise<void> {
  const { mappings, surroundings, poison } = world
  mappings.disable()
  await surroundings.time.run(() => !mappings.isRunning, surroundings.time.elapsedMs + 10_000)
  world.passed = passedBy(world)
  for (const { mend } of poison?.poisoned ?? []) mend()
  world.mendedAtMs = surroundings.time.elapsedMs
  mappings.enable()
}

/** Behind a record that cannot pass nothing of its shard is delivered, unless the mapping gave it up. */
function passedBy(world: FunctionWorld): readonly string[] {
  const { poison, mappings, plan } = world
  if (plan.lambda.settings.parallelizationFactor > 1) return []
  const nameOf = namesIn(world)
  const delivered = new Set(outputOf(world).delivered.map(nameOf))
  return (poison?.poisoned ?? []).flatMap((poisoned) => {
    if (mappings.discarded.has(nameOf(poisoned))) return []
    const { table, position } = poisoned
    const stream = world.tables.find(({ name }) => name === table)?.stream
    const records = stream?.shard(position.shardId).records ?? []
    const behind = records.slice(records.findIndex(({ sequenceNumber }) => sequenceNumber === position.sequenceNumber))
    const passed = behind.find(({ sequenceNumber }) => delivered.has(nameOf({ table, position: { sequenceNumber } })))
    return passed === undefined ? [] : [`${passed.sequenceNumber} was delivered behind ${position.sequenceNumber}`]
  })
}
