import { cloudEventsJudges } from './cloudevents-judge.ts'
import { connectJudges } from './connect-judges.ts'
import { flinkJudges } from './flink-judge.ts'
import { glueJudges } from './glue-judges.ts'
import { registryJudges } from './registry-judges.ts'
import type { Judge } from './judge.ts'

/** Those that need Node.js and Java alone. */
export const ownJudges: readonly Judge[] = [...connectJudges, ...flinkJudges, ...cloudEventsJudges, ...glueJudges]

/** All judges, in the order in which they are run; the last ones need Python 3 with venv and pip, as does moto for Glue. */
export const judges: readonly Judge[] = [...ownJudges, ...registryJudges]
