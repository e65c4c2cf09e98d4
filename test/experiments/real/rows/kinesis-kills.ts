import { startLocalKafka } from '../../../../src/hosts/demo/local-kafka.ts'
import { runKinesisUnderKills } from '../../../servers/kinesis-under-kills.ts'
import type { KinesisRunOutcome } from '../../../servers/kinesis-under-kills.ts'
import { temporaryFolder } from '../../../servers/temporary-folder.ts'
import type { Experiment, RunOutcome } from '../../experiment.ts'

const changes = 100_000
const kills = 20
const reshards = 9

/** Real workers on a real Kinesis server, whose stream repeats and disorders changes while its shards split and merge. */
export const kinesisKills: Experiment = {
  id: 'E42-kill',
  title: 'Workers are killed while a Kinesis stream repeats and disorders changes, and its shards split and merge',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: changes, faults: { 'worker-kill': kills, reshard: reshards, repeat: 3_000, disorder: 3_000 } },
  target: { records: changes, faults: { 'worker-kill': kills, reshard: reshards } },
  run: async (seed, signal) => {
    await using folder = await temporaryFolder()
    const extraProperties = { 'group.min.session.timeout.ms': '1000' }
    await using kafka = await startLocalKafka({ directory: folder.path, extraProperties, signal })
    const { bootstrapServers } = kafka
    const plan = { bootstrapServers, changes, kills, reshards, workers: 3, fanOut: false, seed }
    return outcomeOf(await runKinesisUnderKills(plan))
  },
}

function outcomeOf(outcome: KinesisRunOutcome): RunOutcome {
  const { lost, duplicated, reordered, flagged, ...faults } = outcome
  return {
    records: faults.changes,
    faults: {
      'worker-kill': faults.kills,
      reshard: reshards,
      repeat: faults.repeats,
      disorder: faults.delayed,
    },
    anomalies: {
      ...(lost > 0 ? { lost } : {}),
      ...(duplicated > 0 ? { duplicate: duplicated } : {}),
      // Nothing comes so late that it might be flagged.
      ...(reordered + flagged > 0 ? { reorder: reordered + flagged } : {}),
    },
    replayed: 0,
    statesAtFault: {},
    recoveryMs: [],
    unseen: [],
    lag: [],
    examples: [],
  }
}
