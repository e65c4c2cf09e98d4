import { startAtOnce } from '../../functions/cold-starts.ts'
import { runFreezes } from '../../functions/function-freezes.ts'
import type { Experiment, RunOutcome } from '../../experiment.ts'

const sandboxes = 10
const rounds = 5
const functions = 50
/** What counts as soon, for ten sandboxes on a small machine that all wake up in the same moment. Milliseconds. */
const soonMs = 8_000

/** E45: what a request would wait for otherwise is the fifteen seconds of its timeout, once for each dead connection. */
export const functionFreezes: Experiment = {
  id: 'E45',
  title: 'Sandboxes stand still while a firewall forgets their connections: the next batch passes within seconds',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 1_000, faults: { 'sandbox-freeze': 50, 'connection-forgotten': 50 } },
  target: { faults: { 'sandbox-freeze': 300 } },
  run: async (seed) => {
    const outcome = await runFreezes({ seed, sandboxes, rounds, frozenMs: 6_500, timeLimitSeconds: 20 })
    const { thawMs, failures, freezes, forgotten, changes, mostConnections } = outcome
    const late = thawMs.filter((ms) => ms > soonMs)
    return {
      ...nothing,
      records: changes,
      faults: { 'sandbox-freeze': freezes, 'connection-forgotten': forgotten },
      anomalies: anomaliesOf(outcome, failures.length + late.length),
      recoveryMs: thawMs.map(Math.round),
      examples: [...failures, `connections of one sandbox at most: ${mostConnections}`],
    }
  },
}

/** E45-cold: fifty functions of a pipeline that has never run. */
export const functionColdStarts: Experiment = {
  id: 'E45-cold',
  title: 'Fifty functions of a pipeline that has never run get their first batches in the same moment',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: functions * 20, faults: { 'cold-start': functions } },
  target: { faults: { 'cold-start': 1_000 } },
  run: async (seed) => {
    const outcome = await startAtOnce({ seed, functions, limitMs: 60_000 })
    const { startMs, failures, changes, mostConnections, connections } = outcome
    return {
      ...nothing,
      records: changes,
      faults: { 'cold-start': startMs.length },
      anomalies: anomaliesOf(outcome, failures.length),
      recoveryMs: startMs.map(Math.round),
      examples: [...failures, `connections: ${mostConnections} at once, ${connections} in all`],
    }
  },
}

const nothing = { replayed: 0, statesAtFault: {}, unseen: [], lag: [] } as const

function anomaliesOf(
  { lost, duplicated }: { readonly lost: number; readonly duplicated: number },
  hangs: number,
): RunOutcome['anomalies'] {
  return {
    ...(lost > 0 ? { lost } : {}),
    ...(duplicated > 0 ? { duplicate: duplicated } : {}),
    ...(hangs > 0 ? { hang: hangs } : {}),
  }
}
