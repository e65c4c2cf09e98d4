import { crashPoints } from '../../../crash/crash-point.ts'
import type { CrashPointName } from '../../../crash/crash-point.ts'
import type { Experiment } from '../../experiment.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'
import { shuffled } from '../shuffled.ts'

/** What a pipeline does once in its life, in this order: a worker alone is killed at each of them in turn. */
const firstSteps = `
  create-ledger produce.identity commit.identity
  describe-table create-output produce.table commit.table
  list-shards produce.begin commit.begin produce.first-progress commit.first-progress`

/** What it does all the time, or after each take-over. */
const dailySteps = `
  assignment fence ledger-mark ledger-read read-page
  produce.progress commit.progress find-children produce.end commit.end leave-group`

/** How many times a step happens before the worker dies there. */
const mostHits: Readonly<Record<string, number>> = {
  fence: 3,
  'ledger-read': 6,
  'read-page': 60,
  'produce.progress': 40,
  'commit.progress': 40,
}

/** Longer than it takes until a shard of a given worker ends. */
const patienceMs = 15_000

/** E02: one worker after the other is started to die at one named step. One run is one death at each step. */
export const crashPointKills: Experiment = {
  id: 'E02-kill',
  title: 'A worker process kills itself at each named step between reading and commit',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 40_000, faults: { 'crash-point': 42 } },
  target: { faults: { 'crash-point': 400 } },
  run: (seed, signal) =>
    runReal(
      realPlan(seed, { changes: 50_000, changesPerSecond: 1_000, warmUpMs: 0 }),
      strikeAll,
      signal,
      // The first one is started to die.
      () => Promise.resolve(),
    ),
}

async function strikeAll(world: RealWorld): Promise<void> {
  for (const point of pointsOf(firstSteps)) await dieAt(world, 0, point)
  const { plan, places } = world
  await Promise.all(Array.from({ length: plan.workers }, (_, place) => places.start(place)))
  const daily = shuffled(pointsOf(dailySteps), world.rng)
  const half = Math.ceil(daily.length / 2)
  await Promise.all([strikeDaily(world, [0, 1], daily.slice(0, half)), strikeDaily(world, [2, 3], daily.slice(half))])
}

async function strikeDaily(world: RealWorld, own: readonly number[], points: readonly CrashPointName[]): Promise<void> {
  const { rng, places, log, sleep } = world
  for (const point of points) {
    const up = places.running().filter((place) => own.includes(place))
    const place = up[Math.floor(rng.next() * up.length)]
    if (place === undefined) throw new Error(`nobody is up among ${own.join(', ')}`)
    await places.kill(place)
    await dieAt(world, place, point)
    await sleep(rng.next() * 400)
    await places.start(place)
    log.healed()
    await sleep(rng.next() * 500)
  }
}

/** Starts a worker in an empty place and sees it die there; one that never gets to the point is killed for it. */
async function dieAt({ places, log, rng, sleep }: RealWorld, place: number, point: CrashPointName): Promise<void> {
  const hit = 1 + Math.floor(rng.next() * (mostHits[stepOf(point)] ?? 1))
  await places.start(place, { TAILRACE_CRASH: `${point}:${hit}` })
  if (stepOf(point) === 'leave-group') {
    await sleep(2_500)
    places.tellToStop(place)
  }
  const died = await places.crashed(place, patienceMs)
  log.struck(died === undefined ? 'crash-point-not-reached' : 'crash-point', died ?? `not-reached:${point}`)
  if (died === undefined) await places.kill(place)
}

function pointsOf(steps: string): readonly CrashPointName[] {
  return steps
    .trim()
    .split(/\s+/)
    .flatMap((step) => crashPoints.filter((point) => stepOf(point) === step))
}

/** `produce.end` of `produce.end.before`. */
function stepOf(point: string): string {
  return point.slice(0, point.lastIndexOf('.'))
}
