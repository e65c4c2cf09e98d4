import { throttled } from '../../servers/stream-simulator/fault-plan.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment } from '../experiment.ts'
import { simulatedExperiment } from './simulated-experiment.ts'

const pipeline = {
  delivery: 'exactly_once',
  workers: 2,
  lanes: 3,
  changesPerSecond: 20,
  activeMs: 25_000,
  reshardsPerSecond: 0.4,
} as const

/** Rows C of the table, in simulated time. */
export const streamFaultExperiments: readonly Experiment[] = [
  simulatedExperiment({
    id: 'E24',
    title: 'A tenth to a half of all requests to AWS are throttled, all the time',
    overrides: { ...pipeline, faults: {}, activeMs: 60_000 },
    minimum: { records: 100, faults: { throttle: 50 } },
    target: { faults: { throttle: 50_000 } },
    prepare: ({ surroundings: { streams, rng } }) => {
      streams.faults.add({ action: '*', fault: throttled, probability: 0.1 + 0.4 * rng.next() })
      return () => ({ throttle: streams.faults.struck.get('error') ?? 0 })
    },
  }),
  simulatedExperiment({
    id: 'E25',
    title: 'All iterators expire, again and again',
    overrides: { ...pipeline, faults: { 'iterator-expiry': 2 } },
    minimum: { records: 30, faults: { 'iterator-expiry': 20 } },
    target: { faults: { 'iterator-expiry': 10_000 } },
  }),
  simulatedExperiment({
    id: 'E27',
    title: 'Listings lie: late children, hidden parents, repeated shards, closed ones shown as open',
    overrides: { ...pipeline, faults: { 'listing-lie': 2, 'worker-kill': 0.1 } },
    minimum: { records: 30, faults: { 'listing-lie': 20 } },
    target: { faults: { 'listing-lie': 20_000 } },
  }),
  simulatedExperiment({
    id: 'E28',
    title: 'Up to five thousand empty pages stand in front of records, and ends come with and without them',
    // An idle shard is asked once a second, so a long stretch takes more than an hour.
    overrides: { ...pipeline, faults: {}, activeMs: 20_000, changesPerSecond: 5, followIntervalMs: 10_000 },
    options: { drainMs: 3 * 3_600_000 },
    minimum: { records: 30, faults: { 'empty-stretch': 2 } },
    target: { faults: { 'empty-stretch': 2_000 } },
    prepare: emptyStretches,
  }),
  simulatedExperiment({
    id: 'E32-sim',
    title: 'Answers of AWS are cut off, truncated, altered, slow, or pages of a proxy',
    overrides: { ...pipeline, faults: { 'aws-corrupt': 2, 'aws-error': 1 } },
    minimum: { records: 30, faults: { 'aws-corrupt': 20 } },
    target: { faults: { 'aws-corrupt': 5_000 } },
  }),
  simulatedExperiment({
    id: 'E33',
    title: 'Sequence numbers grow by a digit every few changes, from 21 to 40 digits',
    overrides: { ...pipeline, faults: { 'worker-kill': 0.3, 'iterator-expiry': 0.3 }, growSequenceEvery: 25 },
    minimum: { records: 150, faults: { crash: 1 } },
    target: { records: 10_000, faults: {} },
  }),
]

/** Some shards, old and new, make their readers page through nothing for a long time. */
function emptyStretches({ surroundings: { time, rng }, tables, plan }: World): () => Readonly<Record<string, number>> {
  const seen = new Set<string>()
  let stretches = 0
  const look = (): void => {
    for (const shard of tables.flatMap((table) => table.stream.shards)) {
      if (seen.has(shard.shardId)) continue
      seen.add(shard.shardId)
      if (rng.next() < 0.5) continue
      shard.emptyPages = rng.next() < 0.1 ? 5_000 : Math.floor(rng.next() * 40)
      stretches++
    }
    time.after(500, look)
  }
  look()
  // Stretches that have begun are paged through to their end; no new ones begin behind them.
  time.after(plan.activeMs, () => {
    for (const shard of tables.flatMap((table) => table.stream.shards)) shard.emptyPages = 0
  })
  return () => ({ 'empty-stretch': stretches })
}
