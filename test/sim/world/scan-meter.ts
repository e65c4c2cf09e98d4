import type { World } from './run-world.ts'

const windowMs = 10_000
const stepMs = 1_000
/** The first pages tell what an item costs. */
const settleMs = 5_000

/**
 * Measures what scans consume of their table's read capacity, over all windows of ten seconds in which nothing else holds
 * them up. The run fails, as an anomaly of its own, if one of them has 5 % more or less than its share.
 */
export function createShareMeter(world: World): () => Readonly<Record<string, number>> {
  const { time, streams } = world.surroundings
  const { settings } = streams
  const consumed: { readonly at: number; readonly units: number }[] = []
  settings.onConsumed = (units) => consumed.push({ at: time.elapsedMs, units })
  let firstPageAt: number | undefined
  let doneAt = Number.POSITIVE_INFINITY
  world.onEvent(({ event }) => {
    if (event.kind === 'scan-page-read') firstPageAt ??= time.elapsedMs
    if (event.kind === 'rows-committed' && event.isDone) doneAt = Math.min(doneAt, time.elapsedMs)
  })
  return () => {
    const share = Number.parseInt(world.plan.snapshot?.capacity ?? '100', 10) / 100
    const budget = (settings.readUnits * share * windowMs) / 1000
    let windows = 0
    let outside = 0
    const last = Math.min(doneAt, time.elapsedMs) - windowMs
    for (let from = (firstPageAt ?? 0) + settleMs; from < last; from += stepMs) {
      const sum = consumed
        .filter(({ at }) => at >= from && at < from + windowMs)
        .reduce((total, { units }) => total + units, 0)
      windows++
      if (Math.abs(sum / budget - 1) > 0.05) outside++
    }
    return { 'window-of-capacity': windows, 'window-outside': outside }
  }
}
