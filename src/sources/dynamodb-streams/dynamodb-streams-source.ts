import type { StreamViewType } from '../../change/table.ts'
import type { Source } from '../source.ts'
import { scanPage } from '../table-scan/scan-page.ts'
import { tableSize } from '../table-scan/table-size.ts'
import { createChildFinder } from './child-shards.ts'
import { defaultPolling } from './polling.ts'
import type { PollingPolicy } from './polling.ts'
import { listShards } from './shard-lister.ts'
import { hasShard } from './shard-presence.ts'
import { createShardReader } from './shard-reader.ts'
import { createSourceContext } from '../source-context.ts'
import type { SourceContextOptions } from '../source-context.ts'
import { stateBearingViewTypes } from './table-description.ts'
import { describeTable, findTables } from './table-finder.ts'

/** What a source over DynamoDB Streams needs. */
export interface DynamoDbStreamsOptions extends SourceContextOptions {
  readonly region: string
  /** Names, ARNs, and patterns with `*` and `?`. */
  readonly tables: readonly string[]
  /** View types that are accepted besides those with a new image. */
  readonly alsoViewTypes?: readonly StreamViewType[]
  readonly polling?: Partial<PollingPolicy>
}

/** Changes of DynamoDB tables, read from DynamoDB Streams. Holds no connection and no position; nothing to close. */
export function createDynamoDbStreamsSource(options: DynamoDbStreamsOptions): Source {
  const context = createSourceContext(options)
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
