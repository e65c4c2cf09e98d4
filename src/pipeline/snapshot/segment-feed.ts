import { createBell } from '../../async/bell.ts'
import type { ByteShare } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import { TailraceError, isAbort } from '../../errors.ts'
import type { ScanPage } from '../../sources/source.ts'
import type { RecentKeys } from './recent-keys.ts'

/**
 * Reads one segment of a snapshot ahead of its lane, page by page. What it holds counts in a byte budget, and each page is
 * announced to the lane's recent keys before it is asked for.
 */
export interface SegmentFeed extends AsyncDisposable {
  /** The next thing, if it is here. Whoever takes a page releases its share and settles its request. */
  take(): SegmentItem | undefined
}

/** What a segment yields: pages in order, or the reason why there are no more. */
export type SegmentItem =
  | (ReadPage & {
      readonly kind: 'page'
      /** Where the page begins: the key of the one before. */
      readonly afterKey: string | undefined
    })
  | { readonly kind: 'failed'; readonly error: TailraceError }

/** Where a segment's pages come from. One `read` at a time. */
export interface PageReader {
  /** The page behind a key; undefined = the first one. Whoever takes it releases its share and settles its request. */
  read(afterKey: string | undefined, signal: AbortSignal): Promise<ReadPage>
  /** Gives back what it holds besides its pages; called when no `read` runs. */
  close(): void
}

/** A page and what it holds. */
export interface ReadPage {
  readonly page: ScanPage
  /** Since when rows of it may have been displaced; see recent-keys.ts. */
  readonly request: number
  readonly share: ByteShare
}

/** What a feed needs. */
export interface SegmentFeedOptions {
  readonly reader: PageReader
  /** Where reading goes on. */
  readonly afterKey: string | undefined
  readonly recent: RecentKeys
  readonly clock: Clock
  readonly readAheadPages: number
  /** Called whenever `take` has something new. */
  readonly onReady: () => void
}

/** Starts to read at once; disposing stops it and gives back what it holds. */
export function createSegmentFeed(options: SegmentFeedOptions): SegmentFeed {
  const { recent } = options
  const stop = new AbortController()
  const items: SegmentItem[] = []
  const room = createBell(options.clock)
  const push = (item: SegmentItem): void => {
    items.push(item)
    options.onReady()
  }
  const hasRoom = async (): Promise<void> => {
    while (items.length >= options.readAheadPages) await room.wait(60_000, stop.signal)
  }
  const reading = readSegment(options, { push, hasRoom, signal: stop.signal }).catch((error: unknown) => {
    if (isAbort(error, stop.signal)) return
    const known =
      error instanceof TailraceError ? error : new TailraceError('INTERNAL', 'a scan failed', { cause: error })
    push({ kind: 'failed', error: known })
  })
  return {
    take: () => {
      const item = items.shift()
      room.ring()
      return item
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new TailraceError('INTERNAL', 'the scan was closed'))
      await reading
      options.reader.close()
      for (const item of items.splice(0)) {
        if (item.kind === 'failed') continue
        recent.settle(item.request)
        item.share.release()
      }
    },
  }
}

async function readSegment(
  options: SegmentFeedOptions,
  {
    push,
    hasRoom,
    signal,
  }: {
    readonly push: (item: SegmentItem) => void
    readonly hasRoom: () => Promise<void>
    readonly signal: AbortSignal
  },
): Promise<void> {
  let { afterKey } = options
  do {
    await hasRoom()
    const read = await options.reader.read(afterKey, signal)
    push({ kind: 'page', ...read, afterKey })
    afterKey = read.page.lastKey
  } while (afterKey !== undefined)
}
