import { addCounts } from '../counts.ts'
import type { RunOutcome } from '../experiment.ts'
import { drain, judgeRun, stopWorkers } from './judge-run.ts'
import type { RealPlan } from './real-plan.ts'
import { openRealWorld } from './real-world.ts'
import type { RealWorld } from './real-world.ts'
import { recoveriesFrom } from './recovery.ts'

/** Does the faults of one run; when it resolves, nobody is frozen, away or missing any more. */
export type Strike = (world: RealWorld) => Promise<void>

/**
 * One run: workers, writes and faults until the faults are done and enough is written; then everything must arrive; then
 * the workers are told to stop, and the log is held against the writes. `begin` starts the first workers: by default one
 * in each place.
 */
export async function runReal(
  plan: RealPlan,
  strike: Strike,
  signal: AbortSignal,
  begin: Strike = startAll,
): Promise<RunOutcome> {
  await using world = await openRealWorld(plan, signal)
  await begin(world)
  await world.sleep(plan.warmUpMs)
  await strike(world)
  while (countWritten(world) < plan.changes) await world.sleep(100)
  await world.traffic.stop()
  await drain(world)
  await stopWorkers(world)
  return await outcomeOf(world)
}

async function startAll({ plan, places }: RealWorld): Promise<void> {
  await Promise.all(Array.from({ length: plan.workers }, (_, place) => places.start(place)))
}

function countWritten({ tables }: RealWorld): number {
  return tables.reduce((sum, { writer }) => sum + writer.written.length, 0)
}

async function outcomeOf(world: RealWorld): Promise<RunOutcome> {
  const { log, watch, places, traffic, directory } = world
  const findings = await judgeRun(world)
  const anomalies = addCounts(findings.anomalies)
  const isKept = world.plan.program === 'tailrace' && Object.keys(anomalies).length > 0
  const recoveries = recoveriesFrom(watch.lag, log.healedAtMs)
  return {
    records: findings.delivered,
    faults: { ...log.faults, reshard: traffic.reshards, 'worker-death': places.deaths.length },
    anomalies,
    replayed: findings.replayed,
    statesAtFault: log.states,
    recoveryMs: recoveries.filter((ms) => ms !== undefined),
    unseen: [...watch.unseen, [watch.elapsedMs / 1000, watch.unseenCount]],
    lag: watch.lag,
    examples: [
      ...(isKept ? [`evidence is kept in ${directory}`] : []),
      ...findings.examples,
      ...log.notes,
      ...places.deaths,
    ],
  }
}
