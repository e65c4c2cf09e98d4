import type { TagCondition } from '../change/table-tags.ts'
import type { AwsIdentityConfig } from './aws-identity-config.ts'
import type { AccountConfig } from './source-accounts.ts'
import type { StartPosition, StartPositions } from './start-position.ts'

/** Where changes come from. */
export type SourceConfig = DynamoDbStreamsConfig | KinesisConfig

/** What every kind of source has. */
interface SourceBasics extends AwsIdentityConfig {
  readonly region: string
  /** Names, patterns (`*`, `?`) and ARNs (of a Kinesis stream only the first two), as given. Empty where records are raw. */
  readonly tables: readonly string[]
  /** Names and patterns of those that are left out all the same. */
  readonly excludedTables: readonly string[]
  /** How often tables are looked for. Milliseconds. */
  readonly rediscoveryMs: number
  readonly start: StartPosition
  readonly gap: 'stop'
  /** Of DynamoDB's API; undefined means AWS's own for the region. */
  readonly endpoint: string | undefined
}

/** The streams that tables have themselves. */
export interface DynamoDbStreamsConfig extends SourceBasics {
  readonly type: 'dynamodb-streams'
  readonly allowsKeysOnly: boolean
  readonly allowsOldImage: boolean
  /** Regions and accounts, if they are several: what is said of the one above does not count then. */
  readonly accounts: readonly AccountConfig[]
  /** Tags that tables must have besides; empty if they do not matter. */
  readonly tags: readonly TagCondition[]
  /** Undefined means AWS's own for the region. */
  readonly streamsEndpoint: string | undefined
  /** Of the service that knows tags; undefined means AWS's own for the region. */
  readonly taggingEndpoint: string | undefined
}

/** A Kinesis data stream. */
export interface KinesisConfig extends SourceBasics {
  readonly type: 'kinesis'
  /** Name or ARN, as given. */
  readonly stream: string
  /** `dynamodb`: changes of tables; `raw`: whatever producers put there. */
  readonly records: 'dynamodb' | 'raw'
  /** Where the shards begin that it names, instead of `start`; undefined means that it names none. */
  readonly startPositions: StartPositions | undefined
  /** Names of key attributes by table, hash key first, where they are not to be asked for. */
  readonly keys: ReadonlyMap<string, readonly string[]>
  readonly foreign: ForeignRecordConfig
  /** Packages of the Kinesis Producer Library are taken apart. */
  readonly deaggregates: boolean
  readonly repair: RepairConfig
  readonly late: 'emit-flagged' | 'dead-letter' | 'drop'
  /** Undefined means polling. */
  readonly fanOut: { readonly consumerName: string } | undefined
  /** Records that one GetRecords may give. */
  readonly recordLimit: number
  /** Matches the whole id of every shard that is read; undefined means all. */
  readonly shardIds: RegExp | undefined
  /** Undefined means AWS's own for the region. */
  readonly kinesisEndpoint: string | undefined
}

/** What becomes of records of a stream of changes that are none. */
export type ForeignRecordConfig =
  | { readonly policy: 'fail' | 'dead-letter' }
  | { readonly policy: 'pass'; readonly topic: string }

/** How duplicates and disorder are repaired. */
export interface RepairConfig {
  readonly isOn: boolean
  readonly windowMs: number
  /** How long a change waits that nothing proves to be the next one of its item; at most the window. */
  readonly delayMs: number
  /** All shards of the process together. */
  readonly memoryMaxBytes: number
}
