import { seededRng } from '../../../src/async/rng.ts'
import { streamRetentionMs } from '../../../src/change/retention.ts'
import { createProgressBoard } from '../../../src/hosts/server/progress-board.ts'
import type { ProgressBoard } from '../../../src/hosts/server/progress-board.ts'
import { keepRetention } from '../../sim/world/outage.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import type { World, WorldOutcome } from '../../sim/world/run-world.ts'
import { planWorld } from '../../sim/world/world-plan.ts'
import type { PlanOverrides } from '../../sim/world/world-plan.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { outcomeOf } from './simulated-experiment.ts'
import { keepDoing, keepRolling } from './steady-life.ts'

const hourMs = 3_600_000

/** Two shards give two changes each in four seconds: one change a second, whether reading is slow or writing is. */
const capacityPerSecond = 1
const slowMs = 4_000
const pageRecords = 2
const normal = 0.2 * capacityPerSecond
const extra = 3 * capacityPerSecond - normal

const beginMs = hourMs
const endMs = beginMs + 6 * hourMs
/** The backlog takes three times as long again, in which the oldest change gets to be half a day old. */
const activeMs = 28 * hourMs

/** Whoever watches the metric is to hear of it when an eighth of the retention is used up. */
const alarmMs = 21 * hourMs
const lookMs = 5_000
/** With reads or writes of four seconds nothing is ever much fresher. */
const goodLagS = 60
/** It never shows more than there is but for the time between two looks at the output, nor so little that it cries wolf. */
const mostAboveMs = 2 * 60_000
const mostBelowMs = hourMs
/**
 * Between a shard's end and the look into the ledger by which another lane learns of its child, nobody shows the child: one
 * such interval, which is seconds here and 250 ms in a real pipeline, and a look of ours.
 */
const mostBlindMs = 10_000

const plan: PlanOverrides = {
  delivery: 'exactly_once',
  brokers: 1,
  transactionVersion: 2,
  lanes: 2,
  workers: 2,
  tables: 1,
  openShards: 2,
  topicPartitions: 2,
  workload: { keys: 300, skew: 1, deleteShare: 0.15, paddingBytes: 20 },
  changesPerSecond: normal,
  reshardsPerSecond: 0,
  activeMs,
  faults: {},
  pageRecords,
  shardFilter: 'supported',
  followIntervalMs: 5_000,
  pollIdleCapMs: 15_000,
  listingMs: 300_000,
}

/**
 * E53: for six hours three times more is written than can be delivered, because GetRecords or the broker is slow. There is
 * no alarm besides the metric `tailrace_retention_headroom_seconds`, so its value is what is judged, through the board that
 * the server computes it from: it must fall early, and never say more than is left.
 */
export const overloadExperiment: Experiment = {
  id: 'E53',
  title: 'For six hours three times more changes than can be delivered, then normal load, without a restart',
  tier: 'S',
  arm: 'tailrace',
  minimum: { records: 70_000, faults: { overload: 1, alarm: 1 } },
  target: { records: 2_000_000, faults: { overload: 20 } },
  run: async (seed) => {
    let watch: HeadroomWatch | undefined
    let stage: Stage | undefined
    const outcome = await runWorld(planWorld(seed, plan), {
      drainMs: 4 * hourMs,
      onReady: (world) => {
        stage = overload(world)
        watch = watchHeadroom(world)
      },
    })
    if (watch === undefined || stage === undefined) throw new Error('the run never began')
    return judge(outcome, watch, stage)
  },
}

/** How much was written and delivered while the overload lasted, and how often a worker began. */
interface Stage {
  readonly cause: 'slow-reads' | 'slow-writes'
  written: number
  delivered: number
  starts: number
}

function overload(world: World): Stage {
  const { surroundings, writers, tables, plan } = world
  const { time, streams, link } = surroundings
  const rng = seededRng(plan.seed ^ 0x53)
  const stage: Stage = {
    cause: plan.seed % 2 === 0 ? 'slow-reads' : 'slow-writes',
    written: 0,
    delivered: 0,
    starts: 0,
  }
  if (stage.cause === 'slow-reads')
    streams.faults.add({ action: 'GetRecords', fault: { kind: 'slow', beforeMs: slowMs } })
  // A transaction takes what two pages of each shard hold, and waits twice: for its records and for its end.
  else link.add(({ action }) => (action === 'Produce' || action === 'EndTxn' ? { responseMs: slowMs } : undefined))
  keepRetention(world)
  for (const table of tables) keepRolling(world, table, rng)
  for (const writer of writers)
    keepDoing(world, rng, { perSecond: extra, fromMs: beginMs, untilMs: endMs }, () => writer.writeOne())
  const count = (sign: 1 | -1): void => {
    stage.written += sign * writers.reduce((sum, { written }) => sum + written.length, 0)
    stage.delivered += sign * tables.reduce((sum, { name }) => sum + world.delivered(name), 0)
  }
  time.after(beginMs, () => count(-1))
  time.after(endMs, () => count(1))
  world.onEvent(({ event }) => {
    if (event.kind === 'worker-started') stage.starts++
  })
  return stage
}

/** [virtual milliseconds, the least headroom that any worker shows]. */
interface HeadroomWatch {
  readonly shown: readonly (readonly [atMs: number, headroomMs: number])[]
}

function watchHeadroom(world: World): HeadroomWatch {
  const { time, originMs } = world.surroundings
  const boards = new Map<string, ProgressBoard>()
  const clock = {
    now: () => originMs + time.elapsedMs,
    monotonic: () => time.elapsedMs,
    sleep: () => Promise.reject(new Error('a board never waits')),
  }
  world.onEvent(({ worker, event }) => {
    const board = boards.get(worker) ?? createProgressBoard(clock)
    boards.set(worker, board)
    board.onEvent(event)
  })
  const shown: [number, number][] = []
  const look = (): void => {
    time.after(lookMs, () => {
      const least = [...boards.values()].flatMap((board) => [...board.headroomMs().values()])
      if (time.elapsedMs < activeMs && least.length > 0) shown.push([time.elapsedMs, Math.min(...least)])
      look()
    })
  }
  look()
  return { shown }
}

function judge(outcome: WorldOutcome, { shown }: HeadroomWatch, stage: Stage): RunOutcome {
  const broken: string[] = []
  const alarm = shown.find(([, headroomMs]) => headroomMs < alarmMs)
  if (alarm === undefined || alarm[0] < beginMs || alarm[0] > endMs)
    broken.push(
      `headroom fell below ${hoursText(alarmMs)} ${alarm === undefined ? 'never' : `after ${hoursText(alarm[0])}`}`,
    )
  const errors = errorsOf(shown, outcome.recovery.lag)
  if (errors.longestMs > mostBlindMs)
    broken.push(`headroom was shown ${hoursText(errors.most)} too high, and for up to ${errors.longestMs / 1000} s`)
  if (errors.least < -mostBelowMs) broken.push(`headroom was shown ${hoursText(-errors.least)} too low`)
  const caughtUp = outcome.recovery.lag.find(([atS, lagS]) => atS * 1000 > endMs && lagS < goodLagS)
  const caughtUpMs = (caughtUp?.[0] ?? Infinity) * 1000
  // At the end of the run all limits fall.
  if (caughtUpMs > activeMs) broken.push('the backlog was not caught up while the limits held')
  if (stage.starts > outcome.plan.workers) broken.push(`${stage.starts} workers were started`)
  const ratio = stage.written / stage.delivered
  const faults = { overload: ratio > 2.5 ? 1 : 0, [stage.cause]: 1, alarm: alarm === undefined ? 0 : 1 }
  const result = outcomeOf(outcome, faults)
  const hang = (result.anomalies.hang ?? 0) + broken.length
  const least = Math.min(...shown.map(([, headroomMs]) => headroomMs))
  const facts = `${stage.cause}: ${ratio.toFixed(1)} times more written than delivered; below ${hoursText(alarmMs)} of headroom ${hoursText((alarm?.[0] ?? 0) - beginMs)} after the beginning, ${hoursText(least)} at least; caught up ${hoursText(caughtUpMs - endMs)} after its end; shown from ${hoursText(-errors.least)} too low to ${hoursText(errors.most)} too high`
  return {
    ...result,
    anomalies: hang === 0 ? result.anomalies : { ...result.anomalies, hang },
    examples: [...result.examples, facts, ...broken],
  }
}

/** What was shown minus what was left by the readers of the output, at its extremes; milliseconds. */
interface HeadroomErrors {
  readonly least: number
  readonly most: number
  /** So long too much was shown without a break. */
  readonly longestMs: number
}

/** What was left is known by the looks before and behind each moment, of which the one that excuses more counts. */
function errorsOf(shown: HeadroomWatch['shown'], lag: WorldOutcome['recovery']['lag']): HeadroomErrors {
  const errors = { least: 0, most: 0, longestMs: 0 }
  let at = 0
  let looksTooHigh = 0
  for (const [atMs, headroomMs] of shown) {
    while (at + 1 < lag.length && (lag[at + 1]?.[0] ?? 0) * 1000 <= atMs) at++
    const [before = 0, after = before] = [lag[at]?.[1], lag[at + 1]?.[1]]
    const errorBy = (lagS: number): number => headroomMs - (streamRetentionMs - lagS * 1000)
    const above = errorBy(Math.min(before, after))
    errors.most = Math.max(errors.most, above)
    errors.least = Math.min(errors.least, errorBy(Math.max(before, after)))
    looksTooHigh = above > mostAboveMs ? looksTooHigh + 1 : 0
    errors.longestMs = Math.max(errors.longestMs, looksTooHigh * lookMs)
  }
  return errors
}

function hoursText(ms: number): string {
  return `${(ms / hourMs).toFixed(2)} h`
}
