import { addCounts } from '../../counts.ts'
import type { Experiment, RunOutcome } from '../../experiment.ts'
import { runFunction, usualDeliveryFaults } from '../../functions/function-run.ts'
import type { FunctionRunOutcome, FunctionRunPlan } from '../../functions/function-run.ts'

const changes = 50_000
const kills = 200

/** The ZIP of `tailrace lambda package` in AWS's runtime emulator, with everything that an event source mapping may do. */
export const functionKills: Experiment = {
  id: 'E44-kill',
  title: 'The packed function is killed at every point of its invocations, frozen, or cut off from the broker',
  tier: 'K',
  arm: 'tailrace',
  minimum: {
    records: changes,
    faults: { 'sandbox-kill': kills, 'sandbox-freeze': 8, 'aborted-record': 100, twice: 10 },
  },
  target: { records: changes, faults: { 'sandbox-kill': kills } },
  run: async (seed, signal) => outcomeOf(await runFunction(functionPlan(seed), signal)),
}

/** One shard is one sandbox at a time, so a stream of several shards that split shows more than one of a single shard. */
export function functionPlan(seed: number, more: Partial<FunctionRunPlan> = {}): FunctionRunPlan {
  return {
    seed,
    changes,
    kills,
    freezes: 10,
    stalls: 10,
    changesPerSecond: 200,
    reshardsPerSecond: 0.2,
    timeLimitSeconds: 8,
    slots: 5,
    batchSize: 1_000,
    deliveryFaults: usualDeliveryFaults,
    ...more,
  }
}

function outcomeOf(outcome: FunctionRunOutcome): RunOutcome {
  const { findings, log, watch, mapping, reshards, errors, transactions } = outcome
  const { lostAnswer, twice, abandoned, cutAnew, failOver, repeatedFinal } = mapping.faults
  const again = { twice, abandoned, 'lost-answer': lostAnswer, 'cut-anew': cutAnew, 'fail-over': failOver }
  return {
    records: findings.delivered,
    faults: {
      ...log.faults,
      ...again,
      'repeated-final': repeatedFinal,
      reshard: reshards,
      'aborted-record': transactions.abortedRecords,
    },
    anomalies: addCounts(findings.anomalies),
    replayed: findings.replayed,
    statesAtFault: log.states,
    // More is written all the time than passes while this much is killed.
    recoveryMs: [],
    unseen: [...watch.unseen, [watch.elapsedMs / 1000, watch.unseenCount]],
    lag: watch.lag,
    examples: [
      ...findings.examples,
      `errors of the function: ${[...errors].map(([name, count]) => `${count} ${name}`).join(', ')}`,
      `transactions: ${transactions.commit} committed, ${transactions.abort} aborted, ${transactions.open} open`,
      `${mapping.invocations} invocations with ${mapping.recordsInvoked} records in all`,
    ],
  }
}
