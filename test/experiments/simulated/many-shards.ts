import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seededRng } from '../../../src/async/rng.ts'
import { planWorld } from '../../sim/world/world-plan.ts'
import type { PlanOverrides } from '../../sim/world/world-plan.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { outcomeOf } from './simulated-experiment.ts'

const hourMs = 3_600_000
const hours = 200
const openShards = 200
const lifeMs = 4 * hourMs
const describePerSecond = 10
const foundWithinMs = 30_000
const memoryMiB = 300

/** What is left after a collection, the simulated Kafka, the simulated stream and the oracle's memory included. */
function usedMiB(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

// The collector is not to be had otherwise without a flag on the command line.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const plan: PlanOverrides = {
  delivery: 'exactly_once',
  brokers: 1,
  transactionVersion: 2,
  lanes: 16,
  workers: 2,
  tables: 1,
  topicPartitions: 4,
  openShards,
  // The simulated Kafka keeps every batch: with many more changes its logs would be what is measured.
  changesPerSecond: 0.04,
  reshardsPerSecond: 0,
  activeMs: hours * hourMs,
  faults: {},
  pageRecords: 1_000,
  shardFilter: 'supported',
  // An idle shard is asked every ten seconds or so: two hundred of them for two hundred hours.
  followIntervalMs: 5_000,
  pollIdleCapMs: 15_000,
  listingMs: 300_000,
  pageShards: 100,
}

/** Ten thousand shards come and go; each must be found soon, read behind its parent, and be forgotten in the end. */
export const manyShardsExperiment: Experiment = {
  id: 'E26',
  title: 'Ten thousand shards: 200 open at a time, each rolling over after four hours, for 200 hours',
  tier: 'S',
  arm: 'tailrace',
  minimum: { records: 20_000, faults: { rollover: 9_000 } },
  target: { faults: { rollover: 9_800 } },
  run: async (seed) => {
    let watch: ShardWatch | undefined
    const outcome = await runWorld(planWorld(seed, plan), {
      onReady: (world) => {
        watch = watchShards(world)
      },
    })
    if (watch === undefined) throw new Error('the run never began')
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    return withLimits(outcomeOf(outcome, { rollover: watch.rollovers }), watch, usedMiB())
  },
}

interface ShardWatch {
  readonly rollovers: number
  /** Milliseconds from a shard's beginning until a lane opened it. */
  readonly slowestFindMs: number
  /** Shards that no lane has opened so far. */
  readonly unfound: readonly string[]
  /** Most calls of DescribeStream in one second. */
  readonly mostDescribes: number
  /** Most shards that the ledger's readers held at once. */
  readonly mostKnown: number
  readonly peakMiB: number
}

function watchShards(world: World): ShardWatch {
  const { surroundings, tables } = world
  const { time } = surroundings
  const rng = seededRng(world.plan.seed ^ 0x26)
  const born = new Map<string, number>()
  const state = {
    rollovers: 0,
    slowestFindMs: 0,
    mostDescribes: 0,
    mostKnown: 0,
    peakMiB: 0,
    get unfound() {
      return [...born.keys()]
    },
  }
  const roll = (shardId: string, afterMs: number): void => {
    time.after(afterMs, () => {
      const child = tables[0]?.stream.rotate(shardId)
      if (child === undefined || time.elapsedMs > world.plan.activeMs) return
      state.rollovers++
      born.set(child.shardId, time.elapsedMs)
      roll(child.shardId, lifeMs * (0.95 + 0.1 * rng.next()))
    })
  }
  // In their first hours the shards part company, as those of a table that grew over time have.
  for (const shard of tables[0]?.stream.shards ?? []) roll(shard.shardId, lifeMs * rng.next())
  const find = (shardId: string): void => {
    const bornAtMs = born.get(shardId)
    if (bornAtMs === undefined) return
    born.delete(shardId)
    state.slowestFindMs = Math.max(state.slowestFindMs, time.elapsedMs - bornAtMs)
  }
  world.onEvent(({ event }) => {
    if (event.kind === 'shard-opened') find(event.shard.shardId)
    if (event.kind === 'lane-surveyed')
      state.mostKnown = Math.max(state.mostKnown, event.open + event.ended + event.waiting)
  })
  limitDescribes(world, state)
  const housekeeping = (): void => {
    time.after(1_800_000, () => {
      tables[0]?.stream.expire(24 * hourMs)
      collectGarbage()
      // What signals leave behind is only taken away in a turn of its own.
      time.after(1, () => {
        state.peakMiB = Math.max(state.peakMiB, usedMiB())
      })
      housekeeping()
    })
  }
  housekeeping()
  return state
}

/** DynamoDB allows ten calls of DescribeStream a second; what is more is throttled. */
function limitDescribes({ surroundings: { streams, time } }: World, state: { mostDescribes: number }): void {
  let second = 0
  let calls = 0
  streams.faults.add({
    action: 'DescribeStream',
    fault: { kind: 'error', statusCode: 400, type: 'LimitExceededException' },
    when: () => {
      const now = Math.floor(time.elapsedMs / 1000)
      calls = now === second ? calls + 1 : 1
      second = now
      state.mostDescribes = Math.max(state.mostDescribes, calls)
      return calls > describePerSecond
    },
  })
}

/**
 * What the run promises besides delivery: a limit that is not kept is a hang. `leftMiB` is what is still in use when all
 * workers are gone: the simulation's part.
 */
function withLimits(outcome: RunOutcome, watch: ShardWatch, leftMiB: number): RunOutcome {
  const broken: string[] = []
  if (watch.slowestFindMs > foundWithinMs) broken.push(`a shard was found after ${Math.round(watch.slowestFindMs)} ms`)
  if (watch.unfound.length > 0) broken.push(`never opened: ${watch.unfound.join(', ')}`)
  if (watch.mostDescribes > describePerSecond) broken.push(`${watch.mostDescribes} calls of DescribeStream in a second`)
  if (watch.peakMiB > memoryMiB) broken.push(`${Math.round(watch.peakMiB)} MiB in use, the simulation included`)
  const facts = [
    `slowest find ${Math.round(watch.slowestFindMs)} ms`,
    `at most ${watch.mostDescribes} DescribeStream a second`,
    `${watch.mostKnown} shards known to a lane at most`,
    `${Math.round(watch.peakMiB)} MiB at most, ${Math.round(leftMiB)} MiB of it the simulation's`,
  ]
  const hang = (outcome.anomalies.hang ?? 0) + broken.length
  return {
    ...outcome,
    anomalies: hang === 0 ? outcome.anomalies : { ...outcome.anomalies, hang },
    examples: [...outcome.examples, facts.join(', '), ...broken],
  }
}
