import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { AwsApi } from '../aws/aws.ts'
import type { CredentialsCache, CredentialsLoader } from '../aws/credentials.ts'
import type { KeyAttribute } from '../change/table.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import type { ReplicationWatch } from '../sources/kinesis/replication/replication-watch.ts'
import type { StreamDescription } from '../sources/kinesis/stream-summary.ts'
import type { SourceEvent } from '../sources/source-event.ts'
import type { Source } from '../sources/source.ts'

/** What a source runs on. */
export interface SourceParts {
  readonly clock: Clock
  readonly rng: Rng
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where credentials come from; default: the provider chain of the AWS SDK, under the configured role. */
  readonly credentials?: CredentialsLoader
  readonly pollIdleMaxMs?: number
  /** True where somebody else reads the streams: one that was turned off is handed over to its end. */
  readonly alsoDisabledStreams?: boolean
  /** Errors to reject with instead of waiting them out; for commands that a person waits for. */
  readonly giveUpOn?: readonly ErrorCode[]
  readonly onEvent?: (event: SourceEvent) => void
  /** Told of each request's outcome: `ok`, an error code of ours, or the service's own name of an error. */
  readonly onRequest?: (action: string, outcome: string) => void
}

/** A source and the connections below it, which end with it. */
export interface OwnedSource extends AsyncDisposable {
  readonly source: Source
  readonly api: AwsApi
  readonly credentials: CredentialsCache
  /** For changes that come from a Kinesis stream: the key attributes of a table, hash key first. */
  readonly describeKeys?: (table: string, signal: AbortSignal) => Promise<readonly KeyAttribute[]>
  /** The configured Kinesis stream as it is now. */
  readonly describeStream?: (signal: AbortSignal) => Promise<StreamDescription>
  /** Of a Kinesis stream that DynamoDB fills, where that can be watched. */
  readonly replication?: ReplicationWatch | undefined
}
