import { cloudEventsJudges } from './cloudevents-judge.ts'
import { connectJudges } from './connect-judges.ts'
import { flinkJudges } from './flink-judge.ts'
import { registryJudges } from './registry-judges.ts'
import type { Judge } from './judge.ts'

/** All judges, in the order in which they are run. */
export const judges: readonly Judge[] = [...connectJudges, ...flinkJudges, ...cloudEventsJudges, ...registryJudges]
