import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { seededRng } from '../../../src/async/rng.ts'
import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { Delivery, Findings, WrittenChange } from '../../../src/oracle/oracle.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import { createVersionedWriter } from '../../oracle/versioned-writer.ts'
import type { VersionedWriter } from '../../oracle/versioned-writer.ts'
import { readConfig } from '../../servers/pipeline-under-test.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import type { RecoveryOptions } from '../../servers/stream-simulator/table-history.ts'
import type { Topic } from '../kafka/cluster-state.ts'
import { keepWriting } from './keep-writing.ts'
import { startNemesis } from './nemesis.ts'
import type { Nemesis } from './nemesis.ts'
import { createOutputScan, loggedTransactions } from './output-scan.ts'
import { startFleet } from './simulated-fleet.ts'
import type { CrashCounts, SimulatedFleet } from './simulated-fleet.ts'
import { deadLetterTopic } from './dead-letter-topic.ts'
import { notificationTopic, signalTopic } from './signal-topics.ts'
import { createSnapshotWatch } from './snapshot-watch.ts'
import { createStateWatch } from './state-watch.ts'
import { createSurroundings, originMs } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import type { Trace } from './trace.ts'
import { createUnseenWatch } from './unseen-watch.ts'
import type { UnseenWatch } from './unseen-watch.ts'
import type { ExportsPlan, FaultKind, WorldPlan } from './world-plan.ts'

/** What a simulated run showed. */
export interface WorldOutcome {
  readonly plan: WorldPlan
  readonly findings: Findings
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly crashes: CrashCounts
  readonly recovery: UnseenWatch
  readonly trace: Trace
  readonly traceDigest: string
  /** Virtual milliseconds and events. */
  readonly elapsedMs: number
  readonly events: number
  readonly reshards: number
  /** What workers ended with, besides having been told to stop. */
  readonly failures: readonly unknown[]
}

/** A run in the making: for experiments that add something of their own. */
export interface World {
  readonly plan: WorldPlan
  readonly surroundings: Surroundings
  readonly fleet: SimulatedFleet
  readonly nemesis: Nemesis
  readonly tables: readonly SimulatedTable[]
  readonly writers: readonly VersionedWriter[]
  /** What workers told, without pages and transactions: runs over virtual days would keep millions of them. */
  readonly events: readonly WorkerEvent[]
  /** Hears of every event from now on. */
  readonly onEvent: (listen: (event: WorkerEvent) => void) => void
  readonly ledgerTopic: string
  /** Different changes of a table that are readable by now. */
  readonly delivered: (table: string) => number
}

/** An event and who told it. */
export interface WorkerEvent {
  readonly worker: string
  readonly event: PipelineEvent
}

/** What a run's delivery is judged by besides writes and records. */
export type Account = Pick<Delivery, 'named' | 'trimmed' | 'regained' | 'snapshots' | 'stored'>

/** How a run may differ from the usual one. */
export interface WorldOptions {
  /** Trace lines to keep; default none. */
  readonly keepTrace?: number
  /** After healing, everything must be delivered within this time. Virtual; default three minutes. */
  readonly drainMs?: number
  /** For runs that are not meant to deliver everything: when they are over, and what excuses what is missing. */
  readonly ending?: {
    readonly isOver: (world: World) => boolean
    readonly account: (world: World) => Account
  }
  /** What is wrong besides the delivery, one line each; asked when the run is over. */
  readonly verdicts?: (world: World) => readonly string[]
  /** Called once before the first event; may schedule what it likes. */
  readonly onReady?: (world: World) => void
}

/**
 * One whole run: workers, faults and writes for the planned time; then everything is healed, and what was written must
 * arrive; then everybody is told to stop; then the log is held against the writes.
 */
export async function runWorld(plan: WorldPlan, options: WorldOptions = {}): Promise<WorldOutcome> {
  const surroundings = createSurroundings(plan, options.keepTrace ?? 0)
  const { time, kafka } = surroundings
  const running = startWorld(plan, surroundings)
  options.onReady?.(running.world)
  const { fleet, nemesis } = running.world
  await time.run(() => false, plan.activeMs)
  running.stopWriting()
  nemesis.heal()
  surroundings.trace.note('healed')
  const hangs: string[] = []
  // What was written a moment ago is looked at before it is asked for.
  await time.run(() => false, time.elapsedMs + Math.max(1_000, plan.activeMs / 1_000))
  const { ending } = options
  const isOver = ending === undefined ? running.isDelivered : (): boolean => ending.isOver(running.world)
  const isDelivered = await time.run(isOver, time.elapsedMs + (options.drainMs ?? 180_000))
  if (!isDelivered) hangs.push(`not delivered ${(options.drainMs ?? 180_000) / 1000} s after the last fault ended`)
  // What would come twice comes now: the last time-outs of transactions and sessions lie within this time.
  await time.run(() => false, time.elapsedMs + 35_000)
  fleet.terminateAll()
  if (!(await time.run(() => fleet.isGone, time.elapsedMs + 60_000))) hangs.push('a worker did not stop within 60 s')
  await time.run(() => kafka.transactions.ongoing.length === 0, time.elapsedMs + 60_000)
  const outcome: WorldOutcome = {
    plan,
    findings: withVerdicts(
      judge(running, hangs, options.ending?.account(running.world) ?? {}),
      options.verdicts?.(running.world) ?? [],
    ),
    faults: nemesis.struck,
    crashes: fleet.crashes,
    recovery: running.unseen,
    trace: surroundings.trace,
    traceDigest: surroundings.trace.digest(),
    elapsedMs: time.elapsedMs,
    events: time.events,
    reshards: running.reshards(),
    failures: fleet.failures,
  }
  fleet.buryDead()
  return outcome
}

interface RunningWorld {
  readonly world: World
  readonly unseen: UnseenWatch
  readonly isDelivered: () => boolean
  readonly stopWriting: () => void
  readonly reshards: () => number
  readonly outputTopics: () => readonly Topic[]
  readonly tableOf: (topic: string) => string
}

function startWorld(plan: WorldPlan, surroundings: Surroundings): RunningWorld {
  const { time, kafka, streams } = surroundings
  const config = configOf(plan)
  const tables = Array.from({ length: plan.tables }, (_, index) =>
    streams.createTable({
      name: `orders-${index}`,
      keySchema: [{ name: 'id', type: 'S' }],
      openShards: plan.openShards,
      growSequenceEvery: plan.growSequenceEvery,
    }),
  )
  const serial = { next: 1 }
  const writers = tables.map((table, index) =>
    createVersionedWriter(table, plan.workload, seededRng(plan.seed * 31 + index), serial),
  )
  for (const writer of writers) writer.writeBeforeStream(plan.snapshot?.items ?? 0)
  for (const [index, table] of tables.entries()) {
    if (plan.snapshot?.exports !== undefined) table.enableRecovery(recoveryOf(plan.snapshot.exports, plan.seed + index))
    table.enableStream('NEW_AND_OLD_IMAGES')
  }
  const watch = createStateWatch(() => time.elapsedMs)
  const events: WorkerEvent[] = []
  const completedSnapshots = createSnapshotWatch(() => kafka.state.topics.get(config.ledger.topic))
  const listeners: ((event: WorkerEvent) => void)[] = []
  const onEvent = (worker: string, event: PipelineEvent): void => {
    watch.onEvent(worker, event)
    if (!frequent.has(event.kind)) events.push({ worker, event })
    for (const listen of listeners) listen({ worker, event })
  }
  const fleet = startFleet({ ...plan, surroundings, config, watch, onEvent })
  const ledgerTopic = config.ledger.topic
  const nemesis = startNemesis({ plan, surroundings, fleet, tables, ledgerTopic })
  const writing = keepWriting(plan, surroundings, { tables, writers })
  const outputTopics = (): readonly Topic[] =>
    [...kafka.state.topics.values()].filter(({ name }) => name !== ledgerTopic && !isBeside(name))
  const tableOf = (topic: string): string => topic.slice(topic.indexOf('.') + 1)
  const written = (): readonly (readonly WrittenChange[])[] =>
    writers.map(({ written }) => (plan.snapshot === undefined ? written : written.slice(plan.snapshot.items)))
  const scan = createOutputScan(outputTopics, tableOf)
  const delivered = (table: string): number => [...scan.distinct].filter((name) => name.startsWith(`${table}/`)).length
  const unseen = createUnseenWatch({ ...plan, time, originMs: surroundings.originMs, scan, written })
  const isDelivered = (): boolean =>
    unseen.isAllSeen && (plan.snapshot === undefined || completedSnapshots().size === plan.tables)
  const listen = (listener: (event: WorkerEvent) => void): void => void listeners.push(listener)
  const parts = { plan, surroundings, fleet, nemesis, tables, writers }
  const world = { ...parts, events, onEvent: listen, ledgerTopic, delivered }
  return { world, unseen, isDelivered, ...writing, outputTopics, tableOf }
}

/** Topics that hold no changes. */
function isBeside(topic: string): boolean {
  return topic === signalTopic || topic === notificationTopic || topic === deadLetterTopic
}

const frequent: ReadonlySet<PipelineEvent['kind']> = new Set([
  'page-read',
  'scan-page-read',
  'rows-committed',
  'contained-changes-skipped',
  'changes-converted',
  'transaction-committed',
  'lane-surveyed',
])

function configOf(plan: WorldPlan): PipelineConfig {
  return readConfig(`
pipeline: sim
lanes: ${plan.lanes}
delivery: ${plan.delivery}
source:
  region: eu-central-1
  tables: ['orders-*']
kafka:
  bootstrap.servers: broker:1
topic.partitions: ${plan.topicPartitions}
${snapshotProperties(plan)}
${plan.hasSignals === true ? signalProperties : ''}
${plan.isTolerant === true ? 'errors.tolerance: all' : ''}
`)
}

const signalProperties = `signal.kafka.topic: ${signalTopic}\nnotification.sink.topic.name: ${notificationTopic}`

/** It had been on for a day. */
function recoveryOf({ skewMs }: ExportsPlan, seed: number): RecoveryOptions {
  const beganAtMs = originMs - 86_400_000
  return skewMs === 0 ? { beganAtMs } : { beganAtMs, skew: { rng: seededRng(seed ^ 0x5e3), maxMs: skewMs } }
}

function snapshotProperties({ snapshot }: WorldPlan): string {
  if (snapshot === undefined) return 'snapshot.mode: never'
  const { segments, skipsContained, itemsPerSecond, window, capacity } = snapshot
  const lines = [
    `snapshot.mode: ${snapshot.mode ?? 'initial'}`,
    `snapshot.segments: ${segments}`,
    `snapshot.read.capacity: ${capacity ?? 'unlimited'}`,
    ...(skipsContained === undefined ? [] : [`snapshot.skip.contained.changes: ${skipsContained}`]),
    ...(itemsPerSecond === undefined ? [] : [`snapshot.items.per.second: ${itemsPerSecond}`]),
    ...(window === undefined ? [] : [`snapshot.window: '${window}'`]),
    ...(snapshot.exports === undefined
      ? []
      : [
          'snapshot.source: export',
          'snapshot.export.bucket: exports',
          `snapshot.export.format: ${snapshot.exports.format}`,
        ]),
  ]
  return lines.join('\n')
}

function withVerdicts(findings: Findings, wrong: readonly string[]): Findings {
  if (wrong.length === 0) return findings
  const { anomalies, examples } = findings
  const miscount = anomalies.miscount + wrong.length
  return { ...findings, anomalies: { ...anomalies, miscount }, examples: [...wrong, ...examples] }
}

function judge(running: RunningWorld, hangs: readonly string[], account: Account): Findings {
  const { world, outputTopics, tableOf } = running
  const { plan, surroundings, tables, writers, ledgerTopic } = world
  const scan = createOutputScan(outputTopics, tableOf)
  scan.advance()
  const parents = new Map(
    tables.flatMap((table) => table.stream.shards.map((shard) => [shard.shardId, shard.parentShardId] as const)),
  )
  const isExact = plan.delivery === 'exactly_once'
  const topics = [...surroundings.kafka.state.topics.values()].filter(({ name }) => !isBeside(name))
  const findings = forgiveLateRepeats(plan, {
    written: writers.flatMap((writer) => writer.written),
    delivered: scan.delivered,
    guarantee: plan.delivery,
    ...(isExact ? { transactions: loggedTransactions(topics, ledgerTopic) } : {}),
    ...(isExact ? { parents } : {}),
    tables: new Map(writers.map((writer, index) => [tables[index]?.name ?? '', writer.contents()])),
    hangs,
    ...(plan.snapshot === undefined ? {} : snapshotAccount(tables)),
    ...account,
  })
  // At least once, a batch may be repeated from its middle: from the tombstone on.
  if (!isExact || scan.strayTombstones === 0) return findings
  const { anomalies } = findings
  const examples = [...findings.examples, `${scan.strayTombstones} tombstones are not right behind their deletes`]
  return { ...findings, examples, anomalies: { ...anomalies, phantom: anomalies.phantom + scan.strayTombstones } }
}

/** What was there before the streams has rows, one of each snapshot. */
function snapshotAccount(tables: readonly SimulatedTable[]): Pick<Delivery, 'stored' | 'snapshots'> {
  return {
    stored: ({ position }) => position === undefined,
    snapshots: new Map(tables.map(({ name }) => [name, 1])),
  }
}

/**
 * Faults after which a writer that was thought dead may still write. At least once then repeats what is long past, even
 * behind an item's newest change, so that its last record is an old one until it changes again.
 */
const lateWriters: readonly FaultKind[] = ['worker-stop', 'late-request', 'network-cut', 'repeated-request']

function forgiveLateRepeats(plan: WorldPlan, delivery: Delivery): Findings {
  const findings = judgeDelivery(delivery)
  if (plan.delivery === 'exactly_once' || !lateWriters.some((kind) => plan.faults[kind] !== undefined)) return findings
  const { anomalies, replayed } = findings
  const forgiven = { ...anomalies, 'bad-replay': 0, diverged: 0, miscount: 0 }
  return { ...findings, replayed: replayed + anomalies['bad-replay'], anomalies: forgiven }
}
