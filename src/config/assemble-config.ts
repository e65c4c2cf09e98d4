import { changeConfig, changeNotes } from './change-config.ts'
import type { KafkaClientConfig } from './kafka-client-config.ts'
import { heartbeatTopic } from './named-topics.ts'
import { parseListenAddress } from './listen-address.ts'
import type {
  ErrorConfig,
  ClaimCheckConfig,
  ExportConfig,
  FormatConfig,
  PipelineConfig,
  SnapshotConfig,
  TopicConfig,
} from './pipeline-config.ts'
import type { Families } from './property-family.ts'
import { isAlias } from './property-family.ts'
import type { PropertyValues } from './properties.ts'
import { readSourceConfig } from './read-source-config.ts'
import type { RecordSchemaConfig } from './record-schema-config.ts'
import type { RegistryConfig } from './registry-config.ts'
import type { Secret } from './secret.ts'
import { isOversizeStrategy } from './oversize-strategies.ts'
import type { TableOverrides } from './table-overrides.ts'
import { parseDailyWindow, parseScanCapacity } from './snapshot-limits.ts'

/** The parts that are not values of declared properties. */
export interface ConfigParts {
  readonly region: string
  readonly kafka: KafkaClientConfig
  readonly recordSchemas: RecordSchemaConfig
  readonly registry: RegistryConfig | undefined
  readonly families: Families
  readonly overrides: TableOverrides
  /** `signal.file` as seen from the pipeline file. */
  readonly signalFile: string | undefined
  /** The folder of the pipeline file. */
  readonly folder: string
  readonly secrets: readonly Secret[]
  readonly notes: readonly string[]
}

/** Gives checked values the shape in which the program uses them. */
export function assembleConfig(values: PropertyValues, parts: ConfigParts): PipelineConfig {
  return {
    pipeline: values.pipeline,
    epoch: values.epoch,
    lanes: values.lanes,
    delivery: values.delivery,
    source: readSourceConfig(values, parts.region),
    kafka: parts.kafka,
    snapshot: snapshotConfig(values),
    signals: {
      topic: values['signal.kafka.topic'],
      file: parts.signalFile,
      notificationTopic: values['notification.sink.topic.name'],
    },
    heartbeats: heartbeatConfig(values),
    changes: changeConfig(values, parts.folder),
    topic: topicConfig(values),
    ledger: { topic: values['ledger.topic'], replicationFactor: values['ledger.replication.factor'] },
    groupId: values['group.id'],
    format: formatConfig(values),
    recordSchemas: parts.recordSchemas,
    registry: parts.registry,
    errors: errorConfig(values),
    transforms: { transforms: values.transforms.filter(isAlias), predicates: values.predicates },
    oversize: {
      strategies: values['oversize.strategy'].filter(isOversizeStrategy),
      claimChecks: claimCheckConfig(values),
    },
    memoryMaxBytes: values['memory.max.bytes'],
    pollIdleMaxMs: values['poll.idle.max.ms'],
    http: parseListenAddress(values['http.listen']),
    hasShardMetrics: values['metrics.per.shard'],
    lambda: {
      mappingCheck: values['lambda.mapping.check'],
      reportsItemFailures: values['lambda.partial.batch.responses'],
    },
    log: { level: values['log.level'], format: values['log.format'] },
    secrets: parts.secrets,
    notes: [...parts.notes, ...changeNotes(values)],
    values,
    overrides: parts.overrides,
    families: parts.families,
  }
}

function snapshotConfig(values: PropertyValues): SnapshotConfig {
  const window = values['snapshot.window']
  return {
    mode: values['snapshot.mode'],
    skipsContained: values['snapshot.skip.contained.changes'],
    segments: values['snapshot.segments'],
    exports: exportConfig(values),
    capacity: parseScanCapacity(values['snapshot.read.capacity']) ?? { kind: 'unlimited' },
    itemsPerSecond: values['snapshot.items.per.second'],
    window: window === undefined ? undefined : parseDailyWindow(window),
  }
}

function exportConfig(values: PropertyValues): ExportConfig | undefined {
  const bucket = values['snapshot.export.bucket']
  if (values['snapshot.source'] === 'scan' || bucket === undefined) return undefined
  return {
    isForAll: values['snapshot.source'] === 'export',
    bucket,
    prefix: values['snapshot.export.prefix'],
    owner: values['snapshot.export.owner'],
    format: values['snapshot.export.format'],
    endpoint: values['snapshot.export.endpoint'],
  }
}

function heartbeatConfig(values: PropertyValues): PipelineConfig['heartbeats'] {
  const intervalMs = values['heartbeat.interval.ms']
  if (intervalMs === 0) return undefined
  return { topic: heartbeatTopic(values), intervalMs }
}

function formatConfig(values: PropertyValues): FormatConfig {
  return {
    envelope: values['format.envelope'],
    hasSchema: values['format.schemas.enable'],
    hasTombstones: values['format.tombstones.on.delete'],
    numberMode: values['format.number.mode'],
    binaryMode: values['format.binary.mode'],
    flat: {
      deletes: values['format.delete.tombstone.handling.mode'],
      addFields: values['format.add.fields'],
      addFieldsPrefix: values['format.add.fields.prefix'],
      addHeaders: values['format.add.headers'],
      addHeadersPrefix: values['format.add.headers.prefix'],
    },
    extras: { wanted: values['format.extras'], place: values['format.extras.in'] },
    traceAttribute: values['format.trace.attribute'],
  }
}

function claimCheckConfig(values: PropertyValues): ClaimCheckConfig | undefined {
  const bucket = values['oversize.claim.check.bucket']
  if (!values['oversize.strategy'].includes('claim-check-s3') || bucket === undefined) return undefined
  return {
    bucket,
    prefix: values['oversize.claim.check.prefix'] ?? '',
    owner: values['oversize.claim.check.owner'],
    endpoint: values['oversize.claim.check.endpoint'],
  }
}

function topicConfig(values: PropertyValues): TopicConfig {
  return {
    prefix: values['topic.prefix'],
    name: values['topic.name'],
    isShared: values['topic.shared'],
    create: values['topic.create'],
    partitions: values['topic.partitions'],
    replicationFactor: values['topic.replication.factor'],
    cleanupPolicy: values['topic.cleanup.policy'],
    retentionMs: values['topic.retention.ms'],
    maxMessageBytes: values['topic.max.message.bytes'],
  }
}

function errorConfig(values: PropertyValues): ErrorConfig {
  return {
    tolerance: values['errors.tolerance'],
    deadLetters: {
      topic: values['errors.deadletterqueue.topic.name'],
      partitions: values['errors.deadletterqueue.topic.partitions'],
      replicationFactor: values['errors.deadletterqueue.topic.replication.factor'],
      retentionMs: values['errors.deadletterqueue.topic.retention.ms'],
      hasContextHeaders: values['errors.deadletterqueue.context.headers.enable'],
    },
  }
}
