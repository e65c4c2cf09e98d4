import type { ChangeConfig } from './change-config.ts'
import type { KafkaClientConfig } from './kafka-client-config.ts'
import type { HostPort } from './network-address.ts'
import type { Families } from './property-family.ts'
import type { OversizeStrategy } from './oversize-strategies.ts'
import type { PropertyValues } from './properties.ts'
import type { RecordSchemaConfig } from './record-schema-config.ts'
import type { RegistryConfig } from './registry-config.ts'
import type { DailyWindow, ScanCapacity } from './snapshot-limits.ts'
import type { Secret } from './secret.ts'
import type { TableOverrides } from './table-overrides.ts'
import type { SourceConfig } from './source-config.ts'

/** One pipeline as its file and its surroundings describe it: checked, defaults filled in, never changed. */
export interface PipelineConfig {
  readonly pipeline: string
  readonly epoch: number
  readonly lanes: number
  readonly delivery: 'exactly_once' | 'at_least_once'
  readonly source: SourceConfig
  readonly kafka: KafkaClientConfig
  readonly snapshot: SnapshotConfig
  readonly signals: SignalConfig
  /** Undefined means none. */
  readonly heartbeats: { readonly topic: string; readonly intervalMs: number } | undefined
  readonly changes: ChangeConfig
  readonly topic: TopicConfig
  readonly ledger: { readonly topic: string; readonly replicationFactor: number }
  readonly groupId: string
  readonly format: FormatConfig
  readonly recordSchemas: RecordSchemaConfig
  /** Undefined where there is none. */
  readonly registry: RegistryConfig | undefined
  readonly errors: ErrorConfig
  readonly transforms: TransformConfig
  readonly oversize: OversizeConfig
  /** Bytes read and not yet committed, all lanes of the process together. */
  readonly memoryMaxBytes: number
  readonly pollIdleMaxMs: number
  /** Where metrics and health are served; undefined means nowhere. */
  readonly http: HostPort | undefined
  /** Metrics of single shards, too. */
  readonly hasShardMetrics: boolean
  readonly log: LogConfig
  readonly lambda: LambdaConfig
  /** Every secret of this configuration, for whoever hides them in logs and messages. */
  readonly secrets: readonly Secret[]
  /** What the user should know although it stops nothing (properties without effect, switched-off checks). */
  readonly notes: readonly string[]
  /** The value of every property by its name; for the fingerprint and for showing them. Secrets show themselves as hidden. */
  readonly values: PropertyValues
  /** What single tables have of their own. */
  readonly overrides: TableOverrides
  /** What stands below the aliases of lists, such as `transforms.<alias>.type`. May hold secrets. */
  readonly families: Families
}

/** What is wanted of a function. */
export interface LambdaConfig {
  /** Whether it looks at its event source mappings, and goes on without having seen them. */
  readonly mappingCheck: 'auto' | 'required' | 'off'
  /** It answers with the record that cannot pass instead of failing as a whole. Undefined: where its mapping wants such answers. */
  readonly reportsItemFailures: boolean | undefined
}

export interface SnapshotConfig {
  readonly mode: 'initial' | 'never' | 'always' | 'only' | 'when_needed'
  /** Changes that a row in front contains are left out. */
  readonly skipsContained: boolean
  readonly segments: number
  /** Undefined where tables are scanned. */
  readonly exports: ExportConfig | undefined
  readonly capacity: ScanCapacity
  /** Undefined means no bound. */
  readonly itemsPerSecond: number | undefined
  /** Undefined means always. */
  readonly window: DailyWindow | undefined
}

/** Where tables are exported to. */
export interface ExportConfig {
  /** False: only tables that change too fast for a scan. */
  readonly isForAll: boolean
  readonly bucket: string
  readonly prefix: string | undefined
  readonly owner: string | undefined
  readonly format: 'DYNAMODB_JSON' | 'ION'
  /** Of a server that speaks like S3; undefined means S3. */
  readonly endpoint: string | undefined
}

/** Undefined means none, for each. */
export interface SignalConfig {
  readonly topic: string | undefined
  /** Absolute, unless the pipeline file's own path is not. */
  readonly file: string | undefined
  readonly notificationTopic: string | undefined
}

export interface TopicConfig {
  readonly prefix: string
  /** Template; `topicNameOf` fills it. */
  readonly name: string
  readonly isShared: boolean
  readonly create: boolean
  readonly partitions: number
  /** -1 means the broker's default. */
  readonly replicationFactor: number
  readonly cleanupPolicy: 'delete' | 'compact' | 'compact,delete'
  /** -1 means for ever. */
  readonly retentionMs: number
  /** Undefined means the broker's default. */
  readonly maxMessageBytes: number | undefined
}

export interface FormatConfig {
  readonly envelope: 'debezium' | 'flat' | 'cloudevents' | 'cloudevents-structured' | 'dynamodb-json' | 'trustpilot'
  /** Wrap key and value as `{"schema":…,"payload":…}`. */
  readonly hasSchema: boolean
  /** A record without a value after each delete. */
  readonly hasTombstones: boolean
  readonly numberMode: 'exact' | 'string' | 'double'
  readonly binaryMode: 'base64' | 'base64-url' | 'hex'
  /** Of the envelope `flat`. */
  readonly flat: FlatConfig
  readonly extras: {
    readonly wanted: readonly string[]
    readonly place: 'source' | 'headers'
  }
  /** Undefined means no `traceparent`. */
  readonly traceAttribute: string | undefined
}

/** Debezium's options of flattening; fields as `path` or `path:name`. */
export interface FlatConfig {
  readonly deletes: 'drop' | 'tombstone' | 'rewrite' | 'rewrite-with-tombstone' | 'delete-to-tombstone'
  readonly addFields: readonly string[]
  readonly addFieldsPrefix: string
  readonly addHeaders: readonly string[]
  readonly addHeadersPrefix: string
}

/** What becomes of records that cannot pass. */
export interface ErrorConfig {
  readonly tolerance: 'none' | 'all'
  readonly deadLetters: DeadLetterConfig
}

export interface DeadLetterConfig {
  readonly topic: string
  readonly partitions: number
  /** -1 means the broker's default. */
  readonly replicationFactor: number
  /** -1 means for ever. */
  readonly retentionMs: number
  readonly hasContextHeaders: boolean
}

/** Aliases; their properties are in `families`. */
export interface TransformConfig {
  /** In the order in which records go through them. */
  readonly transforms: readonly string[]
  readonly predicates: readonly string[]
}

/** What becomes of records that are too large. */
export interface OversizeConfig {
  /** In the order in which they are tried. */
  readonly strategies: readonly OversizeStrategy[]
  /** Undefined unless one of them needs it. */
  readonly claimChecks: ClaimCheckConfig | undefined
}

/** Where values go that are too large. */
export interface ClaimCheckConfig {
  readonly bucket: string
  /** Empty, or what keys begin with. */
  readonly prefix: string
  readonly owner: string | undefined
  /** Of a server that speaks like S3; undefined means S3. */
  readonly endpoint: string | undefined
}

export interface LogConfig {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `auto` means pretty on a terminal, JSON otherwise. */
  readonly format: 'auto' | 'json' | 'pretty'
}
