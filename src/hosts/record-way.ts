import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { isReservedTopic } from '../change/reserved-names.ts'
import type { Table } from '../change/table.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { tableTopicOf } from '../config/table-topic.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { TailraceError } from '../errors.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import type { ObjectWriter } from '../objects/objects.ts'
import type { PipelineEventSink } from '../pipeline/pipeline-event.ts'
import type { Stages } from '../pipeline/stages.ts'
import { createTopicLimits } from '../pipeline/topic-limits.ts'
import type { TopicLimits } from '../pipeline/topic-limits.ts'
import { createTopicProvisioner } from '../pipeline/topic-provisioner.ts'
import type { TopicProvisioner, TopicRules } from '../pipeline/topic-provisioner.ts'
import type { SchemaRegistry } from '../schema-registry/schema-registry.ts'
import { deadLettersOf, deadLetterTopicOf } from './dead-letters/dead-letters-of.ts'
import { changeStepsOf, otherTopicsOf, refusingMaskedKeys } from './stages/change-steps.ts'
import type { ChangeStepParts } from './stages/change-steps.ts'
import { createDeadLetterTopic } from './stages/dead-letter-topic.ts'
import { envelopeOf } from './stages/envelope-of.ts'
import { openOversize } from './stages/oversize-of.ts'
import { createRecordStages } from './stages/record-stages.ts'
import { serializerOf } from './stages/serializer-of.ts'
import { sparingReserved } from './stages/sparing-reserved.ts'
import type { RecordStagesOptions } from './stages/stage-parts.ts'
import { readsKinesis, streamStagesOf } from './stages/stream-stages-of.ts'
import type { StreamSurroundings } from './stages/stream-stages-of.ts'
import { recordTransformsOf } from './transforms-of.ts'

/** What the way of a record stands on; a simulation gives its own. */
export interface RecordWayPorts extends Pick<ChangeStepParts, 'items' | 'code'> {
  readonly kafka: KafkaApi
  readonly clock: Clock
  readonly rng: Rng
  readonly onEvent: PipelineEventSink
  /** For values that are too large, where the configuration sends them there. */
  readonly claimChecks?: ObjectWriter
  /** For pipelines whose records have schemas. */
  readonly registry?: SchemaRegistry | undefined
  /** For tables whose changes come from a Kinesis stream; default: nobody can be asked for the keys of tables. */
  readonly describeKeys?: StreamSurroundings['describeKeys']
  /** See {@link topicRulesOf}. Default: nobody else is known. */
  readonly isTaken?: TakenTopics | undefined
}

/** True for topics in which others keep their state whom the process knows: the service itself, and its other pipelines. */
export type TakenTopics = (topic: string) => boolean

/** The way of a record, and the topics at its end. */
export interface RecordWay extends AsyncDisposable {
  readonly stages: Stages
  readonly limits: TopicLimits
  readonly topics: TopicProvisioner
  /** Hears why a session was in doubt: topics are not as they seemed to be. */
  learn(error: TailraceError): void
}

/** The same for everybody who moves changes, so that a record does not depend on who has moved it. */
export function openRecordWay(
  config: PipelineConfig,
  ports: RecordWayPorts,
  of: { readonly version: string; readonly ledgerId: string },
): RecordWay {
  const { kafka, clock } = ports
  const limits = createTopicLimits(kafka)
  const oversize = openOversize(config, { ...ports, ledgerId: of.ledgerId, objects: ports.claimChecks })
  const topics = topicsOf(config, ports)
  const deadLetterTopic = createDeadLetterTopic(deadLetterTopicOf(config, { kafka, clock, topics, limits }))
  const deadLetters = deadLettersOf(config, deadLetterTopic)
  const otherTopics = otherTopicsOf(config, { topics, limits, clock })
  const stream = { limits, describeKeys: ports.describeKeys }
  const onOperations: RecordStagesOptions['onOperations'] = (table, operations) =>
    ports.onEvent({ kind: 'changes-converted', table, operations })
  const surroundings = { ...ports, deadLetters, oversize, otherTopics, onOperations, stream }
  const stages = sparingReserved(stagesOf(config, of.version, surroundings), topics)
  return {
    stages,
    limits,
    topics,
    learn: (error) => [deadLetterTopic, otherTopics].forEach((topic) => topic.learn(error)),
    [Symbol.asyncDispose]: () => oversize[Symbol.asyncDispose](),
  }
}

function topicsOf(config: PipelineConfig, { kafka, clock, onEvent, isTaken }: RecordWayPorts): TopicProvisioner {
  const topics = createTopicProvisioner(kafka, topicRulesOf(config, isTaken), { clock, onEvent })
  return refusingMaskedKeys(topics, config.changes)
}

/** What the way of a record needs from outside. */
export interface StageSurroundings
  extends ChangeStepParts, Pick<RecordStagesOptions, 'oversize' | 'deadLetters' | 'otherTopics' | 'onOperations'> {
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

/** Names and properties of the topics that the configuration describes, and which ones it must leave alone. */
export function topicRulesOf(config: PipelineConfig, isTaken: TakenTopics = () => false): TopicRules {
  const { topic, ledger } = config
  return {
    isReserved: (name) => name === ledger.topic || isReservedTopic(name) || isTaken(name),
    nameOf: (table) =>
      table.isStream === true && readsKinesis(config) && config.source.records === 'dynamodb'
        ? ''
        : tableTopicOf(config, table),
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
