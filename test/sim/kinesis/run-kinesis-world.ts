import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import type { SourceEvent } from '../../../src/sources/source-event.ts'
import { createKinesisService } from '../../servers/kinesis-simulator/kinesis-service.ts'
import type { ServedKinesis } from '../../servers/kinesis-simulator/kinesis-service.ts'
import { readConfig } from '../../servers/pipeline-under-test.ts'
import { startNemesis } from '../world/nemesis.ts'
import type { Nemesis } from '../world/nemesis.ts'
import type { WorldOutcome } from '../world/run-world.ts'
import { startFleet } from '../world/simulated-fleet.ts'
import type { SimulatedFleet } from '../world/simulated-fleet.ts'
import { createStateWatch } from '../world/state-watch.ts'
import { createSurroundings } from '../world/surroundings.ts'
import type { Surroundings } from '../world/surroundings.ts'
import { followArrivals } from './arrivals.ts'
import type { Arrivals } from './arrivals.ts'
import { judgeStream, mayBeOvertaken, openTies } from './judge-stream.ts'
import type { StreamCase, StreamCounts } from './judge-stream.ts'
import type { KinesisWorldPlan } from './kinesis-plan.ts'
import { watchStreamOutput } from './stream-output.ts'
import type { StreamOutput } from './stream-output.ts'
import { startTraffic, streamName } from './stream-traffic.ts'
import type { StreamTraffic, TrafficCounts } from './stream-traffic.ts'

/** What a run over a Kinesis stream showed. */
export interface KinesisOutcome extends Omit<WorldOutcome, 'plan' | 'recovery' | 'reshards'> {
  readonly plan: KinesisWorldPlan
  readonly traffic: TrafficCounts
  readonly counts: StreamCounts
  /** What the readers have counted. Whoever reads a page anew, because nothing of it was committed, counts it again. */
  readonly repaired: RepairedCounts
  /** Shards that the stream has had. */
  readonly shards: number
  /** The most that were open at one time. */
  readonly mostOpen: number
}

/** By the product's own counters. */
export interface RepairedCounts {
  readonly duplicates: number
  readonly late: number
  readonly overtaken: number
}

/** How a run may differ from the usual one. */
export interface KinesisWorldOptions {
  /** Trace lines to keep; default none. */
  readonly keepTrace?: number
  /** After healing, everything must be delivered within this time. Virtual; default ten minutes. */
  readonly drainMs?: number
  readonly onEvent?: (worker: string, event: PipelineEvent) => void
  /** Gets hold of the world before its time begins. */
  readonly onStart?: (surroundings: Surroundings) => void
  /** Hears of everything that was compared, when the run is over. */
  readonly onEnd?: (judged: StreamCase) => void
}

const lookMs = 2_000

/**
 * One whole run: workers, faults, writes and reshardings for the planned time; then everything is healed, and what has arrived
 * in the stream must be delivered; then everybody is told to stop; then the topics are held against stream and tables.
 */
export async function runKinesisWorld(
  plan: KinesisWorldPlan,
  options: KinesisWorldOptions = {},
): Promise<KinesisOutcome> {
  const running = startKinesisWorld(plan, options)
  const { surroundings, fleet, nemesis, traffic, arrivals, output } = running
  const { time, kafka } = surroundings
  options.onStart?.(surroundings)
  await time.run(() => false, plan.activeMs)
  traffic.stop()
  nemesis.heal()
  surroundings.trace.note('healed')
  const hangs: string[] = []
  const { windowMs } = plan.stream
  // The last of what is under way arrives, too.
  await time.run(() => false, time.elapsedMs + 3 * windowMs)
  const drainMs = options.drainMs ?? 600_000
  if (!(await time.run(() => running.isDelivered, time.elapsedMs + drainMs)))
    hangs.push(`not delivered ${drainMs / 1000} s after the last change arrived`)
  // What would come twice comes now: the last time-outs of transactions and sessions lie within this time. So does what
  // nobody waits for, because it may have been dropped.
  await time.run(() => false, time.elapsedMs + 35_000 + windowMs)
  fleet.terminateAll()
  if (!(await time.run(() => fleet.isGone, time.elapsedMs + 60_000))) hangs.push('a worker did not stop within 60 s')
  await time.run(() => kafka.transactions.ongoing.length === 0, time.elapsedMs + 60_000)
  arrivals.advance()
  output.advance()
  const tables = traffic.tables.filter(({ table }) => traffic.isWanted(table.name))
  const judged = { plan: plan.stream, tables, arrivals, output, hangs }
  options.onEnd?.(judged)
  const { findings, counts } = judgeStream(judged)
  const outcome: KinesisOutcome = {
    plan,
    findings,
    counts,
    traffic: traffic.counts,
    faults: nemesis.struck,
    crashes: fleet.crashes,
    trace: surroundings.trace,
    traceDigest: surroundings.trace.digest(),
    elapsedMs: time.elapsedMs,
    events: time.events,
    failures: fleet.failures,
    repaired: running.repaired,
    shards: traffic.stream.shards.length,
    mostOpen: running.mostOpen,
  }
  fleet.buryDead()
  return outcome
}

interface RunningKinesisWorld {
  readonly surroundings: Surroundings
  readonly fleet: SimulatedFleet
  readonly nemesis: Nemesis
  readonly traffic: StreamTraffic
  readonly arrivals: Arrivals
  readonly output: StreamOutput
  readonly repaired: RepairedCounts
  /** As of the last look. */
  readonly isDelivered: boolean
  readonly mostOpen: number
}

function startKinesisWorld(plan: KinesisWorldPlan, { keepTrace, onEvent }: KinesisWorldOptions): RunningKinesisWorld {
  const common = createSurroundings(plan, keepTrace ?? 0)
  const repaired = { duplicates: 0, late: 0, overtaken: 0 }
  const onSourceEvent = (event: SourceEvent): void => {
    if (event.kind !== 'changes-repaired') return
    for (const name of ['duplicates', 'late', 'overtaken'] as const) repaired[name] += event[name]
  }
  const surroundings = { ...common, kinesis: openKinesis(plan, common), onSourceEvent }
  const { time, kafka, kinesis } = surroundings
  const config = configOf(plan)
  const traffic = startTraffic(plan, surroundings)
  const watch = createStateWatch(() => time.elapsedMs)
  const fleet = startFleet({
    ...plan,
    surroundings,
    config,
    watch,
    onEvent: (worker, event) => {
      watch.onEvent(worker, event)
      onEvent?.(worker, event)
    },
  })
  const ledgerTopic = config.ledger.topic
  const nemesis = startNemesis({ plan, surroundings, fleet, tables: [], ledgerTopic })
  const { windowMs } = plan.stream
  const arrivals = followArrivals(kinesis, { stream: streamName, windowMs, isWanted: traffic.isWanted })
  const output = watchStreamOutput(() => [...kafka.state.topics.values()], ledgerTopic)
  const state = { isDelivered: false, mostOpen: 0 }
  const look = (): void => {
    time.after(lookMs, () => {
      state.mostOpen = Math.max(state.mostOpen, traffic.stream.openShards().length)
      if (time.elapsedMs > plan.activeMs && traffic.waiting() === 0) {
        arrivals.advance()
        output.advance()
        const isOpen =
          plan.stream.late === 'drop' ? openTies({ plan: plan.stream, tables: traffic.tables, arrivals }) : noneOpen
        state.isDelivered = isAllDelivered(plan, arrivals, output, isOpen)
      }
      if (!state.isDelivered) look()
    })
  }
  look()
  return {
    surroundings,
    fleet,
    nemesis,
    traffic,
    arrivals,
    output,
    repaired,
    get isDelivered() {
      return state.isDelivered
    },
    get mostOpen() {
      return state.mostOpen
    },
  }
}

const noneOpen: ReadonlySet<string> = new Set()

/** What may be left out, because it came late, is not waited for where it is dropped; the judge looks closer. */
function isAllDelivered(
  { stream }: KinesisWorldPlan,
  { byEvent }: Arrivals,
  { seen }: StreamOutput,
  isOpen: ReadonlySet<string>,
): boolean {
  for (const [eventId, deliveries] of byEvent) {
    const inTime = deliveries.filter(({ isLate }) => !isLate)
    const mayBeDropped =
      stream.late === 'drop' && (isOpen.has(eventId) || inTime.some((arrival) => mayBeOvertaken(arrival, stream)))
    const isAwaited = inTime.length > 0 && !mayBeDropped
    if (isAwaited && !inTime.some(({ sequenceNumber }) => seen.has(sequenceNumber))) return false
    if (stream.late === 'drop') continue
    if (deliveries.some(({ isLate, sequenceNumber }) => isLate && !seen.has(sequenceNumber))) return false
  }
  return true
}

function openKinesis(plan: KinesisWorldPlan, { streams }: Surroundings): ServedKinesis {
  const kinesis = createKinesisService({ clock: streams.state.clock, rng: seededRng(plan.seed ^ 0x31e5) })
  Object.assign(kinesis.settings, {
    pageRecords: plan.pageRecords,
    pageShards: plan.pageShards ?? 5,
    nullIterator: plan.nullIterator,
    namesChildren: plan.stream.namesChildren,
    arrivalSkewMs: plan.stream.arrivalSkewMs,
  })
  return kinesis
}

function configOf(plan: KinesisWorldPlan): PipelineConfig {
  const { windowMs, delayMs, late } = plan.stream
  return readConfig(`
pipeline: sim
lanes: ${plan.lanes}
delivery: ${plan.delivery}
source:
  type: kinesis
  region: eu-central-1
  kinesis.stream: ${streamName}
  kinesis.record.limit: ${Math.min(plan.pageRecords, 2_000)}
  kinesis.repair.window.ms: ${windowMs}
  kinesis.repair.delay.ms: ${delayMs}
  kinesis.late: ${late}
  tables: ['orders-*']
kafka:
  bootstrap.servers: broker:1
topic.partitions: ${plan.topicPartitions}
`)
}
