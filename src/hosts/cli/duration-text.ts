const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/** A duration for people, in its two greatest units: `3 h 12 min`, `45 s`, `0 s`. */
export function durationText(ms: number): string {
  const parts: string[] = []
  let rest = Math.max(0, Math.floor(ms / 1000) * 1000)
  for (const [name, size] of units) {
    const count = Math.floor(rest / size)
    rest %= size
    if (count > 0) parts.push(`${count} ${name}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.length === 0 ? '0 s' : parts.join(' ')
}
