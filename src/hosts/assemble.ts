import { createByteBudget, createSubBudget } from '../async/byte-budget.ts'
import type { ByteBudget } from '../async/byte-budget.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { scanRatesOf } from '../config/table-overrides.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { createCommittedReader } from '../kafka/committed-reader.ts'
import type { GroupMembership } from '../kafka/group-membership.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import type { TransactionSessions } from '../kafka/transaction-session.ts'
import { createTransactionSessions } from '../kafka/transaction-sessions.ts'
import { createLaneTaker } from '../lanes/lane-session.ts'
import type { TailraceError } from '../errors.ts'
import { admitToLedger } from '../pipeline/admission.ts'
import { defaultCoordinatorTuning } from '../pipeline/coordination.ts'
import type { CoordinatorOptions, CoordinatorTuning } from '../pipeline/coordination.ts'
import { coordinate } from '../pipeline/coordinator.ts'
import type { HeartbeatRules } from '../pipeline/heartbeats.ts'
import { defaultLaneTuning } from '../pipeline/lane-environment.ts'
import type { LaneEnvironment, LaneTuning } from '../pipeline/lane-environment.ts'
import type { LaneCompanion } from '../pipeline/lane-work.ts'
import { createLaneNudges } from '../pipeline/lane-nudges.ts'
import type { PipelineEventSink } from '../pipeline/pipeline-event.ts'
import type { ReplicationWatch } from '../pipeline/replication-duty.ts'
import type { ExportLoading } from '../pipeline/snapshot/export-loading.ts'
import type { SnapshotMode } from '../pipeline/snapshot/snapshot-mode.ts'
import type { ScanLimits } from '../pipeline/snapshot/scan-limits.ts'
import type { TopicLog } from '../pipeline/snapshot/topic-log.ts'
import type { TopicLimits } from '../pipeline/topic-limits.ts'
import type { TopicProvisioner } from '../pipeline/topic-provisioner.ts'
import { createNotifier } from '../pipeline/signals/notifier.ts'
import type { SignalFile } from '../pipeline/signals/signal-ports.ts'
import { runWorker } from '../pipeline/worker.ts'
import type { SchemaRegistry } from '../schema-registry/schema-registry.ts'
import type { Source } from '../sources/source.ts'
import type { TableExports } from '../sources/table-export/table-exports.ts'
import { declaredShapes } from './stages/declared-schemas.ts'
import { refusalIn } from './stages/dead-letter-topic.ts'
import type { ReselectedItems } from '../transform/reselect.ts'
import { openCode } from './stages/change-steps.ts'
import type { StreamSurroundings } from './stages/stream-stages-of.ts'
import type { ObjectWriter } from '../objects/objects.ts'
import { admissionOf, startOf } from './first-start-of.ts'
import { tellingOfUnused } from './unused-overrides.ts'
import { openRecordWay } from './record-way.ts'
import type { TakenTopics } from './record-way.ts'
import { createSignalTopic } from './signal-topic.ts'

/** The parts of the outside world that a worker stands on; a simulation gives its own. */
export interface WorkerPorts {
  readonly kafka: KafkaApi
  readonly membership: GroupMembership
  readonly source: Source
  readonly clock: Clock
  readonly rng: Rng
  readonly onEvent: PipelineEventSink
  /** Where signals are looked for besides their topic; default: nowhere. */
  readonly signalFile?: SignalFile | undefined
  /** The bound on bytes in flight, for whoever wants to watch it; default: one of the configured size. */
  readonly budget?: ByteBudget
  /** For tables that begin with an export. */
  readonly exports?: TableExports
  /** For values that are too large, where the configuration sends them there. */
  readonly claimChecks?: ObjectWriter
  /** For pipelines whose records have schemas. */
  readonly registry?: SchemaRegistry | undefined
  /** For `reselect`. */
  readonly items?: ReselectedItems
  /** For tables whose changes come from a Kinesis stream; default: nobody can be asked for the keys of tables. */
  readonly describeKeys?: StreamSurroundings['describeKeys']
  /** For tables whose changes DynamoDB writes into a Kinesis stream; default: nobody watches that. */
  readonly replication?: ReplicationWatch | undefined
  /** Topics of others that the process knows. Default: nobody else is known. */
  readonly isTaken?: TakenTopics | undefined
  /** Hears what the user's files print. Default: nobody does. */
  readonly onOutput?: (text: string) => void
  readonly tuning?: Partial<LaneTuning>
  readonly coordinatorTuning?: Partial<CoordinatorTuning>
}

/**
 * Runs one worker of the configured pipeline until `signal` aborts. The only place that names which envelope, which
 * serializer and which session a configuration means.
 */
export async function runPipeline(
  config: PipelineConfig,
  ports: WorkerPorts,
  version: string,
  signal: AbortSignal,
): Promise<void> {
  const { kafka, membership, source, clock, rng, onEvent } = ports
  // What cannot be read is told before anything is written.
  declaredShapes(config.recordSchemas.declared)
  await using code = await openCode(config, { clock, onOutput: ports.onOutput })
  const identity = await admitToLedger(admissionOf(config, ports), signal)
  await using way = openRecordWay(config, { ...ports, code }, { version, ledgerId: identity.topicId })
  const { stages, limits } = way
  const topics = tellingOfUnused(way.topics, config.overrides, onEvent)
  const sessions = sessionsOf(config, ports, limits)
  const heartbeats = heartbeatsOf(config, topics)
  const budget = ports.budget ?? createByteBudget(config.memoryMaxBytes)
  const ledgerTopic = config.ledger.topic
  const environment: LaneEnvironment = {
    identity,
    tuning: { ...defaultLaneTuning, ...ports.tuning },
    source,
    stages,
    taker: createLaneTaker({ kafka, sessions, membership, pipeline: config.pipeline, ledgerTopic, clock }),
    topicLog: topicLogOf(kafka),
    exports: exportLoadingOf(config, ports),
    membership,
    topicLimits: limits,
    onDoubt: (error) => [way, heartbeats].forEach((one) => one?.learn(error)),
    nudges: createLaneNudges(),
    heartbeats: heartbeats?.rules,
    scanLimits: scanLimitsOf(config.snapshot),
    tableScanLimits: tableScanLimitsOf(config),
    skipsContained: config.snapshot.skipsContained,
    budget,
    scanBudget: createSubBudget(budget, config.memoryMaxBytes / 4),
    clock,
    rng,
    onEvent,
  }
  const options: CoordinatorOptions = {
    environment,
    kafka,
    ledgerTopic,
    topics,
    ...signalling(config, ports, topics),
    start: startOf(config),
    snapshots: { ...config.snapshot, modes: snapshotModesOf(config) },
    replication: ports.replication,
    isPipelineStart: firstLook(membership, identity.lanes),
    tuning: { ...defaultCoordinatorTuning, tableCheckMs: config.source.rediscoveryMs, ...ports.coordinatorTuning },
  }
  const coordinator: LaneCompanion = (session, inbox, live) => coordinate(options, session, inbox, live)
  await runWorker({ environment, membership, coordinator, clock }, signal)
}

function sessionsOf(
  config: PipelineConfig,
  { kafka, clock, rng }: WorkerPorts,
  topicLimits: TopicLimits,
): TransactionSessions {
  return createTransactionSessions({
    kafka,
    clock,
    rng,
    delivery: config.delivery,
    transactionTimeoutMs: config.kafka.transactionTimeoutMs,
    topicBytes: (topic) => topicLimits.known(topic),
  })
}

interface HeartbeatTopic {
  readonly rules: HeartbeatRules
  /** Hears why lanes are in doubt: a topic that heartbeats may not be written to must not hold changes up. */
  learn(error: TailraceError): void
}

/** What is refused for want of rights is not tried again by this process. */
function heartbeatsOf({ heartbeats, topic }: PipelineConfig, topics: TopicProvisioner): HeartbeatTopic | undefined {
  if (heartbeats === undefined) return undefined
  const { topic: name, intervalMs } = heartbeats
  let refusal: TailraceError | undefined
  const provide = async (signal: AbortSignal): Promise<void> => {
    if (refusal !== undefined) throw refusal
    await topics.provideOwn(name, signal)
  }
  return {
    rules: { topic: name, intervalMs, name: topic.prefix, provide },
    learn: (error) => {
      refusal ??= refusalIn(error, name)
    },
  }
}

function exportLoadingOf({ snapshot }: PipelineConfig, { exports: api }: WorkerPorts): ExportLoading | undefined {
  return snapshot.exports === undefined || api === undefined ? undefined : { api, target: snapshot.exports }
}

/** Requests on one connection are answered in order: one that is held for long would hold up commits. Milliseconds. */
const tailWaitMs = 50

function topicLogOf(kafka: KafkaApi): TopicLog {
  return {
    offsets: (topic, partition, signal) => kafka.offsets(topic, partition, signal),
    committed: (range, signal) => createCommittedReader({ kafka, ...range, maxWaitMs: tailWaitMs }).read(signal),
  }
}

/** A worker that holds all lanes when it looks for the first time has joined an empty group. */
function firstLook(membership: GroupMembership, lanes: number): () => boolean {
  let hasLooked = false
  return () => {
    const isFirst = !hasLooked
    hasLooked = true
    return isFirst && Array.from({ length: lanes }, (_, lane) => lane).every((lane) => membership.owns(lane))
  }
}

/** The ways in and out besides the streams: signals, and notifications of what became of them. */
function signalling(
  { signals, topic: { prefix } }: PipelineConfig,
  { kafka, signalFile, onEvent }: WorkerPorts,
  topics: TopicProvisioner,
): Pick<CoordinatorOptions, 'signals' | 'notifier'> {
  const { topic: name, notificationTopic } = signals
  const topic = name === undefined ? undefined : createSignalTopic({ name, key: prefix }, { kafka, topics })
  return {
    signals: { topic, file: signalFile },
    notifier:
      notificationTopic === undefined
        ? undefined
        : createNotifier({
            topic: notificationTopic,
            connector: prefix,
            provide: (signal) => topics.provideOwn(notificationTopic, signal),
            onEvent,
          }),
  }
}

function tableScanLimitsOf({ snapshot, overrides }: PipelineConfig): ReadonlyMap<string, ScanLimits> {
  const limits = [...overrides.byTable].map(
    ([table, own]) => [table, scanLimitsOf({ ...snapshot, ...scanRatesOf(own, snapshot) })] as const,
  )
  return new Map(limits)
}

function snapshotModesOf({ overrides }: PipelineConfig): ReadonlyMap<string, SnapshotMode> {
  const modes = [...overrides.byTable].map(([table, own]) => [table, own['snapshot.mode']] as const)
  return new Map(modes.flatMap(([table, mode]) => (mode === undefined ? [] : [[table, mode] as const])))
}

function scanLimitsOf({
  capacity,
  itemsPerSecond,
  window,
}: Pick<PipelineConfig['snapshot'], 'capacity' | 'itemsPerSecond' | 'window'>): ScanLimits {
  return { itemsPerSecond, capacity: capacity.kind === 'unlimited' ? undefined : capacity, window }
}
