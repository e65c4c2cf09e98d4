import type { OutgoingRequest } from '../../sim/kafka/network.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment } from '../experiment.ts'
import { simulatedExperiment } from './simulated-experiment.ts'

const pipeline = { delivery: 'exactly_once', workers: 2, lanes: 3, changesPerSecond: 20, activeMs: 25_000 } as const
const three = { ...pipeline, brokers: 3 } as const

/** Rows B of the table, in simulated time. */
export const kafkaFaultExperiments: readonly Experiment[] = [
  simulatedExperiment({
    id: 'E11-sim',
    title: 'One of three brokers dies and comes back, with a replication factor of three and two replicas required',
    overrides: { ...three, faults: { 'broker-kill': 0.25 }, activeMs: 40_000 },
    minimum: { records: 30, faults: { 'broker-kill': 3 } },
    target: { faults: { 'broker-kill': 5_000 } },
  }),
  simulatedExperiment({
    id: 'E12-sim',
    title: 'All brokers are away for ten minutes; reading pauses at its bound and goes on afterwards',
    overrides: { ...pipeline, faults: {}, activeMs: 700_000, changesPerSecond: 5, reshardsPerSecond: 0.01 },
    minimum: { records: 500, faults: { 'all-brokers-down': 1 } },
    target: { faults: { 'all-brokers-down': 100 } },
    prepare: ({ surroundings: { kafka, time } }) => {
      time.after(30_000, () => kafka.state.brokers.forEach(({ nodeId }) => kafka.killBroker(nodeId)))
      time.after(630_000, () => kafka.state.brokers.forEach(({ nodeId }) => kafka.startBroker(nodeId)))
      return () => ({ 'all-brokers-down': 1 })
    },
  }),
  simulatedExperiment({
    id: 'E13',
    title: 'Leaders and coordinators move, metadata are stale, brokers answer that they are not the ones',
    overrides: { ...three, faults: { 'leader-move': 2, 'error-code': 0.5 } },
    minimum: { records: 30, faults: { 'leader-move': 20 } },
    target: { faults: { 'leader-move': 20_000 } },
  }),
  simulatedExperiment({
    id: 'E14-sim',
    title: 'Workers and brokers are cut off from each other, one, some or all of them',
    overrides: { ...three, faults: { 'network-cut': 0.3 }, activeMs: 40_000 },
    minimum: { records: 30, faults: { 'network-cut': 4 } },
    target: { faults: { 'network-cut': 5_000 } },
  }),
  simulatedExperiment({
    id: 'E15-sim',
    title: 'The answer to Produce is lost after the records were appended',
    overrides: { ...pipeline, faults: {} },
    minimum: { records: 30, faults: { 'lost-ack': 3 } },
    target: { faults: { 'lost-ack': 5_000 } },
    prepare: (world) =>
      strikeRequests(
        world,
        'lost-ack',
        (request) => request.action === 'Produce',
        () => ({
          response: world.surroundings.rng.next() < 0.5 ? 'reset' : 'lost',
        }),
      ),
  }),
  simulatedExperiment({
    id: 'E16-sim',
    title:
      'EndTxn arrives long after its sender gave up, or twice, in the middle of later transactions (transactions V2)',
    overrides: { ...pipeline, transactionVersion: 2, faults: {}, changesPerSecond: 40 },
    minimum: { records: 30, faults: { 'stray-end-transaction': 3 } },
    target: { faults: { 'stray-end-transaction': 5_000 } },
    prepare: (world) =>
      strikeRequests(
        world,
        'stray-end-transaction',
        ({ action }) => action === 'EndTxn',
        () => {
          const { rng, requestTimeoutMs } = world.surroundings
          const isLate = rng.next() < 0.5
          return isLate ? { requestMs: requestTimeoutMs * (1 + rng.next()) } : { copyMs: rng.next() ** 2 * 3_000 }
        },
      ),
  }),
  simulatedExperiment({
    id: 'E16-v1-sim',
    title: 'The same under transactions V1, where EndTxn is late but never sent twice',
    overrides: { ...pipeline, transactionVersion: 1, faults: {}, changesPerSecond: 40 },
    minimum: { records: 30, faults: { 'stray-end-transaction': 3 } },
    target: { faults: { 'stray-end-transaction': 5_000 } },
    prepare: (world) =>
      strikeRequests(
        world,
        'stray-end-transaction',
        ({ action }) => action === 'EndTxn',
        () => ({
          requestMs: world.surroundings.requestTimeoutMs * (1 + world.surroundings.rng.next()),
        }),
      ),
  }),
  simulatedExperiment({
    id: 'E17-sim',
    title: 'Every passing error code at every request, at random',
    overrides: { ...pipeline, faults: { 'error-code': 3 } },
    minimum: { records: 30, faults: { 'error-code': 20 } },
    target: { faults: { 'error-code': 20_000 } },
  }),
  simulatedExperiment({
    id: 'E21',
    title: 'The network is a hundred times slower for seconds at a time',
    overrides: { ...pipeline, faults: { 'slow-network': 0.3 } },
    minimum: { records: 30, faults: { 'slow-network': 3 } },
    target: { faults: { 'slow-network': 1_000 } },
  }),
  simulatedExperiment({
    id: 'E22',
    title: 'Producer epochs come to their end, and idle transactional ids are forgotten by the cluster',
    overrides: { ...pipeline, transactionVersion: 2, faults: { 'worker-kill': 0.1 } },
    minimum: { records: 30, faults: { 'epoch-near-end': 5 } },
    target: { faults: { 'epoch-near-end': 2_000 } },
    prepare: wearOutEpochs,
  }),
  simulatedExperiment({
    id: 'E23-sim',
    title: 'Workers die with an open transaction, again and again; readers wait for its time-out at most',
    overrides: { ...pipeline, workers: 3, faults: {}, activeMs: 40_000 },
    minimum: { records: 30, faults: { crash: 5 } },
    target: { faults: { crash: 5_000 } },
    prepare: ({ fleet, plan, surroundings: { time, rng } }) => {
      const arm = (): void => {
        time.after(1_000 + rng.next() * 2_000, () => {
          if (time.elapsedMs > plan.activeMs) return
          fleet.armCrashPoint('produce.progress.after', 1, rng.next() * 8_000)
          arm()
        })
      }
      arm()
      return undefined
    },
  }),
]

/** Strikes one matching request every second or so while the run is active. */
function strikeRequests(
  { surroundings: { link, time, rng }, plan }: World,
  kind: string,
  isVictim: (request: OutgoingRequest) => boolean,
  fate: () => Parameters<World['surroundings']['link']['add']>[0] extends (request: OutgoingRequest) => infer F
    ? F
    : never,
): () => Readonly<Record<string, number>> {
  let strikes = 0
  const keepStriking = (): void => {
    time.after(300 + rng.next() * 2_000, () => {
      if (time.elapsedMs > plan.activeMs) return
      const remove = link.add((request) => {
        if (!isVictim(request)) return undefined
        remove()
        strikes++
        return fate()
      })
      keepStriking()
    })
  }
  keepStriking()
  return () => ({ [kind]: strikes })
}

/** Now and then an id stands a few transactions before the end of its epochs, or is forgotten while it is idle. */
function wearOutEpochs({ surroundings: { kafka, time, rng }, plan }: World): () => Readonly<Record<string, number>> {
  let near = 0
  const again = (): void => {
    time.after(500 + rng.next() * 2_000, () => {
      if (time.elapsedMs > plan.activeMs) return
      const id = `tailrace.sim.${Math.floor(rng.next() * plan.lanes)}`
      if (rng.next() < 0.8) {
        kafka.transactions.setEpoch(id, 32_755 + Math.floor(rng.next() * 12))
        near++
      } else kafka.transactions.expire(id)
      again()
    })
  }
  again()
  return () => ({ 'epoch-near-end': near })
}
