/** A line of a file, and the byte behind it. */
export interface SignalLine {
  readonly bytes: Uint8Array
  readonly start: number
  readonly next: number
}

const lineFeed = 10
const blanks: ReadonlySet<number> = new Set([9, 13, 32])

/** The lines from a byte on that hold anything. What stands behind the last line end counts only with `isWhole`. */
export function signalLines(content: Uint8Array, from: number, isWhole: boolean): readonly SignalLine[] {
  const lines: SignalLine[] = []
  for (let start = from; start < content.length;) {
    const end = content.indexOf(lineFeed, start)
    if (end < 0 && !isWhole) break
    const next = end < 0 ? content.length : end + 1
    const bytes = content.subarray(start, end < 0 ? next : end)
    if (!bytes.every((byte) => blanks.has(byte))) lines.push({ bytes, start, next })
    start = next
  }
  return lines
}
