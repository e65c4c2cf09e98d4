import { systemClock } from '../../../../src/async/system-clock.ts'
import { kafkaToKill } from '../../../servers/kafka-to-kill.ts'
import type { Experiment } from '../../experiment.ts'
import { floorsOfQuarters, readProcessUse } from '../process-use.ts'
import type { ProcessUse } from '../process-use.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'
import { freezeOnce } from './frozen-workers.ts'
import { stopAndReplace } from './stopped-workers.ts'
import { killAndReplace } from './worker-kills.ts'

const segmentMs = 10 * 60_000
/** One kind of fault, and then nothing: a quarter of the time is quiet. */
const stormMs = 30_000
const quietMs = 10_000
const sampleMs = 2_000
const drainLimitMs = 15_000

/** Workers that are frozen now and then and never end: what they keep, they keep for good. */
const lasting = [0, 1]
/**
 * What the floor of a process's memory may rise between the second quarter and the last: the young generation of V8 (three
 * half-spaces of 16 MiB) may lie in memory or not whenever somebody looks. To keep what is made of each change, some three
 * kilobytes, would be more.
 */
const mostGrowthMiB = 48
/**
 * A worker keeps as many connections to a broker as it ever had requests under way at once, which is most when it takes
 * lane 0 and all lanes for the first time (two for each of eight, and as many for the group and the tables), and one to AWS
 * for each open shard. Whoever leaves one behind at each take-over soon has more.
 */
const mostNewHandles = 32

/** E51: ten minutes of load under faults of all kinds in turn; twelve runs are two hours. */
export const soak: Experiment = {
  id: 'E51',
  title: 'Ten minutes of load while kills, freezes, stops, broker kills and reshards come and go',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 150_000, faults: { 'worker-kill': 8, freeze: 8, stop: 8, 'broker-kill': 4, 'reshard-burst': 8 } },
  target: { records: 2_000_000, faults: { segment: 12 } },
  run: (seed, signal) => {
    const brokers = { count: 1, artifacts: kafkaToKill } as const
    const load = { workers: 5, changes: 150_000, changesPerSecond: 300, reshardsPerSecond: 0.2 } as const
    return runReal(realPlan(seed, { ...load, brokers }), liveThrough, signal)
  },
}

async function liveThrough(world: RealWorld): Promise<void> {
  const stop = new AbortController()
  const watching = lasting.map((place) => watchUse(world, place, stop.signal))
  try {
    await storm(world)
  } finally {
    stop.abort('the segment is over')
  }
  const samples = await Promise.all(watching)
  for (const [index, place] of lasting.entries()) judgeUse(world, place, samples[index] ?? [])
  world.log.struck('segment')
}

async function storm(world: RealWorld): Promise<void> {
  const untilMs = systemClock.monotonic() + segmentMs
  let left: ((world: RealWorld) => Promise<void>)[] = []
  while (systemClock.monotonic() < untilMs) {
    if (left.length === 0) left = [...faults]
    const [strike] = left.splice(Math.floor(world.rng.next() * left.length), 1)
    const stormEndMs = systemClock.monotonic() + stormMs
    while (systemClock.monotonic() < stormEndMs) await strike?.(world)
    await world.sleep(quietMs)
  }
}

/** Each is one strike and the time until the next one. */
const faults: readonly ((world: RealWorld) => Promise<void>)[] = [
  async (world) => {
    await killAndReplace(world, pickMortal(world), world.rng.next() * 400)
    await world.sleep(1_000 + world.rng.next() * 2_000)
  },
  async (world) => {
    const up = world.places.running()
    const place = up[Math.floor(world.rng.next() * up.length)]
    if (place !== undefined) await freezeOnce(world, place)
    await world.sleep(500 + world.rng.next() * 1_000)
  },
  async (world) => {
    world.log.struck('stop')
    await stopAndReplace(world, pickMortal(world), drainLimitMs)
    await world.sleep(1_000 + world.rng.next() * 1_000)
  },
  async ({ brokers, log, places, rng, sleep }) => {
    log.struck('broker-kill', places.stateOf(0))
    await brokers.kill(0)
    await sleep(rng.next() * 2_000)
    await brokers.restart(0)
    log.healed()
    await sleep(3_000 + rng.next() * 4_000)
  },
  async ({ tables, log, rng, sleep }) => {
    log.struck('reshard-burst')
    for (const { stream } of tables.map(({ table }) => table)) {
      for (const { shardId } of stream.openShards()) if (rng.next() < 0.7) stream.rotate(shardId)
    }
    await sleep(500 + rng.next() * 2_000)
  },
]

function pickMortal({ places, rng }: RealWorld): number {
  const up = places.running().filter((place) => !lasting.includes(place))
  const place = up[Math.floor(rng.next() * up.length)]
  if (place === undefined) throw new Error('nobody is up that may be killed')
  return place
}

async function watchUse({ places }: RealWorld, place: number, signal: AbortSignal): Promise<readonly ProcessUse[]> {
  const pid = places.pidOf(place)
  const samples: ProcessUse[] = []
  while (!signal.aborted) {
    const use = await readProcessUse(pid)
    if (use !== undefined) samples.push(use)
    await systemClock.sleep(sampleMs, signal).catch(() => undefined)
  }
  return samples
}

/** What is held at the end must be what was held when everything had happened once. */
function judgeUse({ log }: RealWorld, place: number, samples: readonly ProcessUse[]): void {
  if (samples.length < (0.9 * segmentMs) / sampleMs) log.hung(`the worker in place ${place} did not live to the end`)
  const floors = (valueOf: (use: ProcessUse) => number): readonly number[] => floorsOfQuarters(samples.map(valueOf))
  const memory = floors(({ residentMiB }) => residentMiB).map(Math.round)
  const handles = floors((use) => use.handles)
  const facts = `worker ${place}, least of each quarter: ${memory.join(', ')} MiB, ${handles.join(', ')} handles`
  log.noted(facts)
  const growth = (series: readonly number[]): number => (series[3] ?? 0) - (series[1] ?? 0)
  if (growth(memory) > mostGrowthMiB) log.hung(`memory grows: ${facts}`)
  if (growth(handles) > mostNewHandles) log.hung(`handles are left open: ${facts}`)
}
