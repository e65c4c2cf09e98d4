import type { Clock } from '../../async/clock.ts'
import type { Source } from '../../sources/source.ts'
import type { ScanGate } from './scan-gate.ts'
import { createScanPace } from './scan-pace.ts'
import type { ScanPace, ScanRates } from './scan-pace.ts'

/** What bounds the scan of a table, each on its own; what is undefined does not. */
export interface ScanLimits {
  readonly itemsPerSecond: number | undefined
  /** Read capacity units per second: so many, or a share of what the table is provisioned with. */
  readonly capacity:
    | { readonly kind: 'units'; readonly perSecond: number }
    | { readonly kind: 'share'; readonly share: number }
    | undefined
  /** The time of day in which it is scanned, in minutes since midnight UTC; it may go over midnight. */
  readonly window: { readonly fromMinute: number; readonly toMinute: number } | undefined
}

/** No bound at all. */
export const noScanLimits: ScanLimits = { itemsPerSecond: undefined, capacity: undefined, window: undefined }

/** Provisioned capacity changes now and then. */
const capacityKnownMs = 60_000

/** The pace of one table's scan. It waits for as long as the gate is not open. */
export function createTablePace(
  {
    source,
    clock,
    limits,
    gate,
  }: {
    readonly source: Pick<Source, 'tableSize'>
    readonly clock: Clock
    readonly limits: ScanLimits
    readonly gate: Pick<ScanGate, 'verdict'>
  },
  table: string,
): ScanPace {
  const { capacity, itemsPerSecond, window } = limits
  let provisioned: { readonly perSecond: number | undefined; readonly until: number } | undefined
  const unitsPerSecond = async (signal: AbortSignal): Promise<number | undefined> => {
    if (capacity === undefined) return undefined
    if (capacity.kind === 'units') return capacity.perSecond
    if (provisioned === undefined || clock.monotonic() > provisioned.until) {
      const { readUnitsPerSecond } = await source.tableSize(table, signal)
      provisioned = { perSecond: readUnitsPerSecond, until: clock.monotonic() + capacityKnownMs }
    }
    return provisioned.perSecond === undefined ? undefined : provisioned.perSecond * capacity.share
  }
  const rates = async (signal: AbortSignal): Promise<ScanRates> => ({
    itemsPerSecond,
    unitsPerSecond: await unitsPerSecond(signal),
  })
  const pace = createScanPace(clock, rates)
  const closedMs = (): number => {
    const waitMs = window === undefined ? 0 : untilOpen(window, clock.now())
    return waitMs > 0 || gate.verdict() === 'go' ? waitMs : gateLookMs
  }
  return {
    begin: async (signal) => {
      for (let waitMs = closedMs(); waitMs > 0; waitMs = closedMs())
        await clock.sleep(Math.min(waitMs, longestSleepMs), signal)
      return pace.begin(signal)
    },
  }
}

const gateLookMs = 1_000

/** Wall clocks are set; a wait that is looked at again does not miss it. */
const longestSleepMs = 60_000
const dayMinutes = 24 * 60

/** Milliseconds until the window opens; 0 while it is open. */
export function untilOpen({ fromMinute, toMinute }: NonNullable<ScanLimits['window']>, nowMs: number): number {
  const minute = (nowMs / 60_000) % dayMinutes
  const length = (toMinute - fromMinute + dayMinutes) % dayMinutes || dayMinutes
  const since = (minute - fromMinute + dayMinutes) % dayMinutes
  return since < length ? 0 : (dayMinutes - since) * 60_000
}
