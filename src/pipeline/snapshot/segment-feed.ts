import { createBell } from '../../async/bell.ts'
import type { ByteBudget, ByteShare } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import { TailraceError, isAbort } from '../../errors.ts'
import type { ScanPage, SegmentPosition, Source } from '../../sources/source.ts'
import type { RecentKeys } from './recent-keys.ts'
import type { ScanPace } from './scan-pace.ts'

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
  | {
      readonly kind: 'page'
      readonly page: ScanPage
      /** Where the page begins: the key of the one before. */
      readonly afterKey: string | undefined
      readonly request: number
      readonly share: ByteShare
    }
  | { readonly kind: 'failed'; readonly error: TailraceError }

/** What a feed needs. */
export interface SegmentFeedOptions {
  readonly source: Pick<Source, 'scanPage'>
  readonly position: SegmentPosition
  readonly recent: RecentKeys
  readonly pace: ScanPace
  readonly budget: ByteBudget
  readonly clock: Clock
  readonly readAheadPages: number
  /** Called whenever `take` has something new. */
  readonly onReady: () => void
  readonly onPage: (page: ScanPage) => void
}

/** A page of DynamoDB is up to 1 MB of items, which is somewhat more as JSON. */
const pageBytes = 1_200_000

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
  let { afterKey } = options.position
  do {
    await hasRoom()
    const item = await readPage({ ...options, position: { ...options.position, afterKey }, signal })
    afterKey = item.page.lastKey
    push(item)
  } while (afterKey !== undefined)
}

/**
 * Announced, then asked for: whatever is emitted in between displaces rows that it need not, never the other way round. A
 * page that took so long that its lane could not remember everything is asked for again.
 */
async function readPage(
  parts: SegmentFeedOptions & { readonly signal: AbortSignal },
): Promise<Extract<SegmentItem, { readonly kind: 'page' }>> {
  const { source, position, recent, pace, budget, signal } = parts
  for (;;) {
    // The turn may be hours away; until then nothing is held.
    const turn = await pace.begin(signal)
    const share = await budget.take(pageBytes, signal)
    const request = recent.request()
    try {
      const page = await source.scanPage({ ...position, limit: turn.limit }, signal)
      turn.end({ items: page.items.length, units: page.units, throttles: page.throttles })
      if (recent.isKnown(request)) {
        parts.onPage(page)
        share.resize(page.bytes)
        return { kind: 'page', page, afterKey: position.afterKey, request, share }
      }
    } catch (error) {
      recent.settle(request)
      share.release()
      throw error
    }
    recent.settle(request)
    share.release()
  }
}
