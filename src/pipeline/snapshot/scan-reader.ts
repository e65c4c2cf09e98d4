import type { ByteBudget } from '../../async/byte-budget.ts'
import type { ScanPage, SegmentPosition, Source } from '../../sources/source.ts'
import type { RecentKeys } from './recent-keys.ts'
import type { ScanPace } from './scan-pace.ts'
import type { PageReader } from './segment-feed.ts'

/** What the scan of a segment needs. */
export interface ScanReaderOptions {
  readonly source: Pick<Source, 'scanPage'>
  readonly position: Omit<SegmentPosition, 'afterKey' | 'limit'>
  readonly recent: RecentKeys
  readonly pace: ScanPace
  readonly budget: ByteBudget
  /** Items that a page may hold at most, whatever its turn allows. */
  readonly maxItems: number
  readonly onPage: (page: ScanPage) => void
}

/** A page of DynamoDB is up to 1 MB of items, which is somewhat more as JSON. */
const pageBytes = 1_200_000

/**
 * Reads pages of one segment of a table. Announced, then asked for: whatever is emitted in between displaces rows that it
 * need not, never the other way round. A page that took so long that its lane could not remember everything is asked for
 * again.
 */
export function createScanReader(options: ScanReaderOptions): PageReader {
  const { source, position, recent, pace, budget, maxItems, onPage } = options
  return {
    close: () => {},
    read: async (afterKey, signal) => {
      for (;;) {
        // The turn may be hours away; until then nothing is held.
        const turn = await pace.begin(signal)
        const share = await budget.take(pageBytes, signal)
        const request = recent.request()
        try {
          const page = await source.scanPage(
            { ...position, afterKey, limit: Math.min(turn.limit ?? maxItems, maxItems) },
            signal,
          )
          turn.end({ items: page.items.length, units: page.units, throttles: page.throttles })
          if (recent.isKnown(request)) {
            onPage(page)
            share.resize(page.bytes)
            return { page, request, share }
          }
        } catch (error) {
          recent.settle(request)
          share.release()
          throw error
        }
        recent.settle(request)
        share.release()
      }
    },
  }
}
