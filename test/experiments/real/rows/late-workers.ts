import { systemClock } from '../../../../src/async/system-clock.ts'
import type { Experiment } from '../../experiment.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'

const backlog = 60_000
const changesPerSecond = 1_000
const patienceMs = 180_000
const goodLagS = 5

/**
 * E52 on real processes: the pipeline's first workers ever come to a stream that has been written for a minute, and which
 * goes on being written. How fast they catch up depends on the machine, so it is told and not judged; that they do is.
 */
export const lateWorkers: Experiment = {
  id: 'E52-real',
  title: 'Workers come to a stream with a backlog of sixty thousand changes, which goes on being written',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 80_000, faults: { backlog: 1 } },
  target: { records: 1_000_000, faults: { backlog: 10 } },
  run: (seed, signal) =>
    runReal(realPlan(seed, { changes: 82_000, changesPerSecond, warmUpMs: 0 }), comeLate, signal, () =>
      Promise.resolve(),
    ),
}

async function comeLate({ plan, places, watch, log, sleep }: RealWorld): Promise<void> {
  while (watch.unseenCount < backlog) await sleep(100)
  const beganAtMs = systemClock.monotonic()
  log.struck('backlog')
  // Recovery is counted from here: the workers were all that was missing.
  log.healed()
  await Promise.all(Array.from({ length: plan.workers }, (_, place) => places.start(place)))
  const tookMs = (): number => systemClock.monotonic() - beganAtMs
  const lagS = (): number => watch.lag.at(-1)?.[1] ?? 0
  while (lagS() >= goodLagS && tookMs() < patienceMs) await sleep(100)
  const seconds = tookMs() / 1000
  if (lagS() >= goodLagS) log.hung(`${watch.unseenCount} changes were still behind after ${seconds.toFixed(0)} s`)
  const perSecond = (backlog + changesPerSecond * seconds - watch.unseenCount) / seconds
  log.noted(`caught up in ${seconds.toFixed(1)} s, start included: about ${perSecond.toFixed(0)} changes a second`)
}
