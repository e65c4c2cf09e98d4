import { seededRng } from '../../../src/async/rng.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { keepRetention } from '../../sim/world/outage.ts'
import { changeName, createOutputScan } from '../../sim/world/output-scan.ts'
import { runWorld } from '../../sim/world/run-world.ts'
import type { World } from '../../sim/world/run-world.ts'
import { planWorld } from '../../sim/world/world-plan.ts'
import type { PlanOverrides } from '../../sim/world/world-plan.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { outcomeOf } from './simulated-experiment.ts'
import { keepDoing, keepRolling } from './steady-life.ts'

const hourMs = 3_600_000
const minuteMs = 60_000

const leaveMs = 10 * minuteMs
/** Half an hour before the oldest changes would be gone. */
const returnMs = leaveMs + 23.5 * hourMs
const activeMs = returnMs + 30 * minuteMs
/** Of the table with the backlog, before and after, and of the one that is written only afterwards. */
const backlogPerSecond = 1
const livePerSecond = 2
const leastSpeedup = 10
/** A change of the live table is readable within this time although a day of other changes waits. */
const liveWithinMs = 10_000

/** A shard gives twenty changes about five times a second, a hundredth of what the service gives, so that it takes minutes. */
const plan: PlanOverrides = {
  delivery: 'exactly_once',
  brokers: 1,
  transactionVersion: 2,
  lanes: 2,
  workers: 2,
  tables: 2,
  openShards: 3,
  topicPartitions: 3,
  workload: { keys: 300, skew: 1, deleteShare: 0.15, paddingBytes: 20 },
  changesPerSecond: 0,
  reshardsPerSecond: 0,
  activeMs,
  faults: {},
  pageRecords: 20,
  shardFilter: 'supported',
  followIntervalMs: 2_000,
  pollIdleCapMs: 5_000,
  listingMs: 300_000,
}

/** E52: everybody is away for most of a day, and comes back just in time. */
export const backlogExperiment: Experiment = {
  id: 'E52',
  title: 'Nobody works for 23.5 hours; then the backlog is caught up while another table is written',
  tier: 'S',
  arm: 'tailrace',
  minimum: { records: 80_000, faults: { 'backlog-change': 80_000, 'live-change': 100 } },
  target: { faults: { 'backlog-change': 1_600_000 } },
  run: async (seed) => {
    let watch: CatchUp | undefined
    const outcome = await runWorld(planWorld(seed, plan), {
      onReady: (world) => {
        watch = comeBack(world)
      },
    })
    if (watch === undefined) throw new Error('the run never began')
    const { backlog, live } = watch
    return withLimits(outcomeOf(outcome, { outage: 1, 'backlog-change': backlog, 'live-change': live }), watch)
  },
}

/** What the return showed. */
interface CatchUp {
  /** Changes that waited when the workers came back. */
  backlog: number
  /** Changes of the live table while the backlog was read, and how long the slowest of them took. Milliseconds. */
  live: number
  slowestLiveMs: number
  /** From the return until the last change of the backlog was readable, and what was readable by then. */
  tookMs: number | undefined
  delivered: number
}

function comeBack(world: World): CatchUp {
  const { surroundings, fleet, writers, tables, plan } = world
  const { time } = surroundings
  const rng = seededRng(plan.seed ^ 0x52)
  const [old, live] = writers
  if (old === undefined || live === undefined) throw new Error('the plan has two tables')
  const watch: CatchUp = { backlog: 0, live: 0, slowestLiveMs: 0, tookMs: undefined, delivered: 0 }
  keepRetention(world)
  for (const table of tables) keepRolling(world, table, rng)
  keepDoing(world, rng, { perSecond: backlogPerSecond, fromMs: 0, untilMs: activeMs }, () => old.writeOne())
  keepDoing(world, rng, { perSecond: livePerSecond, fromMs: returnMs, untilMs: activeMs }, () => live.writeOne())
  time.after(leaveMs, () => fleet.scale(0))
  time.after(returnMs, () => {
    fleet.scale(plan.workers)
    follow(world, { old: old.written, live: live.written }, watch)
  })
  return watch
}

/** Looks once a second what has become readable, until the backlog is. */
function follow(
  { surroundings: { time, kafka, originMs }, ledgerTopic }: World,
  { old, live }: { readonly old: readonly WrittenChange[]; readonly live: readonly WrittenChange[] },
  watch: CatchUp,
): void {
  const topics = [...kafka.state.topics.values()].filter(({ name }) => name !== ledgerTopic)
  const scan = createOutputScan(
    () => topics,
    (topic) => topic.slice(topic.indexOf('.') + 1),
  )
  scan.advance()
  const before = scan.distinct.size
  const waiting = old.filter((change) => !scan.distinct.has(changeName(change)))
  watch.backlog = waiting.length
  const isSeen = (change: WrittenChange): boolean => scan.distinct.has(changeName(change))
  let seenOld = 0
  let seenLive = 0
  const look = (): void => {
    time.after(1_000, () => {
      scan.advance()
      for (let next = live[seenLive]; next !== undefined && isSeen(next); next = live[++seenLive]) watch.live++
      const oldest = live[seenLive]
      if (oldest !== undefined)
        watch.slowestLiveMs = Math.max(watch.slowestLiveMs, originMs + time.elapsedMs - oldest.writtenAtMs)
      for (let next = waiting[seenOld]; next !== undefined && isSeen(next); next = waiting[++seenOld]);
      if (seenOld < waiting.length) return look()
      watch.tookMs = time.elapsedMs - returnMs
      watch.delivered = scan.distinct.size - before
    })
  }
  look()
}

/** What the run promises besides delivery: a limit that is not kept is a hang. */
function withLimits(outcome: RunOutcome, watch: CatchUp): RunOutcome {
  const { backlog, delivered, tookMs, slowestLiveMs } = watch
  const broken: string[] = []
  const perSecond = tookMs === undefined ? 0 : (delivered / tookMs) * 1000
  const speedup = perSecond / (backlogPerSecond + livePerSecond)
  if (speedup < leastSpeedup) broken.push(`the backlog was caught up at ${speedup.toFixed(1)} times the live rate`)
  if (slowestLiveMs > liveWithinMs) broken.push(`a live change waited for ${Math.round(slowestLiveMs)} ms`)
  const facts = `${backlog} changes in ${Math.round((tookMs ?? 0) / 1000)} s, ${perSecond.toFixed(0)} a second with the live ones (${speedup.toFixed(0)} times the live rate); the slowest of ${watch.live} live changes took ${Math.round(slowestLiveMs)} ms`
  const hang = (outcome.anomalies.hang ?? 0) + broken.length
  return {
    ...outcome,
    anomalies: hang === 0 ? outcome.anomalies : { ...outcome.anomalies, hang },
    recoveryMs: tookMs === undefined ? [] : [tookMs],
    examples: [...outcome.examples, facts, ...broken],
  }
}
