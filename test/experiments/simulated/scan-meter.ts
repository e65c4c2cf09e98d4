import type { World } from '../../sim/world/run-world.ts'
import type { Intervention } from '../values/world-with-verdicts.ts'
import { createVerdicts } from '../values/verdicts.ts'

const windowMs = 10_000
const stepMs = 1_000
/** The first pages tell what an item costs. */
const settleMs = 5_000

/**
 * Measures what scans consume of their table's read capacity, over all windows of ten seconds in which nothing else holds
 * them up: one that has 5 % more or less than its share is a hang.
 */
export function createShareMeter(world: World): Intervention {
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
  /** What each window had, as a share of what it was to have. */
  const windows = (): readonly number[] => {
    const share = Number.parseInt(world.plan.snapshot?.capacity ?? '100', 10) / 100
    const budget = (settings.readUnits * share * windowMs) / 1000
    const last = Math.min(doneAt, time.elapsedMs) - windowMs
    const shares: number[] = []
    for (let from = (firstPageAt ?? 0) + settleMs; from < last; from += stepMs) {
      const within = consumed.filter(({ at }) => at >= from && at < from + windowMs)
      shares.push(within.reduce((total, { units }) => total + units, 0) / budget)
    }
    return shares
  }
  return {
    faults: () => ({ 'window-of-capacity': windows().length }),
    judge: (outcome) => {
      const verdicts = createVerdicts()
      for (const share of windows())
        if (Math.abs(share - 1) > 0.05) verdicts.add('hang', `ten seconds had ${share.toFixed(3)} of their capacity`)
      return verdicts.addTo(outcome)
    },
  }
}
