import type { ShardPosition } from '../../change/shard.ts'
import type { KeyAttribute, Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { ShardReader, Source } from '../source.ts'
import type { SourceContextOptions } from '../source-context.ts'
import { describeKeys } from './describe-keys.ts'
import { createKinesisContext } from './kinesis-context.ts'
import type { KinesisContext } from './kinesis-context.ts'
import type { HashKeyRange } from './listed-shard.ts'
import { createPolledPages } from './polled-pages.ts'
import { defaultPolling } from './polling.ts'
import type { KinesisPolling } from './polling.ts'
import type { PageStart, RecordPages } from './record-pages.ts'
import { guardPages } from './retention-guard.ts'
import type { GuardedPages, ReadSoFar } from './retention-guard.ts'
import { createShardLister } from './shard-lister.ts'
import { hasShard } from './shard-presence.ts'
import type { StreamDescription } from './stream-summary.ts'
import { describeStream, tableOfStream } from './stream-table.ts'

/** What a source over a Kinesis stream needs. */
export interface KinesisOptions extends SourceContextOptions {
  readonly region: string
  /** Name or ARN. */
  readonly stream: string
  /** Records that one GetRecords may give, 1 to 10,000. */
  readonly recordLimit: number
  /** Shards whose ids it does not match are not read, and hold nothing up. Without the flags `g` and `y`. */
  readonly shardIds?: RegExp | undefined
  readonly polling?: Partial<KinesisPolling>
  /** Makes a reader. Must make no request before its first `read`. */
  readonly openReader: (position: ShardPosition, parts: ShardReaderParts) => ShardReader
  /** Reads a shard in another way than by polling. Must make no request before the first `next`. */
  readonly openPages?: ((context: KinesisContext, request: PageRequest) => RecordPages) | undefined
}

/** Which records are wanted. */
export interface PageRequest {
  /** The stream's label. */
  readonly streamArn: string
  readonly shardId: string
  readonly start: PageStart
}

/** What a reader of one shard works with. */
export interface ShardReaderParts {
  /** The shard's records from `start` on, in front of which nothing is missing: see `retention-guard.ts`. */
  readonly openPages: (start: PageStart, soFar: ReadSoFar) => GuardedPages
  /** What is left of the records of any shard of the stream. */
  readonly openAgain: (shardId: string, start: PageStart) => RecordPages
  readonly context: KinesisContext
  readonly hashRangeOf: HashRangeOf
}

/** The partition keys that a shard gets, by its id; undefined if no listing has the shard. */
export type HashRangeOf = (shardId: string, signal: AbortSignal) => Promise<HashKeyRange | undefined>

/** A Kinesis stream in the place of a table. */
export interface KinesisSource extends Source {
  /** Which partition keys a shard gets; undefined if no listing has it. `streamArn` is the stream's label. */
  hashRangeOf(streamArn: string, shardId: string, signal: AbortSignal): Promise<HashKeyRange | undefined>
  /** The configured stream as it is now; for checks. Throws TABLE_NOT_FOUND, AWS_REGION. */
  describeStream(signal: AbortSignal): Promise<StreamDescription>
  /** The key attributes of a table, hash key first. Rejects with TABLE_NOT_FOUND, AWS_ACCESS_DENIED. */
  describeKeys(table: string, signal: AbortSignal): Promise<readonly KeyAttribute[]>
}

/**
 * Records of a Kinesis stream. Holds no connection and no position; nothing to close but its readers. Positions are kept
 * under the stream's label, so those of a stream that was deleted never count for another one of its name.
 */
export function createKinesisSource(options: KinesisOptions): KinesisSource {
  const { region, stream, recordLimit, openReader } = options
  const context = createKinesisContext(options)
  const lister = createShardLister(context, options.shardIds)
  const polling: KinesisPolling = { ...defaultPolling, ...options.polling }
  const describe = (signal: AbortSignal): Promise<StreamDescription> =>
    describeStream(context, { stream, region }, signal)
  const tableNow = async (signal: AbortSignal): Promise<Table> => tableOfStream(await describe(signal))
  const poll = (request: PageRequest): RecordPages => createPolledPages(context, { ...request, polling, recordLimit })
  const openPages = options.openPages ?? ((_: KinesisContext, request: PageRequest) => poll(request))

  return {
    findTables: async (signal) => [await tableNow(signal)],
    describeTable: async (nameOrArn, signal) => {
      const table = await tableNow(signal)
      if (nameOrArn !== table.name && nameOrArn !== table.arn) throw otherStream(nameOrArn, stream)
      return table
    },
    describeStream: describe,
    describeKeys: (table, signal) => describeKeys(context, table, signal),
    listShards: (streamArn, signal) => lister.list(streamArn, signal),
    childShards: (streamArn, shardId, signal) => lister.childrenOf(streamArn, shardId, signal),
    hasShard: (streamArn, shardId, signal) =>
      hasShard(context, { streamArn, shardId, shardIds: options.shardIds }, signal),
    hashRangeOf: (streamArn, shardId, signal) => lister.hashRangeOf(streamArn, shardId, signal),
    openShard: (position) => {
      const { streamArn, shardId } = position
      return openReader(position, {
        context,
        openPages: (start, soFar) =>
          guardPages(context, { streamArn, shardId, lister, soFar }, openPages(context, { streamArn, shardId, start })),
        // Polled always: several may do so at one time, and they would take one subscription from each other.
        openAgain: (id, start) => poll({ streamArn, shardId: id, start }),
        hashRangeOf: (id, signal) => lister.hashRangeOf(streamArn, id, signal),
      })
    },
    scanPage: async ({ table }) => {
      throw noTable(table.name)
    },
    tableSize: async (nameOrArn) => {
      throw noTable(nameOrArn)
    },
  }
}

function otherStream(nameOrArn: string, stream: string): TailraceError {
  return new TailraceError('TABLE_NOT_FOUND', `${nameOrArn} is not the stream ${stream}, which is read`, {
    details: { table: nameOrArn, stream },
  })
}

function noTable(nameOrArn: string): TailraceError {
  return new TailraceError('SCAN_REFUSED', `${nameOrArn} is a Kinesis stream: it has no items that could be scanned`, {
    details: { table: nameOrArn },
  })
}
