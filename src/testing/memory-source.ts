import { compareSequenceNumbers } from '../change/sequence-number.ts'
import type { Shard, ShardPosition } from '../change/shard.ts'
import type { Table } from '../change/table.ts'
import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import type { ShardPage, ShardReader, Source } from '../sources/source.ts'

/** A source of one table whose shards a test fills, splits and ends. */
export interface MemorySource extends Source {
  /** A new open shard; it is listed from now on. */
  addShard(shardId: string, parents?: readonly string[]): void
  /** Appends wire records, which must carry rising sequence numbers. */
  append(shardId: string, records: readonly MemoryRecord[]): void
  /** Ends a shard; readers that have drained it are told so. */
  close(shardId: string): void
  /** Every later read of the shard rejects with this. */
  fail(shardId: string, error: TailraceError): void
  /** Positions from which shards were opened, in order. */
  readonly opened: readonly ShardPosition[]
}

/** A wire record and the sequence number by which it is found again. */
export interface MemoryRecord {
  readonly sequenceNumber: string
  readonly wire: unknown
}

interface MemoryShard {
  readonly shard: Shard
  readonly records: MemoryRecord[]
  isClosed: boolean
  failure: TailraceError | undefined
}

/** An idle reader looks again after this long. Milliseconds. */
const idleMs = 100

/** Makes a source without shards. It waits on `clock`, and serves pages of up to `pageSize` records. */
export function createMemorySource(table: Table, clock: Clock, pageSize = 1_000): MemorySource {
  const shards = new Map<string, MemoryShard>()
  const opened: ShardPosition[] = []
  const find = (shardId: string): MemoryShard => {
    const found = shards.get(shardId)
    if (found === undefined) throw new TailraceError('SHARD_NOT_FOUND', `there is no shard ${shardId}`)
    return found
  }
  const describe = ({ shard, records, isClosed }: MemoryShard): Shard => ({
    ...shard,
    endingSequenceNumber: isClosed ? (records.at(-1)?.sequenceNumber ?? '0') : undefined,
  })
  const listAll = (): readonly Shard[] => [...shards.values()].map(describe)
  return {
    opened,
    addShard: (shardId, parents = []) => {
      const shard = { shardId, parents, startingSequenceNumber: undefined, endingSequenceNumber: undefined }
      shards.set(shardId, { shard, records: [], isClosed: false, failure: undefined })
    },
    append: (shardId, records) => void find(shardId).records.push(...records),
    close: (shardId) => {
      find(shardId).isClosed = true
    },
    fail: (shardId, error) => {
      find(shardId).failure = error
    },
    findTables: async () => [table],
    describeTable: async () => table,
    listShards: async () => ({ shards: listAll(), status: 'ENABLED' }),
    childShards: async (_, shardId) => ({
      children: listAll().filter(({ parents }) => parents.includes(shardId)),
      streamStatus: 'ENABLED',
    }),
    hasShard: async (_, shardId) => shards.has(shardId),
    scanPage: async () => {
      const nowMs = clock.now()
      const nothing = { items: [], lastKey: undefined, units: 0, throttles: 0, bytes: 0 }
      return { ...nothing, requestedAtMs: nowMs, receivedAtMs: nowMs }
    },
    tableSize: async () => ({ items: 0, bytes: 0, readUnitsPerSecond: undefined, writeUnitsPerSecond: undefined }),
    openShard: (position) => {
      opened.push(position)
      return readerOf(position.after, () => find(position.shardId), { clock, pageSize })
    },
  }
}

function readerOf(
  start: string | undefined,
  shard: () => MemoryShard,
  { clock, pageSize }: { readonly clock: Clock; readonly pageSize: number },
): ShardReader {
  let after = start
  let isIdle = false
  const next = (): ShardPage => {
    const { records, isClosed, failure } = shard()
    if (failure !== undefined) throw failure
    const rest = records.filter((r) => after === undefined || compareSequenceNumbers(r.sequenceNumber, after) > 0)
    const page = rest.slice(0, pageSize)
    after = page.at(-1)?.sequenceNumber ?? after
    isIdle = page.length === 0
    const nowMs = clock.now()
    return {
      records: page.map(({ wire }) => wire),
      bytes: page.length * 100,
      isEnd: isClosed && page.length === rest.length,
      requestedAtMs: nowMs,
      receivedAtMs: nowMs,
      readUpToMs: page.length === rest.length ? nowMs : undefined,
    }
  }
  return {
    read: async (signal) => {
      signal.throwIfAborted()
      if (isIdle) await clock.sleep(idleMs, signal)
      return next()
    },
  }
}
