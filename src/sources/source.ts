import type { Shard, ShardPosition } from '../change/shard.ts'
import type { Table } from '../change/table.ts'

/**
 * Where changes come from: DynamoDB Streams now, Kinesis later. Everything here retries throttles, server and network
 * errors for ever (jittered, capped) and rejects only with a `TailraceError` that needs a decision, or with the
 * signal's reason. A source keeps no positions: who reads says where to begin.
 */
export interface Source {
  /** The tables that the configured names and patterns mean now. Throws TABLE_NOT_FOUND, STREAM_DISABLED, … */
  findTables(signal: AbortSignal): Promise<readonly Table[]>
  /** One table as it is now: a changed id or stream ARN means that it was replaced. */
  describeTable(nameOrArn: string, signal: AbortSignal): Promise<Table>
  /** All shards of a stream. Resolves only with a complete listing (every page answered). Order is not defined. */
  listShards(streamArn: string, signal: AbortSignal): Promise<ShardListing>
  /** The immediate children of a shard that was read to its end; empty while the service does not know them yet. */
  childShards(streamArn: string, shardId: string, signal: AbortSignal): Promise<ChildListing>
  /**
   * False if the service says that there is no such shard (any more). Asks about this shard alone: a complete listing may
   * still lack a shard that is there.
   */
  hasShard(streamArn: string, shardId: string, signal: AbortSignal): Promise<boolean>
  /** A reader of one shard. Makes no request before the first `read`. One reader per shard at a time (hard rule). */
  openShard(position: ShardPosition): ShardReader
}

/** A complete listing. */
export interface ShardListing {
  readonly shards: readonly Shard[]
  /** `DISABLED` and `DISABLING` streams get no further children. */
  readonly status: 'ENABLING' | 'ENABLED' | 'DISABLING' | 'DISABLED'
}

/** The children of one shard, and whether more can still appear. */
export interface ChildListing {
  readonly children: readonly Shard[]
  readonly streamStatus: ShardListing['status']
}

/** Reads one shard in order, page by page. Not safe for concurrent `read`s. */
export interface ShardReader {
  /**
   * The next page, in shard order, strictly behind the one before. May wait (polling adapts: at once while pages are
   * full, backing off to a second when idle). Pages without records are normal and say nothing.
   */
  read(signal: AbortSignal): Promise<ShardPage>
}

/** One answer of the source. */
export interface ShardPage {
  /** Wire records, as `JSON.parse` gave them, in shard order; `decode/` knows their shape. */
  readonly records: readonly unknown[]
  /** Bytes of the answer's body. */
  readonly bytes: number
  /** True when the shard is closed and these were its last records. */
  readonly isEnd: boolean
  /** When the request was sent and when the answer was complete (Clock.now, milliseconds). */
  readonly requestedAtMs: number
  readonly receivedAtMs: number
}
