import { systemClock } from '../../../../src/async/system-clock.ts'
import type { Experiment } from '../../experiment.ts'
import { watchLaneGaps } from '../lane-gaps.ts'
import type { LaneGaps } from '../lane-gaps.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'

const rounds = 5
const stopGraceMs = 15_000
/** A restarted worker must have its lanes after this time before the next one is restarted. */
const readyMs = 10_000

/** E07: five workers are restarted in turn, each when the one before it is at work again. */
export const rollingRestart: Experiment = {
  id: 'E07',
  title: 'Workers are restarted one after the other, round after round',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 80_000, faults: { restart: 25 } },
  target: { faults: { restart: 250 } },
  run: (seed, signal) => runReal(realPlan(seed, { workers: 5, changes: 82_000 }), roll, signal),
}

async function roll(world: RealWorld): Promise<void> {
  const { plan, places, log } = world
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < plan.workers; place++) {
      log.struck('restart', places.stateOf(place))
      await leave(world, place)
      await places.start(place)
      await untilAtWork(world, place)
      log.healed()
    }
  }
}

async function untilAtWork({ places, log, sleep }: RealWorld, place: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < readyMs; waitedMs += 100) {
    if ([...places.laneOwners.values()].includes(places.nameOf(place))) return
    await sleep(100)
  }
  log.hung(`${places.nameOf(place)} had no lane ${readyMs} ms after its start`)
}

const fewest = 1
const most = 6
const changes = 36
/** From the start of a process until it has taken lanes, on a machine that starts others too. */
const startMs = 2_000

/** E08: one worker, six, one again, and so on: every two seconds somebody comes, or goes, in order or not. */
export const scaling: Experiment = {
  id: 'E08',
  title: 'Workers come and go every two seconds: one to six and back, again and again',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 80_000, faults: { join: 15, leave: 15 } },
  target: { faults: { join: 250, leave: 250 } },
  run: (seed, signal) => runReal(realPlan(seed, { workers: fewest, changes: 82_000 }), scale, signal),
}

async function scale(world: RealWorld): Promise<void> {
  const { rng, places, log, sleep } = world
  await using lanes = watchLaneGaps(places, systemClock)
  let isGrowing = true
  for (let change = 0; change < changes; change++) {
    const up = places.running()
    if (up.length >= most) isGrowing = false
    if (up.length <= fewest) isGrowing = true
    // Now and then a step back.
    const isJoin = up.length <= fewest || (up.length < most && rng.next() < (isGrowing ? 0.9 : 0.1))
    if (isJoin) await join(world)
    else {
      const place = up[Math.floor(rng.next() * up.length)] ?? 0
      log.struck('leave', places.stateOf(place))
      if (rng.next() < 0.3) {
        await places.kill(place)
        lanes.beginAnew()
      } else await leave(world, place)
    }
    log.healed()
    await sleep(1_000 + rng.next() * 2_000)
  }
  judgeGaps(world, lanes)
}

/**
 * A lane whose worker was killed is without an owner until the group has missed it (one session timeout), at most as long
 * again when the group waits for a second member that was killed meanwhile, and until the next owner has fenced and read
 * it. That one may have joined a moment ago, and is then as busy as a start.
 */
function judgeGaps({ plan, log }: RealWorld, { gaps }: LaneGaps): void {
  const boundMs = 2 * plan.sessionTimeoutMs + startMs
  const sorted = gaps.map(({ ms }) => ms).toSorted((a, b) => b - a)
  const longest = sorted.slice(0, 5).map((ms) => ms.toFixed(0))
  log.noted(`${gaps.length} times a lane had no owner, at most for ${longest.join(', ')} ms`)
  for (const { lane, ms } of gaps) {
    if (ms > boundMs) log.hung(`lane ${lane} had no owner for ${ms.toFixed(0)} ms, more than ${boundMs} ms`)
  }
}

async function join({ places, log }: RealWorld): Promise<void> {
  const up = places.running()
  const free = Array.from({ length: most }, (_, place) => place).find((place) => !up.includes(place))
  if (free === undefined) return
  log.struck('join')
  await places.start(free)
}

async function leave({ places, log }: RealWorld, place: number): Promise<void> {
  const { kind, text } = await places.terminate(place, stopGraceMs)
  if (kind === 'killed' || kind === 'failed') log.hung(text)
}
