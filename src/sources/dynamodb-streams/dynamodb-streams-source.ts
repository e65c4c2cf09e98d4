import type { StreamViewType } from '../../change/table.ts'
import type { TagCondition } from '../../change/table-tags.ts'
import { createTagSearch } from '../discovery/tag-search.ts'
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
import { describeTable } from './describe-table.ts'
import { whyAbsent } from './table-absence.ts'
import { findTables } from './table-finder.ts'
import type { TableSelection } from './table-selection.ts'

/** What a source over DynamoDB Streams needs. */
export interface DynamoDbStreamsOptions extends SourceContextOptions {
  readonly region: string
  /** Names, ARNs, and patterns with `*` and `?`. */
  readonly tables: readonly string[]
  /** Tags that the tables must have besides. */
  readonly tags?: readonly TagCondition[]
  /** View types that are accepted besides those with a new image. */
  readonly alsoViewTypes?: readonly StreamViewType[]
  /** Tables whose stream was turned off are taken, too, for as long as the stream can be read. */
  readonly alsoDisabled?: boolean
  readonly polling?: Partial<PollingPolicy>
}

/** Changes of DynamoDB tables, read from DynamoDB Streams. Holds no connection and no position; nothing to close. */
export function createDynamoDbStreamsSource(options: DynamoDbStreamsOptions): Source {
  const context = createSourceContext(options)
  const { tags = [] } = options
  const selection: TableSelection = {
    tables: options.tables,
    tags: tags.length === 0 ? undefined : createTagSearch(context, tags),
    region: options.region,
    viewTypes: [...stateBearingViewTypes, ...(options.alsoViewTypes ?? [])],
    alsoDisabled: options.alsoDisabled ?? false,
  }
  const polling: PollingPolicy = { ...defaultPolling, ...options.polling }
  const childFinder = createChildFinder(context)

  return {
    findTables: (signal, listener) => findTables(context, selection, { signal, listener }),
    whyAbsent: (table, signal) => whyAbsent(context, selection, table, signal),
    describeTable: (nameOrArn, signal) => describeTable(context, selection, nameOrArn, signal),
    listShards: (streamArn, signal) => listShards(context, streamArn, signal),
    childShards: (streamArn, shardId, signal) => childFinder.find(streamArn, shardId, signal),
    hasShard: (streamArn, shardId, signal) => hasShard(context, streamArn, shardId, signal),
    openShard: (position) => createShardReader(context, polling, position),
    scanPage: (position, signal) => scanPage(context, position, signal),
    tableSize: (nameOrArn, signal) => tableSize(context, nameOrArn, signal),
  }
}
