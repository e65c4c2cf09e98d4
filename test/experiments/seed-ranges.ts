/** Seeds from the first to the last, both included. */
export type SeedRange = readonly [first: number, last: number]

/** Seeds are 32 bits wide (async/rng.ts): greater ones would repeat smaller ones. */
export const greatestPossibleSeed = 4_294_967_295

/** Reads `1-30,40`. Throws unless the ranges ascend with at least one seed missing between them. */
export function parseSeeds(text: string): readonly SeedRange[] {
  if (text === '') return []
  const ranges = text.split(',').map((part): SeedRange => {
    const [, first = '', last = first] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part) ?? []
    if (first === '') throw new Error(`"${part}" is no range of seeds`)
    return [Number(first), Number(last)]
  })
  if (formatSeeds(ranges) !== text) throw new Error(`"${text}" are not ascending ranges of seeds`)
  return ranges
}

/** The inverse of `parseSeeds`; joins what touches. */
export function formatSeeds(ranges: readonly SeedRange[]): string {
  return normalize(ranges)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join(',')
}

/** All seeds of both. Throws if a seed is in both: its run would count twice. */
export function joinSeeds(a: readonly SeedRange[], b: readonly SeedRange[]): readonly SeedRange[] {
  const joined = normalize([...a, ...b])
  if (countSeeds(joined) !== countSeeds(a) + countSeeds(b)) {
    throw new Error(`seeds ${formatSeeds(a)} and ${formatSeeds(b)} overlap`)
  }
  return joined
}

/** How many seeds; the ranges must not overlap. */
export function countSeeds(ranges: readonly SeedRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
}

/** Which of these seeds are within `range`. */
export function seedsWithin(ranges: readonly SeedRange[], [first, last]: SeedRange): readonly SeedRange[] {
  return ranges
    .map(([from, to]): SeedRange => [Math.max(from, first), Math.min(to, last)])
    .filter(([from, to]) => from <= to)
}

/** The smallest range that holds all of them; undefined when there are none. */
export function spanOfSeeds(ranges: readonly SeedRange[]): SeedRange | undefined {
  if (ranges.length === 0) return undefined
  return [Math.min(...ranges.map(([first]) => first)), Math.max(...ranges.map(([, last]) => last))]
}

function normalize(ranges: readonly SeedRange[]): readonly SeedRange[] {
  const joined: [number, number][] = []
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const previous = joined.at(-1)
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last)
    else if (first <= last) joined.push([first, last])
  }
  return joined
}
