import type { Experiment } from '../../experiment.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'
import type { Farewell } from '../worker-places.ts'
import { controlPlan } from './worker-kills.ts'

const zombies = 28
/** Rounds at most: most freezes are long enough to make a zombie, not all. */
const mostFreezes = 90
/** A worker that has anything to do commits within this time; one that has not is frozen where it is. */
const reachMs = 1_000
/** After so long a zombie that has woken up must have let its lanes go. */
const noticeMs = 6_000

/** E05: SIGSTOP for half to three session timeouts while others take over, then SIGCONT. */
export const frozenWorkers: Experiment = {
  id: 'E05',
  title: 'Workers are frozen until others have taken their lanes, and then wake up and go on',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 80_000, faults: { freeze: 28, zombie: 25, 'zombie-fenced': 5 } },
  target: { faults: { zombie: 500, 'zombie-fenced': 150 } },
  run: (seed, signal) => {
    const freezeAt = 'commit.progress.before'
    return runReal(
      realPlan(seed, { workers: 5, sessionTimeoutMs: 1_000, changes: 82_000, freezeAt }),
      freezeAgain,
      signal,
    )
  },
}

/** The same for the loop of a tutorial, whose leases are as old as two session timeouts. */
export const frozenControl: Experiment = {
  ...frozenWorkers,
  id: 'E05-control',
  title: 'The same for the loop of a tutorial: read, produce, save the position',
  arm: 'control',
  minimum: { records: 30_000, faults: { freeze: 20 } },
  target: { faults: { freeze: 100 } },
  run: (seed, signal) => runReal({ ...controlPlan(seed), workers: 5, sessionTimeoutMs: 1_000 }, freezeAgain, signal),
}

async function freezeAgain(world: RealWorld): Promise<void> {
  const progress = { freezes: 0, zombies: 0 }
  // Two at a time, so that zombies meet zombies.
  await Promise.all([keepFreezing(world, progress), keepFreezing(world, progress)])
}

async function keepFreezing(world: RealWorld, progress: { freezes: number; zombies: number }): Promise<void> {
  const { rng, places, sleep, plan } = world
  const most = plan.program === 'tailrace' ? mostFreezes : zombies
  while (progress.zombies < zombies && progress.freezes < most) {
    const up = places.running()
    const place = up[Math.floor(rng.next() * up.length)]
    if (place !== undefined) {
      progress.freezes++
      if (await freezeOnce(world, place)) progress.zombies++
    }
    await sleep(rng.next() * 500)
  }
}

/** True if somebody took a lane of the frozen worker before it woke up. */
export async function freezeOnce(world: RealWorld, place: number): Promise<boolean> {
  const { rng, places, log, sleep, plan } = world
  const name = places.nameOf(place)
  const before = places.farewells.length
  const held = [...places.laneOwners].filter(([, owner]) => owner === name).map(([lane]) => lane)
  log.struck('freeze', plan.program === 'tailrace' ? places.stateOf(place) : undefined)
  // Anywhere, or with records written and their end not yet asked for: there only the broker can stop it.
  const isInside = plan.freezeAt !== undefined && places.stateOf(place) !== 'starting' && rng.next() < 0.5
  if (isInside) await places.freezeInside(place, reachMs)
  else places.freeze(place)
  await sleep((0.5 + rng.next() * 2.5) * plan.sessionTimeoutMs)
  const from = places.farewells.length
  // What it let go in order until it was frozen, somebody else may have.
  const left = new Set(places.farewells.slice(before).flatMap(({ worker, lane }) => (worker === name ? [lane] : [])))
  const taken = held.filter((lane) => !left.has(lane) && (places.laneOwners.get(lane) ?? name) !== name)
  places.thaw(place)
  log.healed()
  if (taken.length === 0) return false
  log.struck('zombie')
  await seeItLetGo(world, { name, taken, from })
  return true
}

/**
 * Each lane that was taken must be let go, by the count of the zombie's own clock (`zombie-let-go`) or, where it was
 * about to write, because the broker refuses it (`zombie-fenced`).
 */
export async function seeItLetGo(
  { places, log, sleep }: RealWorld,
  zombie: { readonly name: string; readonly taken: readonly number[]; readonly from: number },
): Promise<void> {
  const { name, taken, from } = zombie
  const farewells = (): readonly Farewell[] => places.farewells.slice(from).filter(({ worker }) => worker === name)
  const isGone = (): boolean => taken.every((taken) => farewells().some(({ lane }) => lane === taken))
  for (let waitedMs = 0; waitedMs < noticeMs && !isGone(); waitedMs += 100) await sleep(100)
  if (!isGone()) log.hung(`${name} woke up and kept lanes of ${taken.join(', ')} for ${noticeMs} ms`)
  const isFenced = farewells().some(({ doubt }) => doubt !== undefined && /EPOCH|FENCED/i.test(doubt))
  log.struck(isFenced ? 'zombie-fenced' : 'zombie-let-go')
}
