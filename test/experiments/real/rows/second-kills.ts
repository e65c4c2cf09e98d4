import type { Experiment } from '../../experiment.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'
import { killAndReplace } from './worker-kills.ts'

const rounds = 34

/** E03: a kill, and a second one up to two seconds into the recovery, of the newcomer or of somebody who takes over. */
export const secondKills: Experiment = {
  id: 'E03',
  title: 'A worker is killed again, or its successor is, while its last death is being recovered from',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 80_000, faults: { 'worker-kill': 60, 'second-kill': 30 } },
  target: { faults: { 'second-kill': 300 } },
  run: (seed, signal) => runReal(realPlan(seed, { changes: 85_000 }), strike, signal),
}

async function strike(world: RealWorld): Promise<void> {
  const { rng, places, log, sleep } = world
  for (let round = 0; round < rounds; round++) {
    const place = pick(places.running(), rng.next())
    await killAndReplace(world, place, rng.next() * 300)
    await sleep(rng.next() * 2_000)
    const others = places.running().filter((other) => other !== place)
    log.struck('second-kill')
    await killAndReplace(world, rng.next() < 0.6 ? place : pick(others, rng.next()), rng.next() * 300)
    await sleep(rng.next() * 1_500)
  }
}

function pick(places: readonly number[], chance: number): number {
  const place = places[Math.floor(chance * places.length)]
  if (place === undefined) throw new Error('no worker is up')
  return place
}
