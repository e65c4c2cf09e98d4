import { createByteBudget, createSubBudget } from '../async/byte-budget.ts'
import type { ByteBudget } from '../async/byte-budget.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { Table } from '../change/table.ts'
import { configFingerprint } from '../config/config-fingerprint.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { topicNameOf } from '../config/topic-name.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { createCommittedReader } from '../kafka/committed-reader.ts'
import type { GroupMembership } from '../kafka/group-membership.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import type { TransactionSessions } from '../kafka/transaction-session.ts'
import { createTransactionSessions } from '../kafka/transaction-sessions.ts'
import { createLaneTaker } from '../lanes/lane-session.ts'
import { TailraceError } from '../errors.ts'
import { admitToLedger } from '../pipeline/admission.ts'
import type { AdmissionOptions } from '../pipeline/admission.ts'
import { defaultCoordinatorTuning } from '../pipeline/coordination.ts'
import type { CoordinatorOptions, CoordinatorTuning, StartPosition } from '../pipeline/coordination.ts'
import { coordinate } from '../pipeline/coordinator.ts'
import type { HeartbeatRules } from '../pipeline/heartbeats.ts'
import { defaultLaneTuning } from '../pipeline/lane-environment.ts'
import type { LaneEnvironment, LaneTuning } from '../pipeline/lane-environment.ts'
import type { LaneCompanion } from '../pipeline/lane-work.ts'
import { createLaneNudges } from '../pipeline/lane-nudges.ts'
import type { PipelineEventSink } from '../pipeline/pipeline-event.ts'
import type { ReplicationWatch } from '../pipeline/replication-duty.ts'
import type { ExportLoading } from '../pipeline/snapshot/export-loading.ts'
import type { ScanLimits } from '../pipeline/snapshot/scan-limits.ts'
import type { TopicLog } from '../pipeline/snapshot/topic-log.ts'
import type { Stages } from '../pipeline/stages.ts'
import type { TopicLimits } from '../pipeline/topic-limits.ts'
import { createTopicLimits } from '../pipeline/topic-limits.ts'
import { createTopicProvisioner } from '../pipeline/topic-provisioner.ts'
import type { TopicProvisioner, TopicRules } from '../pipeline/topic-provisioner.ts'
import { createNotifier } from '../pipeline/signals/notifier.ts'
import type { SignalFile } from '../pipeline/signals/signal-ports.ts'
import { runWorker } from '../pipeline/worker.ts'
import type { SchemaRegistry } from '../schema-registry/schema-registry.ts'
import type { Source } from '../sources/source.ts'
import type { TableExports } from '../sources/table-export/table-exports.ts'
import { declaredShapes } from './stages/declared-schemas.ts'
import { deadLettersOf, deadLetterTopicOf } from './dead-letters/dead-letters-of.ts'
import { createDeadLetterTopic, refusalIn } from './stages/dead-letter-topic.ts'
import type { ReselectedItems } from '../transform/reselect.ts'
import { changeStepsOf, openCode, otherTopicsOf, refusingMaskedKeys } from './stages/change-steps.ts'
import type { ChangeStepParts } from './stages/change-steps.ts'
import { createRecordStages } from './stages/record-stages.ts'
import { envelopeOf } from './stages/envelope-of.ts'
import { readsKinesis, streamStagesOf } from './stages/stream-stages-of.ts'
import type { StreamSurroundings } from './stages/stream-stages-of.ts'
import type { RecordStagesOptions } from './stages/stage-parts.ts'
import type { ObjectWriter } from '../objects/objects.ts'
import { openOversize } from './stages/oversize-of.ts'
import { serializerOf } from './stages/serializer-of.ts'
import { createSignalTopic } from './signal-topic.ts'
import { recordTransformsOf } from './transforms-of.ts'

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
  const limits = createTopicLimits(kafka)
  await using oversize = openOversize(config, { ...ports, ledgerId: identity.topicId, objects: ports.claimChecks })
  const sessions = sessionsOf(config, ports, limits)
  const topics = topicsOf(config, ports)
  const deadLetterTopic = createDeadLetterTopic(deadLetterTopicOf(config, { kafka, clock, topics, limits }))
  const deadLetters = deadLettersOf(config, deadLetterTopic)
  const otherTopics = otherTopicsOf(config, { topics, limits, clock })
  const stream = { limits, describeKeys: ports.describeKeys }
  const stages = stagesOf(config, version, { ...ports, deadLetters, oversize, otherTopics, code, stream })
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
    onDoubt: (error) => [deadLetterTopic, heartbeats, otherTopics].forEach((topic) => topic?.learn(error)),
    nudges: createLaneNudges(),
    heartbeats: heartbeats?.rules,
    scanLimits: scanLimitsOf(config),
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
    snapshots: config.snapshot,
    replication: ports.replication,
    isPipelineStart: firstLook(membership, identity.lanes),
    tuning: { ...defaultCoordinatorTuning, ...ports.coordinatorTuning },
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

function topicsOf(config: PipelineConfig, { kafka, clock, onEvent }: WorkerPorts): TopicProvisioner {
  const topics = createTopicProvisioner(kafka, topicRulesOf(config), { clock, onEvent })
  return refusingMaskedKeys(topics, config.changes)
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

/** What the way of a record needs from outside. */
export interface StageSurroundings
  extends ChangeStepParts, Pick<RecordStagesOptions, 'oversize' | 'deadLetters' | 'otherTopics'> {
  /** Needed where records have schemas. */
  readonly registry?: SchemaRegistry | undefined
  /** Needed where a Kinesis stream is read. */
  readonly stream?: StreamSurroundings | undefined
}

/**
 * The way of a record as the configuration wants it. Without dead letters every rejected record is a failure, and
 * without other topics every record that is routed elsewhere. Throws SCHEMA_DECLARATION for declared schemas that cannot be
 * read.
 */
export function stagesOf(
  config: PipelineConfig,
  version: string,
  { registry, items, code, stream, ...parts }: StageSurroundings = {},
): Stages {
  const envelopeFor = (table: Table): Envelope => envelopeOf(table, config, version)
  const recordTransforms = recordTransformsOf(config)
  const options: RecordStagesOptions = {
    envelopeFor,
    name: config.topic.prefix,
    changeTransforms: changeStepsOf(config, { items, code }),
    recordTransforms,
    serializer: serializerOf(config, { envelopeFor, recordTransforms, registry }),
    compression: config.kafka.compression,
    ...parts,
  }
  if (!readsKinesis(config)) return createRecordStages(options)
  if (stream === undefined) throw new TailraceError('INTERNAL', 'nothing is known of the tables of a stream')
  return streamStagesOf(config, options, stream)
}

/** Names and properties of the topics that the configuration describes. */
export function topicRulesOf(config: PipelineConfig): TopicRules {
  const { topic } = config
  return {
    nameOf: ({ account, region, name, isStream }) =>
      isStream === true && readsKinesis(config) && config.source.records === 'dynamodb'
        ? ''
        : topicNameOf(topic.name, { prefix: topic.prefix, account, region, table: name }),
    isSharingAllowed: topic.isShared,
    mayCreate: topic.create,
    partitions: topic.partitions,
    replicationFactor: topic.replicationFactor,
    config: {
      'cleanup.policy': topic.cleanupPolicy,
      'retention.ms': String(topic.retentionMs),
      ...(topic.maxMessageBytes === undefined ? {} : { 'max.message.bytes': String(topic.maxMessageBytes) }),
    },
  }
}

function admissionOf(config: PipelineConfig, ports: WorkerPorts): AdmissionOptions {
  return {
    kafka: ports.kafka,
    clock: ports.clock,
    rng: ports.rng,
    pipeline: config.pipeline,
    ledgerTopic: config.ledger.topic,
    lanes: config.lanes,
    replicationFactor: config.ledger.replicationFactor,
    epoch: config.epoch,
    fingerprint: configFingerprint(config),
    mayCreate: config.topic.create,
    onEvent: ports.onEvent,
  }
}

function scanLimitsOf({ snapshot: { capacity, itemsPerSecond, window } }: PipelineConfig): ScanLimits {
  return { itemsPerSecond, capacity: capacity.kind === 'unlimited' ? undefined : capacity, window }
}

function startOf({ source: { start } }: PipelineConfig): StartPosition {
  switch (start.kind) {
    case 'trim-horizon':
      return { kind: 'TRIM_HORIZON' }
    case 'latest':
      return { kind: 'LATEST' }
    case 'timestamp':
      return { kind: 'AT', timeMs: start.atMs }
  }
}
