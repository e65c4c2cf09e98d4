/** How often, by name. */
export type Counts = Readonly<Record<string, number>>

/** Both together; names in alphabetical order, zeros left out, so that equal counts have equal texts. */
export function addCounts(a: Counts, b: Counts = {}): Counts {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted()
  return Object.fromEntries(
    names.map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)] as const).filter(([, count]) => count !== 0),
  )
}

/** The sum over all names. */
export function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** `3,000 worker-kill, 20 broker-kill`, the most frequent first; `none` when there are none. */
export function describeCounts(counts: Counts, none = 'none'): string {
  const entries = Object.entries(counts).toSorted(([, a], [, b]) => b - a)
  return entries.length === 0 ? none : entries.map(([name, count]) => `${groupDigits(count)} ${name}`).join(', ')
}

/** `1 run`, `1,200 runs`. */
export function numberOf(count: number, thing: string): string {
  return `${groupDigits(count)} ${thing}${count === 1 ? '' : 's'}`
}

/** `1234567` as `1,234,567`, whatever the machine's language is. */
export function groupDigits(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',')
}
