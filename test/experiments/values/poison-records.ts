import { poisonOne } from '../../sim/world/poison.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment } from '../experiment.ts'
import { startStopRounds } from './stop-rounds.ts'
import type { Obstacle } from './stop-rounds.ts'
import { worldWithVerdicts } from './world-with-verdicts.ts'

/** A record that no version of the pipeline can deliver stops its table there, and nothing else. */
export const poisonExperiment: Experiment = worldWithVerdicts({
  id: 'E48',
  title: 'A record of the stream cannot be decoded: its table stops there by name until the record is mended',
  overrides: {
    delivery: 'exactly_once',
    workers: 2,
    lanes: 3,
    tables: 2,
    changesPerSecond: 20,
    reshardsPerSecond: 0.1,
    // Smaller pages can be so slow after a restart that neighbours are late without any fault.
    pageRecords: 20,
    activeMs: 90_000,
    faults: {},
  },
  minimum: { records: 200, faults: { 'poison-record': 3 } },
  target: { faults: { 'poison-record': 2_000 } },
  intervene: (world) => {
    const rounds = startStopRounds(world, () => poisonTable(world))
    const total = (): number => Object.values(rounds.obstacles).reduce((sum, count) => sum + count, 0)
    return { faults: () => ({ ...rounds.obstacles, 'poison-record': total() }), judge: (shown) => rounds.judge(shown) }
  },
})

/** The same as an obstacle of a round. */
function poisonTable(world: World): Obstacle | undefined {
  const { rng } = world.surroundings
  const poisoned = poisonOne(world, rng)
  if (poisoned === undefined) return undefined
  return { ...poisoned, code: 'RECORD_UNREADABLE', restarts: rng.next() < 0.5 ? 'all' : 'coordinator' }
}
