import type { World } from '../../sim/world/run-world.ts'
import type { Intervention } from '../values/world-with-verdicts.ts'
import { createVerdicts } from '../values/verdicts.ts'

const windowMs = 10_000
const stepMs = 1_000
/** The first pages tell what an item costs. */
const settleMs = 5_000

/** Capacity is looked up once a minute: so long after it was lowered a scan may take what it had before. */
const knownMs = 65_000

/**
 * Measures what scans consume of their table's read capacity, over all windows of ten seconds in which nothing else holds
 * them up: one that has 5 % more or less than its share is a hang.
 */
export function createShareMeter(world: World): Intervention {
  const windows = meterOf(world)
  return {
    faults: () => ({ 'window-of-capacity': windows().length }),
    judge: (outcome) => {
      const verdicts = createVerdicts()
      for (const { share } of windows())
        if (Math.abs(share - 1) > 0.05) verdicts.add('hang', `ten seconds had ${share.toFixed(3)} of their capacity`)
      return verdicts.addTo(outcome)
    },
  }
}

/**
 * The same while requests are throttled and the table's capacity is changed in the middle: then a scan may have less than its
 * share, and never more than 5 % above it.
 */
export function createBoundMeter(world: World): Intervention {
  const { time, streams, rng } = world.surroundings
  const factor = rng.next() < 0.5 ? 0.5 : 2
  let changes = 0
  time.after(15_000 + rng.next() * 20_000, () => {
    streams.settings.readUnits = Math.round(streams.settings.readUnits * factor)
    changes++
  })
  const windows = meterOf(world)
  return {
    faults: () => ({ 'window-of-capacity': windows().length, 'capacity-changed': changes }),
    judge: (outcome) => {
      const verdicts = createVerdicts()
      for (const { share } of windows())
        if (share > 1.05) verdicts.add('hang', `ten seconds had ${share.toFixed(3)} of their capacity`)
      return verdicts.addTo(outcome)
    },
  }
}

/** Each window, and what it had as a share of the greatest capacity that the scan could know of. */
function meterOf(world: World): () => readonly { readonly from: number; readonly share: number }[] {
  const { time, streams } = world.surroundings
  const { settings } = streams
  const consumed: { readonly at: number; readonly units: number }[] = []
  const capacities: { readonly at: number; readonly units: number }[] = []
  const noteCapacity = (): void => {
    if (capacities.at(-1)?.units !== settings.readUnits)
      capacities.push({ at: time.elapsedMs, units: settings.readUnits })
  }
  settings.onConsumed = (units) => {
    noteCapacity()
    consumed.push({ at: time.elapsedMs, units })
  }
  let firstPageAt: number | undefined
  let doneAt = Number.POSITIVE_INFINITY
  world.onEvent(({ event }) => {
    if (event.kind === 'scan-page-read') firstPageAt ??= time.elapsedMs
    if (event.kind === 'rows-committed' && event.isDone) doneAt = Math.min(doneAt, time.elapsedMs)
  })
  const capacityFor = (from: number): number => {
    const present = capacities.filter(({ at }, index) => {
      const until = capacities[index + 1]?.at ?? Number.POSITIVE_INFINITY
      return at < from + windowMs && until > from - knownMs
    })
    return Math.max(...present.map(({ units }) => units))
  }
  return () => {
    const share = Number.parseInt(world.plan.snapshot?.capacity ?? '100', 10) / 100
    const last = Math.min(doneAt, time.elapsedMs) - windowMs
    const windows: { readonly from: number; readonly share: number }[] = []
    for (let from = (firstPageAt ?? 0) + settleMs; from < last; from += stepMs) {
      const within = consumed.filter(({ at }) => at >= from && at < from + windowMs)
      const budget = (capacityFor(from) * share * windowMs) / 1000
      windows.push({ from, share: within.reduce((total, { units }) => total + units, 0) / budget })
    }
    return windows
  }
}
