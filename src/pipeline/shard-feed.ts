import { backoffDelay } from '../async/backoff.ts'
import type { ByteBudget, ByteShare } from '../async/byte-budget.ts'
import { createBell } from '../async/bell.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { Shard, ShardPosition } from '../change/shard.ts'
import { TailraceError, isAbort } from '../errors.ts'
import type { ShardPage, ShardReader, Source } from '../sources/source.ts'

/**
 * Reads one shard ahead of its lane: while a transaction commits, the next pages are already here. Holds at most
 * `readAheadPages` pages and one request; what it holds counts in the worker's byte budget.
 */
export interface ShardFeed extends AsyncDisposable {
  /** The next thing in shard order, if it is here. Whoever takes a page releases its share. */
  take(): FeedItem | undefined
  /**
   * While the shard has shown nothing at all since it was opened: what was written to it before this moment cannot be
   * unread. Otherwise undefined, also where the source does not know. Milliseconds, wall clock.
   */
  readonly emptyUpToMs: number | undefined
  /**
   * When the last page without anything in it was asked for, if all pages read so far have been taken; undefined otherwise.
   * Reads are eventually consistent, so this is the moment the shard is caught up with by all that anybody can see, no proof.
   * Milliseconds, wall clock.
   */
  readonly caughtUpAtMs: number | undefined
}

/** What a shard yields, in order: pages, then its end or a failure, then nothing more. */
export type FeedItem =
  | { readonly kind: 'page'; readonly page: ShardPage; readonly share: ByteShare }
  /**
   * Everything before was handed out; the children are known (none if the stream is disabled). What was written to the shard
   * before `readUpToMs` stands in the pages; undefined where the source does not know.
   */
  | { readonly kind: 'end'; readonly children: readonly Shard[]; readonly readUpToMs: number | undefined }
  /** The shard cannot be read on; the error says what that means for its table. */
  | { readonly kind: 'failed'; readonly error: TailraceError }

/** What a feed needs. */
export interface ShardFeedOptions {
  readonly source: Source
  readonly position: ShardPosition
  readonly budget: ByteBudget
  readonly clock: Clock
  readonly rng: Rng
  readonly readAheadPages: number
  /** Called whenever `take` has something new. */
  readonly onReady: () => void
  readonly onPage: (page: ShardPage) => void
  /** Called while a closed shard's children are not known yet. */
  readonly onAwaitingChildren: (attempts: number) => void
}

/** Bytes that an idle shard holds of the budget while it waits for a page of unknown size. */
const smallestShareBytes = 16 * 1024
const childLookup = { baseMs: 50, capMs: 5_000 }

/** Starts to read at once; disposing stops it and gives back what it holds. */
export function createShardFeed(options: ShardFeedOptions): ShardFeed {
  const stop = new AbortController()
  const items: FeedItem[] = []
  const room = createBell(options.clock)
  const seen: Seen = { hasRecords: false, readUpToMs: undefined, emptyPageAtMs: undefined }
  const push = (item: FeedItem): void => {
    items.push(item)
    options.onReady()
  }
  const reading = readShard({ ...options, push, items, seen, room: room.wait, signal: stop.signal }).catch(
    (error: unknown) => {
      if (isAbort(error, stop.signal)) return
      const known =
        error instanceof TailraceError
          ? error
          : new TailraceError('INTERNAL', 'a shard reader failed', { cause: error })
      push({ kind: 'failed', error: known })
    },
  )
  return {
    take: () => {
      const item = items.shift()
      room.ring()
      return item
    },
    get caughtUpAtMs() {
      return items.length === 0 ? seen.emptyPageAtMs : undefined
    },
    get emptyUpToMs() {
      return seen.hasRecords ? undefined : seen.readUpToMs
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new TailraceError('INTERNAL', 'the feed was closed'))
      await reading
      for (const item of items.splice(0)) if (item.kind === 'page') item.share.release()
    },
  }
}

/** What pages have shown so far. */
interface Seen {
  hasRecords: boolean
  readUpToMs: number | undefined
  emptyPageAtMs: number | undefined
}

interface Reading extends ShardFeedOptions {
  readonly seen: Seen
  readonly push: (item: FeedItem) => void
  readonly items: readonly FeedItem[]
  readonly room: (ms: number, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
}

async function readShard(reading: Reading): Promise<void> {
  const reader = reading.source.openShard(reading.position)
  try {
    await readToEnd(reading, reader)
  } finally {
    // Most readers hold nothing, and a simulated feed is not to wait a turn for that.
    const disposed = reader[Symbol.asyncDispose]?.()
    if (disposed !== undefined) await disposed
  }
  reading.push({ kind: 'end', children: await findChildren(reading), readUpToMs: reading.seen.readUpToMs })
}

async function readToEnd(reading: Reading, reader: ShardReader): Promise<void> {
  const { signal, items, readAheadPages } = reading
  let expectedBytes = smallestShareBytes
  let isEnd = false
  while (!isEnd) {
    while (items.length >= readAheadPages) await reading.room(60_000, signal)
    const share = await reading.budget.take(expectedBytes, signal)
    const outcome = await readPage(reading, reader, share)
    expectedBytes = Math.max(smallestShareBytes, outcome.bytes)
    isEnd = outcome.isEnd
  }
}

/** A function of its own, because a suspended loop would keep its last page alive for as long as it waits. */
async function readPage(
  reading: Reading,
  reader: ShardReader,
  share: ByteShare,
): Promise<{ readonly bytes: number; readonly isEnd: boolean }> {
  let page: ShardPage
  try {
    page = await reader.read(reading.signal)
  } catch (error) {
    share.release()
    throw error
  }
  reading.seen.hasRecords ||= page.records.length > 0
  reading.seen.readUpToMs = page.readUpToMs
  if (page.records.length === 0) reading.seen.emptyPageAtMs = page.requestedAtMs
  reading.onPage(page)
  const { bytes, isEnd } = page
  if (page.records.length === 0 && page.mark === undefined) share.release()
  else {
    share.resize(bytes)
    reading.push({ kind: 'page', page, share })
  }
  return { bytes, isEnd }
}

/**
 * A drained shard of an enabled stream has children, though the service may take a while to show them: asked for until
 * they are there. Only a stream that was switched off ends without any.
 */
async function findChildren(reading: Reading): Promise<readonly Shard[]> {
  const { streamArn, shardId } = reading.position
  for (let attempt = 0; ; attempt++) {
    const { children, streamStatus } = await reading.source.childShards(streamArn, shardId, reading.signal)
    if (children.length > 0 || streamStatus === 'DISABLED') return children
    if (attempt > 0) reading.onAwaitingChildren(attempt)
    await reading.clock.sleep(backoffDelay(childLookup, attempt, reading.rng), reading.signal)
  }
}
