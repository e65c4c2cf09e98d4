/** Points of a curve: [seconds since the start, value]. */
export type Curve = readonly (readonly [number, number])[]

/**
 * The curve with at most `limit` points: of each stretch the highest one stays, and of the last stretch the last one,
 * because peaks and the end are what is looked for. Values are rounded to thousandths.
 */
export function downsample(curve: Curve, limit = 200): [number, number][] {
  const stretch = Math.ceil(curve.length / limit)
  const kept: [number, number][] = []
  for (let from = 0; from < curve.length; from += stretch) {
    const points = curve.slice(from, from + stretch)
    const isLast = from + stretch >= curve.length
    const chosen = isLast ? points.at(-1) : points.reduce((a, b) => (b[1] > a[1] ? b : a))
    if (chosen !== undefined) kept.push([rounded(chosen[0]), rounded(chosen[1])])
  }
  return kept
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
