import { planKinesisWorld } from '../../sim/kinesis/kinesis-plan.ts'
import type { KinesisOverrides } from '../../sim/kinesis/kinesis-plan.ts'
import { runKinesisWorld } from '../../sim/kinesis/run-kinesis-world.ts'
import type { KinesisOutcome } from '../../sim/kinesis/run-kinesis-world.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { outcomeOf } from './simulated-experiment.ts'

/** A stream goes from a hundred shards to a thousand and back, by rounds of splits and merges as UpdateShardCount does it. */
export const manyKinesisShards: KinesisOverrides = {
  faults: { 'worker-kill': 0.03, 'aws-throttle': 0.2, 'aws-error': 0.1, 'iterator-expiry': 0.05, 'listing-lie': 0.1 },
  brokers: 1,
  lanes: 4,
  workers: 2,
  tables: 2,
  topicPartitions: 2,
  openShards: 100,
  workload: { keys: 80, skew: 1, deleteShare: 0.15, paddingBytes: 0 },
  changesPerSecond: 30,
  reshardsPerSecond: 0.2,
  activeMs: 45_000,
  pageRecords: 1_000,
  pageShards: 1_000,
  // An idle shard is asked every few seconds, for there are a thousand of them.
  pollIdleCapMs: 4_000,
  stream: {
    windowMs: 10_000,
    delayMs: 10_000,
    late: 'emit-flagged',
    delays: 0.2,
    lateBunches: 0.01,
    holdsPerSecond: 0,
    stormsPerSecond: 0,
    mostShards: 1_000,
    otherTables: 0,
    roundMs: 2_000,
    course: [
      { atMs: 5_000, shards: 1_000 },
      { atMs: 25_000, shards: 100 },
    ],
  },
}

/** Rows E41 and E42, in simulated time. */
export const kinesisExperiments: readonly Experiment[] = [
  {
    id: 'E41',
    title:
      'A Kinesis stream repeats 1 to 10 % of all changes and disorders up to 30 % within the window, while it reshards and everything else fails, too',
    tier: 'S',
    arm: 'tailrace',
    minimum: { records: 30, faults: { 'kinesis-shard': 1 } },
    target: { faults: { 'kinesis-duplicate': 30_000, 'kinesis-disorder': 50_000, 'kinesis-late': 5_000 } },
    run: async (seed) => shown(await runKinesisWorld(planKinesisWorld(seed))),
  },
  {
    id: 'E42',
    title: 'A Kinesis stream goes from 100 shards to 1,000 and back to 100, with repeats and disorder up to the window',
    tier: 'S',
    arm: 'tailrace',
    minimum: { records: 300, faults: { 'kinesis-shard': 2_700, 'kinesis-duplicate': 1, 'kinesis-disorder': 10 } },
    target: { faults: { 'kinesis-shard': 2_800_000, 'kinesis-duplicate': 20_000, 'kinesis-disorder': 50_000 } },
    run: async (seed) => {
      const outcome = await runKinesisWorld(planKinesisWorld(seed, manyKinesisShards))
      if (outcome.mostOpen < 990) throw new Error(`there were never more than ${outcome.mostOpen} shards open`)
      return shown(outcome)
    },
  },
]

/** Changes that wait for the window are unseen for as long, which says nothing of how far behind the pipeline is. */
function shown(outcome: KinesisOutcome): RunOutcome {
  const { traffic, counts, shards } = outcome
  const { 'update-shard-count': rounds, 'late-bunch': lateBunches, 'held-back': heldBack } = traffic
  const recovery = { unseen: [], lag: [], isAllSeen: true, recoveries: () => [] }
  return outcomeOf(
    { ...outcome, recovery },
    {
      'kinesis-duplicate': counts.duplicate,
      'kinesis-disorder': counts.disorder,
      'kinesis-late': counts.late,
      'kinesis-overtaken': counts.overtaken,
      'kinesis-shard': shards,
      'kinesis-split': traffic.split,
      'kinesis-merge': traffic.merge,
      'kinesis-update-shard-count': rounds,
      'kinesis-late-bunch': lateBunches,
      'kinesis-held-back': heldBack,
      'kinesis-precision-switch': traffic['precision-switch'],
    },
  )
}
