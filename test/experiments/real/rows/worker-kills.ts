import type { Experiment } from '../../experiment.ts'
import { createConcurrently } from '../concurrently.ts'
import { realPlan } from '../real-plan.ts'
import type { RealPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'
import { shuffled } from '../shuffled.ts'

/** Kills of one run. */
const kills = 100

/** E01: kills at random, often several at once, while the killed ones come back after up to 400 ms. */
export const workerKills: Experiment = {
  id: 'E01',
  title: 'Workers are killed without warning at random moments and started again',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 100_000, faults: { 'worker-kill': 95 } },
  target: { records: 3_000_000, faults: { 'worker-kill': 3_000 } },
  run: (seed, signal) => runReal(realPlan(seed), (world) => killAtRandom(world, kills), signal),
}

/** The same where records may come again after a kill, and only then. */
export const workerKillsAtLeastOnce: Experiment = {
  ...workerKills,
  id: 'E01-alo',
  title: 'The same with delivery at_least_once: repetitions must be whole replays since the last position',
  target: { records: 1_000_000, faults: { 'worker-kill': 1_000 } },
  run: (seed, signal) =>
    runReal(realPlan(seed, { delivery: 'at_least_once' }), (world) => killAtRandom(world, kills), signal),
}

/** The same for a consumer as tutorials show it. */
export const workerKillsControl: Experiment = {
  ...workerKills,
  id: 'E01-control',
  title: 'The same for the loop of a tutorial: read, produce, save the position',
  arm: 'control',
  minimum: { records: 30_000, faults: { 'worker-kill': 38 } },
  target: { faults: { 'worker-kill': 200 } },
  run: (seed, signal) => runReal(controlPlan(seed), (world) => killAtRandom(world, 40), signal),
}

/** The control arm's world: the same, smaller. */
export function controlPlan(seed: number): RealPlan {
  return realPlan(seed, { program: 'naive-loop', changes: 40_000 })
}

/** Strikes until so many processes were killed: one, or several at once, and now and then a few quiet seconds. */
export async function killAtRandom(world: RealWorld, count: number): Promise<void> {
  const { rng, log, sleep } = world
  const comingBack = createConcurrently()
  let killed = 0
  while (killed < count) {
    const victims = shuffled(worthKilling(world), rng).slice(0, Math.min(strengthOf(rng.next()), count - killed))
    killed += victims.length
    for (const place of victims) comingBack.add(killAndReplace(world, place, rng.next() * 400))
    await sleep(rng.next() < 0.1 ? 4_000 : 100 + rng.next() * 1_600)
  }
  await comingBack.done()
  log.healed()
}

/** Most kills would meet workers that are still starting, and prove little: one of four is enough. */
function worthKilling({ places, plan, rng }: RealWorld): readonly number[] {
  const up = places.running()
  if (plan.program !== 'tailrace' || rng.next() < 0.25) return up
  return up.filter((place) => places.stateOf(place) !== 'starting')
}

/** SIGKILL, and a new process in the same place after a pause. */
export async function killAndReplace(world: RealWorld, place: number, pauseMs: number): Promise<void> {
  const { places, log, sleep, plan } = world
  log.struck('worker-kill', plan.program === 'tailrace' ? places.stateOf(place) : undefined)
  await places.kill(place)
  await sleep(pauseMs)
  await places.start(place)
  log.healed()
}

function strengthOf(chance: number): number {
  return chance < 0.45 ? 1 : chance < 0.75 ? 2 : chance < 0.92 ? 3 : 4
}
