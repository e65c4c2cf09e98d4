import { kafkaToKill } from '../../../servers/kafka-to-kill.ts'
import type { Experiment } from '../../experiment.ts'
import { realPlan } from '../real-plan.ts'
import type { RealWorld } from '../real-world.ts'
import { runReal } from '../run-real.ts'

const rounds = 11

/** E12: the only broker is killed and comes back, again and again; the workers go on. */
export const brokerKills: Experiment = {
  id: 'E12',
  title: 'The only broker is killed again and again, while the workers go on',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 50_000, faults: { 'broker-kill': 10 } },
  target: { faults: { 'broker-kill': 200 } },
  run: (seed, signal) => {
    const brokers = { count: 1, artifacts: kafkaToKill } as const
    return runReal(realPlan(seed, { changes: 52_000, changesPerSecond: 700, brokers }), strikeBrokers, signal)
  },
}

/** E11: one of three brokers at a time is killed, or stopped in order; two are enough to go on. */
export const brokerRestarts: Experiment = {
  id: 'E11',
  title: 'One of three brokers at a time is killed or stopped, and comes back',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 50_000, faults: { 'broker-kill': 4 } },
  target: { faults: { 'broker-kill': 100, 'broker-stop': 50 } },
  run: (seed, signal) => {
    const brokers = { count: 3, artifacts: kafkaToKill } as const
    return runReal(realPlan(seed, { changes: 52_000, changesPerSecond: 500, brokers }), strikeBrokers, signal)
  },
}

/** So long the next fault waits for the recovery from the last one, if it waits. */
const patienceMs = 20_000

async function strikeBrokers(world: RealWorld): Promise<void> {
  const { rng, places, brokers, log, sleep } = world
  for (let round = 0; round < rounds; round++) {
    if (rng.next() < 0.5) await untilCaughtUp(world)
    await sleep(500 + rng.next() * 2_500)
    const index = Math.floor(rng.next() * brokers.count)
    const [place = -1] = places.running()
    // One that is stopped in order says goodbye to the others, which a single one cannot.
    const isStop = brokers.count > 1 && rng.next() < 0.3
    log.struck(isStop ? 'broker-stop' : 'broker-kill', places.stateOf(place))
    await (isStop ? brokers.stop(index) : brokers.kill(index))
    await sleep(rng.next() * 2_000)
    await brokers.restart(index)
    log.healed()
  }
}

async function untilCaughtUp({ watch, sleep }: RealWorld): Promise<void> {
  for (let waitedMs = 0; waitedMs < patienceMs && (watch.lag.at(-1)?.[1] ?? 0) > 1; waitedMs += 200) await sleep(200)
}
