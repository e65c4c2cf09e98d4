import type { Experiment } from '../experiment.ts'
import { brokerKills, brokerRestarts } from './rows/broker-kills.ts'
import { brokersAway } from './rows/brokers-away.ts'
import { crashPointKills } from './rows/crash-points.ts'
import { exhaustedWorkers } from './rows/exhausted-workers.ts'
import { frozenControl, frozenWorkers } from './rows/frozen-workers.ts'
import { functionColdStarts, functionFreezes } from './rows/function-freezes.ts'
import { functionKills } from './rows/function-kills.ts'
import { kinesisKills } from './rows/kinesis-kills.ts'
import { lateWorkers } from './rows/late-workers.ts'
import { rollingRestart, scaling } from './rows/moving-workers.ts'
import { secondKills } from './rows/second-kills.ts'
import { soak } from './rows/soak.ts'
import { stalledWorkers } from './rows/stalled-workers.ts'
import { stoppedAtLeastOnce, stoppedWorkers } from './rows/stopped-workers.ts'
import { workerKills, workerKillsAtLeastOnce, workerKillsControl } from './rows/worker-kills.ts'

/** The experiments on worker processes and a real broker, in the order of the catalogue. */
export const realExperiments: readonly Experiment[] = [
  workerKills,
  workerKillsAtLeastOnce,
  workerKillsControl,
  crashPointKills,
  secondKills,
  stoppedWorkers,
  stoppedAtLeastOnce,
  frozenWorkers,
  frozenControl,
  rollingRestart,
  scaling,
  exhaustedWorkers,
  brokerRestarts,
  brokerKills,
  brokersAway,
  soak,
  lateWorkers,
  stalledWorkers,
  kinesisKills,
  functionKills,
  functionFreezes,
  functionColdStarts,
]
