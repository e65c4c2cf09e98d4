import type { Experiment } from '../../experiment.ts'
import { writeLargeItems } from '../large-items.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'
import { seeItLetGo } from './frozen-workers.ts'

/** Stalls of one run. */
const stalls = 64
/** A worker that has anything to do commits within this time; one that has not stalls when it next does. */
const reachMs = 1_000
/** One stall of so many meets a worker that reads items near the size limit: a tick that is long by itself. */
const largeEvery = 4

/**
 * E56: the event loop stands still for 0.5 to 3 s, which is up to three session timeouts. What the kernel does for a process
 * goes on meanwhile: its connections stay, and answers wait in them. Items at the size limit in all formats are E47's.
 */
export const stalledWorkers: Experiment = {
  id: 'E56',
  title: 'The event loop of a worker stands still for seconds, also with records written and not committed',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 70_000, faults: { 'event-loop-stall': 50, zombie: 15, 'large-items': 10 } },
  target: { faults: { 'event-loop-stall': 300, zombie: 100 } },
  run: (seed, signal) => {
    const more = { workers: 5, sessionTimeoutMs: 1_000, changes: 72_000, changesPerSecond: 700 } as const
    return runReal(realPlan(seed, { ...more, stallAt: 'commit.progress.before' }), stallAgain, signal)
  },
}

async function stallAgain(world: RealWorld): Promise<void> {
  const progress = { begun: 0, busy: new Set<number>() }
  // Two at a time, so that zombies meet zombies.
  await Promise.all([keepStalling(world, progress), keepStalling(world, progress)])
}

async function keepStalling(world: RealWorld, progress: { begun: number; readonly busy: Set<number> }): Promise<void> {
  const { rng, places, log, sleep } = world
  while (progress.begun < stalls) {
    const up = places.running().filter((place) => !progress.busy.has(place) && places.stateOf(place) !== 'starting')
    const place = up[Math.floor(rng.next() * up.length)]
    if (place !== undefined) {
      if (progress.begun++ % largeEvery === 0) {
        writeLargeItems(world, 1)
        log.struck('large-items')
      }
      progress.busy.add(place)
      await stallOnce(world, place)
      progress.busy.delete(place)
    }
    await sleep(rng.next() * 500)
  }
}

/** If somebody took a lane meanwhile, the one that wakes up must let it go. */
async function stallOnce(world: RealWorld, place: number): Promise<void> {
  const { places, log, sleep } = world
  const name = places.nameOf(place)
  const state = places.stateOf(place)
  const from = places.farewells.length
  const lasts = await places.stall(place, reachMs)
  if (lasts === undefined) return
  const held = [...places.laneOwners].filter(([, owner]) => owner === name).map(([lane]) => lane)
  log.struck('event-loop-stall', state)
  await sleep(lasts)
  const taken = held.filter((lane) => (places.laneOwners.get(lane) ?? name) !== name)
  log.healed()
  if (taken.length === 0) return
  log.struck('zombie')
  await seeItLetGo(world, { name, taken, from })
}
