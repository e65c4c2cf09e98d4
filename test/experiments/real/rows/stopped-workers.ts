import type { Experiment } from '../../experiment.ts'
import { createConcurrently } from '../concurrently.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'

const stops = 50
/** A worker that is told to stop and nothing else must be gone within this time. */
const drainLimitMs = 15_000

/** E04: SIGTERM, and SIGKILL up to five seconds later. */
export const stoppedWorkers: Experiment = {
  id: 'E04',
  title: 'A worker is asked to stop and killed before it has finished, or lets go in time',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 80_000, faults: { 'clean-stop': 10, 'cut-stop': 10 } },
  target: { faults: { 'clean-stop': 100, 'cut-stop': 100 } },
  run: (seed, signal) =>
    runReal(realPlan(seed, { changes: 85_000 }), (world) => stopAgain(world, hurriedGrace), signal),
}

/** Orderly stops only: nothing may come twice, although the mode would allow it after a crash. */
export const stoppedAtLeastOnce: Experiment = {
  ...stoppedWorkers,
  id: 'E04-alo',
  title: 'Workers are asked to stop and are given the time: no repetition even with delivery at_least_once',
  minimum: { records: 80_000, faults: { 'clean-stop': 45 } },
  target: { faults: { 'clean-stop': 300 } },
  run: (seed, signal) => {
    // Nobody may be thrown out for being slow: that is no orderly stop.
    const more = { delivery: 'at_least_once', mayReplay: false, sessionTimeoutMs: 6_000 } as const
    return runReal(
      realPlan(seed, { changes: 85_000, ...more }),
      (world) => stopAgain(world, () => drainLimitMs),
      signal,
    )
  },
}

async function stopAgain(world: RealWorld, graceOf: (chance: number) => number): Promise<void> {
  const { rng, places, sleep } = world
  const stopping = createConcurrently()
  for (let stop = 0; stop < stops;) {
    const up = places.running().filter((place) => places.stateOf(place) !== 'starting')
    const place = up[Math.floor(rng.next() * up.length)]
    if (place !== undefined && up.length > 1) {
      stop++
      stopping.add(stopAndReplace(world, place, graceOf(rng.next())))
    }
    await sleep(200 + rng.next() * 1_800)
  }
  await stopping.done()
}

/** SIGTERM, SIGKILL after `graceMs`, and a new process in the same place. */
export async function stopAndReplace(
  { places, log, rng, sleep }: RealWorld,
  place: number,
  graceMs: number,
): Promise<void> {
  const state = places.stateOf(place)
  const { kind, text } = await places.terminate(place, graceMs)
  log.struck(kind === 'killed' ? 'cut-stop' : `${kind}-stop`, state)
  // One that is killed while it stops is what is wanted; one that is given up on is not.
  if (kind === 'failed' || (kind === 'killed' && graceMs >= drainLimitMs)) log.hung(text)
  await sleep(rng.next() * 400)
  await places.start(place)
  log.healed()
}

/** A stop takes some tens of milliseconds: most of them are cut within that time. */
function hurriedGrace(chance: number): number {
  return chance < 0.7 ? chance * 80 : (chance - 0.7) * 16_000
}
