/** How much of a table's read capacity a scan may take: a share of what is provisioned, units per second, or all. */
export type ScanCapacity =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'units'; readonly perSecond: number }
  | { readonly kind: 'unlimited' }

/** Reads `50%`, `200` or `unlimited`; undefined for anything else. */
export function parseScanCapacity(text: string): ScanCapacity | undefined {
  if (text === 'unlimited') return { kind: 'unlimited' }
  const [, number, percent] = /^(\d{1,7})(%?)$/.exec(text) ?? []
  const value = Number(number)
  if (number === undefined || value < 1 || (percent === '%' && value > 100)) return undefined
  return percent === '%' ? { kind: 'share', share: value / 100 } : { kind: 'units', perSecond: value }
}

/** A time of day at which something may be done: minutes since midnight UTC. May go over midnight. */
export interface DailyWindow {
  readonly fromMinute: number
  /** Excluded; equal to `fromMinute`, it means the whole day. */
  readonly toMinute: number
}

/** Reads `22:00-06:00` (UTC); undefined for anything else. */
export function parseDailyWindow(text: string): DailyWindow | undefined {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  if (parts === null) return undefined
  const [, fromHour, fromMinute, toHour, toMinute] = parts.map(Number)
  return {
    fromMinute: (fromHour ?? 0) * 60 + (fromMinute ?? 0),
    toMinute: (toHour ?? 0) * 60 + (toMinute ?? 0),
  }
}
