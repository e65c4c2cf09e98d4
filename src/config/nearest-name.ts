/** Longer names are not compared: nobody meant them, and the comparison is quadratic. */
const maximumLength = 80

/**
 * The known name that `unknown` was probably meant to be: the one with the fewest typing errors, if they are few, or the
 * same name under another section (`region` for `source.region`).
 */
export function nearestName(unknown: string, known: Iterable<string>): string | undefined {
  if (unknown.length > maximumLength) return undefined
  const wanted = normalize(unknown)
  let nearest: string | undefined
  let nearestDistance = Math.max(1, Math.floor(wanted.length / 4)) + 1
  for (const name of known) {
    const candidate = normalize(name)
    const sections = candidate.split('.').length - wanted.split('.').length
    const inOtherSection =
      editDistance(wanted, ending(candidate, wanted), nearestDistance) + Math.max(0, sections * 0.3)
    const isWithoutSection = wanted.endsWith(`.${candidate}`)
    const distance = Math.min(
      editDistance(wanted, candidate, nearestDistance),
      inOtherSection,
      isWithoutSection ? 0.5 : Infinity,
    )
    if (distance < nearestDistance) {
      nearest = name
      nearestDistance = distance
    }
  }
  return nearest
}

/** The last parts of a name, as many as `other` has. */
function ending(name: string, other: string): string {
  return name.split('.').slice(-other.split('.').length).join('.')
}

/** Case and the choice of separator (`_`, `-`, camelCase) are not typing errors. */
function normalize(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1.$2')
    .replaceAll(/[_-]/g, '.')
    .toLowerCase()
}

/** Insertions, deletions, replacements and swaps of neighbours; gives up (returns `limit`) when it cannot stay below. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1)
      row.push(best)
    }
    if (Math.min(...row) >= limit) return limit
    beforeLast = last
    last = row
  }
  return Math.min(last[b.length] ?? limit, limit)
}
