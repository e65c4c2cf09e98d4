/** Totals since the beginning, and the headroom of now. */
export interface StatusNumbers {
  readonly written: number
  readonly delivered: number
  readonly transactions: number
  /** 24 hours minus the age of the oldest unread change; undefined while no shard is read. */
  readonly headroomMs: number | undefined
}

/** Two readings of the totals and their times (monotonic milliseconds). */
export interface StatusReadings {
  readonly last: StatusNumbers & { readonly atMs: number }
  readonly now: StatusNumbers & { readonly atMs: number }
  readonly startedMs: number
}

/** One line: time, rates of the last second, lag, retention headroom, transactions. Its columns do not move. */
export function renderStatus({ last, now, startedMs }: StatusReadings): string {
  const seconds = Math.max(0.001, (now.atMs - last.atMs) / 1000)
  const rate = (name: 'written' | 'delivered' | 'transactions'): number => (now[name] - last[name]) / seconds
  return [
    clockTime(now.atMs - startedMs),
    `written ${whole(rate('written'), 5)}/s`,
    `delivered ${whole(rate('delivered'), 5)}/s`,
    `lag ${whole(now.written - now.delivered, 5)}`,
    `headroom ${now.headroomMs === undefined ? '     –' : headroom(now.headroomMs)}`,
    `${rate('transactions').toFixed(1).padStart(4)} tx/s`,
  ].join('  ')
}

function clockTime(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
}

function whole(value: number, width: number): string {
  return Math.round(value).toLocaleString('en-US').padStart(width)
}

function headroom(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  return `${String(Math.floor(minutes / 60)).padStart(2)}h${String(minutes % 60).padStart(2, '0')}m`
}
