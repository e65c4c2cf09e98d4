import { kafkaToKill } from '../../../servers/kafka-to-kill.ts'
import type { Experiment } from '../../experiment.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'
import { residentBytes } from '../worker-memory.ts'

const awayMs = 60_000
/** Within this time of the end of the brokers, whatever was being read has come to an end. */
const settleMs = 20_000
const lookMs = 500
const mebibyte = 1024 * 1024
/** A worker may grow by the changes that `memory.max.bytes` lets it hold, and by nothing else. */
const maxGrowthBytes = 64 * mebibyte
/** And in all; at work it takes about 200 MiB. */
const maxBytes = 320 * mebibyte

/** E12-away: the only broker is away for a minute, while writes go on. Nobody may read ahead without bounds. */
export const brokersAway: Experiment = {
  id: 'E12-away',
  title: 'The only broker is away for a minute while writes go on; the workers stop reading and do not grow',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 80_000, faults: { 'brokers-away': 1 } },
  target: { faults: { 'brokers-away': 20 } },
  run: (seed, signal) => {
    const brokers = { count: 1, artifacts: kafkaToKill } as const
    const plan = { workers: 2, changes: 90_000, changesPerSecond: 1_200, brokers }
    return runReal(realPlan(seed, plan), beAway, signal)
  },
}

async function beAway(world: RealWorld): Promise<void> {
  const { rng, places, brokers, log, sleep } = world
  await sleep(2_000 + rng.next() * 4_000)
  const before = await measure(world)
  const readsBefore = reads(world)
  const isStop = rng.next() < 0.5
  log.struck('brokers-away', places.stateOf(0))
  await (isStop ? brokers.stop(0) : brokers.kill(0))
  let peak = before
  let readsWhenSettled: number | undefined
  for (let waitedMs = 0; waitedMs < awayMs; waitedMs += lookMs) {
    await sleep(lookMs)
    if (waitedMs >= settleMs) readsWhenSettled ??= reads(world)
    const now = await measure(world)
    peak = new Map([...now].map(([place, bytes]) => [place, Math.max(bytes, peak.get(place) ?? 0)]))
  }
  const settled = readsWhenSettled ?? 0
  const late = reads(world) - settled
  await brokers.restart(0)
  log.healed()
  log.noted(`changes were asked for ${readsBefore} times before, ${settled - readsBefore} in the first ${settleMs} ms`)
  if (readsBefore === 0) throw new Error('nobody read while there was a broker')
  if (late > 0) log.hung(`changes were read ${late} times although nobody had been able to deliver for ${settleMs} ms`)
  for (const [place, bytes] of peak) {
    const growth = bytes - (before.get(place) ?? 0)
    const text = `${places.nameOf(place)} held ${inMebibytes(bytes)} at most without a broker, ${inMebibytes(growth)} more than before`
    log.noted(text)
    if (growth > maxGrowthBytes || bytes > maxBytes) log.hung(text)
  }
}

/** How often the workers have asked for changes. */
function reads({ simulator }: RealWorld): number {
  return simulator.requests.get('GetRecords') ?? 0
}

/** Bytes in memory by place. */
async function measure({ places }: RealWorld): Promise<ReadonlyMap<number, number>> {
  const found = await Promise.all(
    places.running().map(async (place) => [place, (await residentBytes(places.pidOf(place))) ?? 0] as const),
  )
  return new Map(found)
}

function inMebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(0)} MiB`
}
