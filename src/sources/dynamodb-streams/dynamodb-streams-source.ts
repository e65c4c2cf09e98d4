import type { BackoffPolicy } from '../../async/backoff.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { createRequestBudget } from '../../aws/throttling.ts'
import type { StreamViewType } from '../../change/table.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import type { Source } from '../source.ts'
import { scanPage } from '../table-scan/scan-page.ts'
import { tableSize } from '../table-scan/table-size.ts'
import { createChildFinder } from './child-shards.ts'
import { defaultPolling } from './polling.ts'
import type { PollingPolicy } from './polling.ts'
import { listShards } from './shard-lister.ts'
import { hasShard } from './shard-presence.ts'
import { createShardReader } from './shard-reader.ts'
import type { SourceContext } from '../source-context.ts'
import type { SourceEvent } from '../source-event.ts'
import { stateBearingViewTypes } from './table-description.ts'
import { describeTable, findTables } from './table-finder.ts'

/** What a source over DynamoDB Streams needs. */
export interface DynamoDbStreamsOptions {
  readonly api: AwsApi
  readonly clock: Clock
  readonly rng: Rng
  readonly region: string
  /** Names, ARNs, and patterns with `*` and `?`. */
  readonly tables: readonly string[]
  /** View types that are accepted besides those with a new image. */
  readonly alsoViewTypes?: readonly StreamViewType[]
  readonly retry?: BackoffPolicy
  readonly polling?: Partial<PollingPolicy>
  /** This process' share of the ten DescribeStream calls per second and stream. */
  readonly describeStreamPerSecond?: number
  /** Errors to reject with instead of waiting them out; for checks that a person waits for. */
  readonly giveUpOn?: readonly ErrorCode[]
  /** Hears of retries, expired iterators and the like. Must not throw. */
  readonly onEvent?: (event: SourceEvent) => void
}

const defaultRetry: BackoffPolicy = { baseMs: 50, capMs: 5_000 }

/** Changes of DynamoDB tables, read from DynamoDB Streams. Holds no connection and no position; nothing to close. */
export function createDynamoDbStreamsSource(options: DynamoDbStreamsOptions): Source {
  const context: SourceContext = {
    api: options.api,
    clock: options.clock,
    rng: options.rng,
    retry: options.retry ?? defaultRetry,
    giveUpOn: options.giveUpOn ?? [],
    describeStreamBudget: createRequestBudget({
      clock: options.clock,
      perSecond: options.describeStreamPerSecond ?? 4,
      burst: 4,
    }),
    emit: options.onEvent ?? (() => {}),
  }
  const selection = {
    tables: options.tables,
    region: options.region,
    viewTypes: [...stateBearingViewTypes, ...(options.alsoViewTypes ?? [])],
  }
  const polling: PollingPolicy = { ...defaultPolling, ...options.polling }
  const childFinder = createChildFinder(context)

  return {
    findTables: (signal) => findTables(context, selection, signal),
    describeTable: (nameOrArn, signal) => describeTable(context, selection, nameOrArn, signal),
    listShards: (streamArn, signal) => listShards(context, streamArn, signal),
    childShards: (streamArn, shardId, signal) => childFinder.find(streamArn, shardId, signal),
    hasShard: (streamArn, shardId, signal) => hasShard(context, streamArn, shardId, signal),
    openShard: (position) => createShardReader(context, polling, position),
    scanPage: (position, signal) => scanPage(context, position, signal),
    tableSize: (nameOrArn, signal) => tableSize(context, nameOrArn, signal),
  }
}
