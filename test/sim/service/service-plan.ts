import { seededRng } from '../../../src/async/rng.ts'
import { planWorld } from '../world/world-plan.ts'
import type { FaultKind, WorldPlan } from '../world/world-plan.ts'

/** What a seed decides of a service's world. */
export interface ServicePlan {
  /** Only what is not of tables and shards counts. */
  readonly world: WorldPlan
  readonly places: number
  readonly clients: number
}

/** Per virtual second. Rarer than a pipeline's: a service whose leader has died needs seconds for another one. */
const rates: Readonly<Partial<Record<FaultKind, number>>> = {
  'worker-kill': 0.06,
  'crash-point': 0.1,
  'worker-stop': 0.08,
  'worker-restart': 0.05,
  'wall-clock': 0.05,
  'broker-kill': 0.04,
  'leader-move': 0.15,
  'lost-response': 0.2,
  'lost-request': 0.1,
  'late-request': 0.2,
  'repeated-request': 0.3,
  'error-code': 0.3,
  'network-cut': 0.04,
  'slow-network': 0.04,
  'ledger-compaction': 0.3,
  'foreign-transaction': 0.05,
  'ledger-offline': 0.03,
}

/** The plan of a seed: each kind of fault is there with even chances, at its own rate. */
export function planService(seed: number, faults?: WorldPlan['faults']): ServicePlan {
  const rng = seededRng(seed ^ 0x5e71)
  const drawn: Partial<Record<FaultKind, number>> = {}
  for (const [kind, rate] of Object.entries(rates)) {
    const isOn = rng.next() < 0.5
    const drawnRate = rate * (0.3 + 1.4 * rng.next())
    if (isOn) drawn[kind as FaultKind] = drawnRate
  }
  return {
    world: planWorld(seed, { activeMs: 60_000, faults: faults ?? drawn }),
    places: 3 + Math.floor(rng.next() * 3),
    clients: 1 + Math.floor(rng.next() * 4),
  }
}
