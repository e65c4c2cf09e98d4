import type { FilterExpression } from '../change/filter-expression.ts'
import type { ReaderNote, Shard, ShardPosition } from '../change/shard.ts'
import type { SkippedTable } from '../change/skipped-table.ts'
import type { TableAbsence } from '../change/table-absence.ts'
import type { Table } from '../change/table.ts'
import type { TailraceError } from '../errors.ts'

/**
 * Where changes come from: DynamoDB Streams now, Kinesis later. Everything here retries throttles, server and network
 * errors for ever (jittered, capped) and rejects only with a `TailraceError` that needs a decision, or with the
 * signal's reason. A source keeps no positions: who reads says where to begin.
 */
export interface Source {
  /**
   * The tables that the configured names, patterns and tags mean now. Throws TABLE_NOT_FOUND, STREAM_DISABLED, …, unless
   * somebody listens to what is missing. That a table is not among them proves nothing: see `whyAbsent`.
   */
  findTables(signal: AbortSignal, listener?: SearchListener): Promise<readonly Table[]>
  /**
   * Why a table that was read until now is not to be read any more: asked about this table alone, since a listing may lack
   * what is there. Undefined if it still is to be read, `unknown` if nobody can tell now. Services may be behind, so one answer
   * decides nothing. Absent where the tables are always the same.
   */
  whyAbsent?(table: Table, signal: AbortSignal): Promise<TableAbsence | 'unknown' | undefined>
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
  /**
   * A reader of one shard. Makes no request before the first `read`. One reader per shard at a time (hard rule). What was
   * trimmed before it was read must not go unnoticed: its `read` throws STREAM_GAP, also where that can only not be ruled
   * out (`unreadSinceMs`).
   */
  openShard(position: ShardPosition): ShardReader
  /**
   * The next page of a table's items, by a strongly consistent request: it holds every write that was acknowledged before
   * this call. Items that are written while a table is scanned may be in it or not. Throws TABLE_NOT_FOUND if the table is
   * gone, SCAN_REFUSED if the service does not accept the request.
   */
  scanPage(position: SegmentPosition, signal: AbortSignal): Promise<ScanPage>
  /** How large a table is, about. Throws TABLE_NOT_FOUND. */
  tableSize(nameOrArn: string, signal: AbortSignal): Promise<TableSize>
}

/** Hears what a search leaves out, and that it goes on. Its functions must not throw. */
export interface SearchListener {
  /** Something that was asked for, by name or by pattern, cannot be found or read. It is left out instead of thrown. */
  readonly missing?: (error: TailraceError) => void
  /**
   * No table matches a pattern, or has the tags; some may later. It is told instead of thrown; where nobody listens, it counts as
   * missing.
   */
  readonly unmatched?: (error: TailraceError) => void
  /** A table that matches, but cannot be read now. */
  readonly skipped?: (table: SkippedTable) => void
  /** Something that was to be looked through gave no answer: there may be tables that nobody has seen. */
  readonly silent?: () => void
  /** What was asked about one of many tables has been answered: however long the search takes, it goes on. */
  readonly advanced?: () => void
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
  /**
   * Gives back what the reader holds between two pages (a connection); absent where it holds nothing. Called once, when no
   * `read` is running and none will follow. Must end without waiting for the service, and must not throw.
   */
  [Symbol.asyncDispose]?(): Promise<void>
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
  /**
   * What was written to the shard before this moment stands in this page or an earlier one. Milliseconds (Clock.now);
   * undefined or absent as long as the source cannot tell.
   */
  readonly readUpToMs?: number | undefined
  /** Of readers that leave notes: the position behind this page. */
  readonly mark?: PageMark | undefined
}

/**
 * The position behind a page that does not follow from its records: they may stand in another order than in the shard, or
 * some of those before them are held back. Such a page is delivered whole or not at all. It may be without records.
 */
export interface PageMark {
  /** Never smaller than that of the page before. */
  readonly after: string
  /** Creation time of the newest change that was handed out; undefined before the first. Milliseconds. */
  readonly createdAtMs: number | undefined
  readonly note: ReaderNote
}

/** Where the scan of a segment begins or goes on. */
export interface SegmentPosition {
  readonly table: Table
  readonly segment: number
  /** Must stay the same for all pages of a scan: it decides which item is in which segment. */
  readonly totalSegments: number
  /** The last evaluated key of the page before, as that page gave it; undefined = from the beginning. */
  readonly afterKey: string | undefined
  /** Items that the page may hold at most; undefined = as many as the service gives (1 MB of them). */
  readonly limit?: number | undefined
  /** Items that it does not let through are left out, and cost as much as others. */
  readonly filter?: FilterExpression | undefined
}

/** What the service says of a table's size; it looks only every few hours. */
export interface TableSize {
  readonly items: number
  readonly bytes: number
  /** Provisioned read capacity units per second; undefined for a table that is billed by request. */
  readonly readUnitsPerSecond: number | undefined
  /** The same for writes: an item takes a unit for each 1 KB. */
  readonly writeUnitsPerSecond: number | undefined
}

/** One page of a segment. A page without items is normal. */
export interface ScanPage {
  /** Items in DynamoDB JSON, as `JSON.parse` gave them, untrusted. */
  readonly items: readonly unknown[]
  /** Opaque text, to go on behind this page; undefined if the segment has nothing more. */
  readonly lastKey: string | undefined
  /** Read capacity units that the page took. */
  readonly units: number
  /** How often the request was throttled before it was answered. */
  readonly throttles: number
  /** Bytes of the answer's body. */
  readonly bytes: number
  /** When the page was asked for the first time and when the answer was complete (Clock.now, milliseconds). */
  readonly requestedAtMs: number
  readonly receivedAtMs: number
}
