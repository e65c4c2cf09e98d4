import type { Experiment } from '../experiment.ts'
import { simulatedExperiment } from './simulated-experiment.ts'
import type { SimulatedExperiment } from './simulated-experiment.ts'

/** Four workers, so that there is always somebody who takes over. */
const crowd = {
  delivery: 'exactly_once',
  workers: 5,
  lanes: 5,
  changesPerSecond: 20,
  activeMs: 40_000,
  pageRecords: 20,
} as const
const killing: Pick<SimulatedExperiment, 'minimum' | 'target'> = {
  minimum: { records: 100, faults: { crash: 10 } },
  target: { faults: { crash: 100_000 } },
}

/** Rows A of the table, in simulated time. */
export const ownershipExperiments: readonly Experiment[] = [
  simulatedExperiment({
    ...killing,
    id: 'E01-sim',
    title: 'Workers are killed at random moments, about once a second, and started again',
    overrides: { ...crowd, faults: { 'worker-kill': 0.9 }, reshardsPerSecond: 0.2 },
  }),
  simulatedExperiment({
    ...killing,
    id: 'E01-alo-sim',
    title: 'The same without transactions: nothing lost or reordered, repetitions only as replays',
    overrides: { ...crowd, delivery: 'at_least_once', faults: { 'worker-kill': 0.9 }, reshardsPerSecond: 0.2 },
    target: { faults: { crash: 10_000 } },
  }),
  simulatedExperiment({
    ...killing,
    id: 'E02-sim',
    title: 'Workers die at named points, in front of and behind each durable step',
    overrides: { ...crowd, faults: { 'crash-point': 3, 'worker-restart': 0.1 }, reshardsPerSecond: 0.4 },
    target: { faults: { crash: 10_000 } },
  }),
  simulatedExperiment({
    ...killing,
    id: 'E02-alo-sim',
    title: 'The same without transactions',
    overrides: { ...crowd, delivery: 'at_least_once', faults: { 'crash-point': 3 }, reshardsPerSecond: 0.4 },
    target: { faults: { crash: 10_000 } },
  }),
  simulatedExperiment({
    ...killing,
    id: 'E03-sim',
    title: 'A second worker dies within two seconds of the first one’s death, in the middle of the recovery',
    overrides: { ...crowd, faults: { 'worker-kill': 0.4 } },
    minimum: { records: 30, faults: { crash: 4, 'second-kill': 2 } },
    target: { faults: { 'second-kill': 1_000 } },
    prepare: ({ fleet, surroundings }) => {
      let known = 0
      let seconds = 0
      const look = (): void => {
        surroundings.time.after(100, () => {
          const { kills } = fleet.crashes
          // Only a first death is followed by a second one, or nobody would ever live.
          if (kills > known && surroundings.time.elapsedMs < crowd.activeMs) {
            seconds++
            surroundings.time.after(surroundings.rng.next() * 2_000, () => {
              fleet.kill(Math.floor(surroundings.rng.next() * fleet.places), 200)
              known = fleet.crashes.kills
            })
          }
          known = kills
          look()
        })
      }
      look()
      return () => ({ 'second-kill': seconds })
    },
  }),
  simulatedExperiment({
    id: 'E05-sim',
    title:
      'Workers are stopped (SIGSTOP) for up to three session time-outs while others take over, and wake up as zombies',
    overrides: { ...crowd, faults: { 'worker-stop': 0.5 }, activeMs: 40_000 },
    minimum: { records: 30, faults: { 'worker-stop': 8 } },
    target: { faults: { 'worker-stop': 20_000 } },
  }),
  simulatedExperiment({
    id: 'E06',
    title: 'Wall clocks jump by up to an hour, on any worker, while workers come and go',
    overrides: { ...crowd, faults: { 'wall-clock': 1, 'worker-restart': 0.2, 'worker-kill': 0.2 } },
    minimum: { records: 30, faults: { 'wall-clock': 10 } },
    target: { faults: { 'wall-clock': 3_000 } },
  }),
  simulatedExperiment({
    id: 'E08-sim',
    title: 'The number of workers changes every two seconds, between one and five',
    overrides: { ...crowd, lanes: 5, faults: { scale: 0.5, 'worker-restart': 0.3 } },
    minimum: { records: 30, faults: { scale: 5 } },
    target: { faults: { scale: 5_000 } },
  }),
  simulatedExperiment({
    id: 'E10',
    title: 'Ledger partitions are offline, compacted at any moment, and hold open transactions of strangers',
    overrides: {
      ...crowd,
      faults: { 'ledger-offline': 0.2, 'ledger-compaction': 1, 'foreign-transaction': 0.4, 'worker-kill': 0.3 },
    },
    minimum: { records: 30, faults: { 'ledger-compaction': 10, 'foreign-transaction': 3 } },
    target: { faults: { 'ledger-offline': 500, 'foreign-transaction': 500 } },
  }),
]
