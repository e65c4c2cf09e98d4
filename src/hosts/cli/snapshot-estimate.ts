import type { SnapshotConfig } from '../../config/pipeline-config.ts'
import { forecastChanges } from '../../pipeline/snapshot/change-forecast.ts'
import type { TableSize } from '../../sources/source.ts'

/** What a snapshot would take, from what DynamoDB says of the table. It looks at its sizes only every few hours. */
export interface SnapshotEstimate {
  readonly table: string
  readonly items: number
  readonly bytes: number
  /** Read capacity units of a consistent scan: one for each 4 KB. A filter changes nothing of that. */
  readonly units: number
  /** Units per second that the configuration allows; null = unlimited. */
  readonly unitsPerSecond: number | null
  /** At the configured rates, while the window is open; null if nothing bounds them. */
  readonly ms: number | null
  /** Changes a second that may come meanwhile, at most; and whether that is more than one process writes. */
  readonly changesPerSecond: number
  readonly isOverCapacity: boolean
  /** US dollars for a table that is billed by request; 0 for one with provisioned capacity, which is paid for anyway. */
  readonly usd: number
}

/** What AWS asked for a million read request units in most regions in 2026. */
export const usualUsdPerMillion = 0.125

const unitBytes = 4096

/** Sums up what bounds a scan. */
export function estimateSnapshot(
  table: string,
  size: TableSize,
  config: Pick<SnapshotConfig, 'capacity' | 'itemsPerSecond'>,
  { usdPerMillion, openShards }: { readonly usdPerMillion: number; readonly openShards: number },
): SnapshotEstimate {
  const { items, bytes, readUnitsPerSecond } = size
  const units = Math.ceil(bytes / unitBytes)
  const unitsPerSecond = unitsPerSecondOf(config.capacity, readUnitsPerSecond)
  const seconds = [
    ...(unitsPerSecond === null ? [] : [units / unitsPerSecond]),
    ...(config.itemsPerSecond === undefined ? [] : [items / config.itemsPerSecond]),
  ]
  return {
    table,
    items,
    bytes,
    units,
    unitsPerSecond,
    ms: seconds.length === 0 ? null : Math.round(Math.max(...seconds) * 1000),
    ...forecastChanges(size, openShards),
    usd: readUnitsPerSecond === undefined ? (units / 1_000_000) * usdPerMillion : 0,
  }
}

function unitsPerSecondOf(capacity: SnapshotConfig['capacity'], provisioned: number | undefined): number | null {
  if (capacity.kind === 'units') return capacity.perSecond
  return capacity.kind === 'unlimited' || provisioned === undefined ? null : provisioned * capacity.share
}
