import type { Clock } from '../../async/clock.ts'

/** How fast a table may be scanned, all of its segments together. */
export interface ScanPace {
  /** Waits for the turn of one page. Turns are given in order of arrival. */
  begin(signal: AbortSignal): Promise<ScanTurn>
}

/** The right to ask for one page. */
export interface ScanTurn {
  /** Items that the page may hold; undefined = as many as the service gives. */
  readonly limit: number | undefined
  /** What the page was; without a call it counts as what was expected. */
  end(page: PageCost): void
}

/** What a page cost. */
export interface PageCost {
  readonly items: number
  /** Read capacity units. */
  readonly units: number
  /** How often the request was refused with a throttle before it was answered. */
  readonly throttles: number
}

/** Bounds of a scan's rate; what is undefined is not bounded. */
export interface ScanRates {
  readonly itemsPerSecond: number | undefined
  readonly unitsPerSecond: number | undefined
}

/** Pages are cut so that each is so much of a second's budget: then no ten seconds have much more or less than theirs. */
const sliceSeconds = 0.25
/** Budget that was not used may be caught up for so long. */
const creditMs = 500
/** Pages of 1 MB cost so much, and more cannot come. */
const fullPageUnits = 256
/** After a throttle the rate falls to this share, and grows back by that share of the whole each second. */
const throttledShare = 0.7
const regainPerSecond = 0.05
const leastShare = 0.01

/** `rates` is asked anew for each page, so that it may change while a scan runs. */
export function createScanPace(clock: Clock, rates: (signal: AbortSignal) => Promise<ScanRates>): ScanPace {
  const items = createMeter(clock, 1)
  const units = createMeter(clock, 1)
  return {
    begin: async (signal) => {
      const { itemsPerSecond, unitsPerSecond } = await rates(signal)
      const byItems = items.reserve(itemsPerSecond, Number.POSITIVE_INFINITY)
      const byUnits = units.reserve(unitsPerSecond, fullPageUnits)
      const waitMs = Math.max(byItems.waitMs, byUnits.waitMs)
      if (waitMs > 0) await clock.sleep(waitMs, signal)
      const limit = Math.min(byItems.limit, byUnits.limit)
      return {
        limit: Number.isFinite(limit) ? limit : undefined,
        end: (page) => {
          byItems.settle(page.items, page)
          byUnits.settle(page.units, page)
        },
      }
    },
  }
}

interface Reservation {
  readonly waitMs: number
  readonly limit: number
  settle(cost: number, page: PageCost): void
}

interface Meter {
  /** `mostPerPage`: what a page costs at most, whatever is asked for. */
  reserve(perSecond: number | undefined, mostPerPage: number): Reservation
}

const unbounded: Reservation = { waitMs: 0, limit: Number.POSITIVE_INFINITY, settle: () => {} }

/** Counts one kind of cost. Time is the measure: a page of cost c keeps the next one back for c / rate. */
function createMeter(clock: Clock, guessPerItem: number): Meter {
  /** When everything that was reserved so far is paid (clock.monotonic). */
  let paidAt = Number.NEGATIVE_INFINITY
  let perItem = guessPerItem
  let share = 1
  let shareAt = clock.monotonic()
  const presentShare = (): number => {
    const now = clock.monotonic()
    share = Math.min(1, share + ((now - shareAt) / 1000) * regainPerSecond)
    shareAt = now
    return share
  }
  return {
    reserve: (configured, mostPerPage) => {
      if (configured === undefined) return unbounded
      const perSecond = configured * presentShare()
      const slice = perSecond * sliceSeconds
      const isWhole = slice >= mostPerPage
      const limit = isWhole ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(slice / perItem))
      const expected = isWhole ? mostPerPage : Math.max(slice, perItem)
      const now = clock.monotonic()
      const from = Math.max(paidAt, now - creditMs)
      paidAt = from + (expected / perSecond) * 1000
      return {
        waitMs: Math.max(0, from - now),
        limit,
        settle: (cost, { items, throttles }) => {
          paidAt += ((cost - expected) / perSecond) * 1000
          // A page without items costs something, too, and says nothing of what an item costs.
          if (items > 0) perItem += (Math.max(cost / items, 1e-6) - perItem) / 4
          if (throttles > 0) share = Math.max(leastShare, presentShare() * throttledShare)
        },
      }
    },
  }
}
