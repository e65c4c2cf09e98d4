import { nearestName } from '../../src/config/nearest-name.ts'
import type { Experiment } from './experiment.ts'
import { proxiedExperiments } from './proxied/proxied-experiments.ts'
import { realExperiments } from './real/real-experiments.ts'
import { RefusedStart } from './refused-start.ts'
import { askedSnapshotExperiment } from './simulated/asked-snapshots.ts'
import { backlogExperiment } from './simulated/backlog.ts'
import { exportExperiments } from './simulated/exports.ts'
import { kinesisExperiments } from './simulated/kinesis-streams.ts'
import { lambdaExperiments } from './simulated/lambda.ts'
import { longOutageExperiment } from './simulated/long-outage.ts'
import { regainExperiment } from './simulated/regaining.ts'
import { manyShardsExperiment } from './simulated/many-shards.ts'
import { kafkaFaultExperiments } from './simulated/kafka-faults.ts'
import { serviceKills } from './service/service-kills.ts'
import { overloadExperiment } from './simulated/overload.ts'
import { ownershipExperiments } from './simulated/ownership.ts'
import { snapshotExperiments } from './simulated/snapshots.ts'
import { streamFaultExperiments } from './simulated/stream-faults.ts'
import { tableLifeExperiments } from './simulated/table-life.ts'
import { mergedSnapshot } from './snapshots/merged-snapshot.ts'
import { valueExperiments } from './values/value-experiments.ts'

/** Every experiment that `npm run experiment` knows, in the order of the catalogue. Importing one starts nothing. */
export const experiments: readonly Experiment[] = [
  ...realExperiments,
  ...proxiedExperiments,
  ...ownershipExperiments,
  ...kafkaFaultExperiments,
  ...streamFaultExperiments,
  ...tableLifeExperiments,
  ...kinesisExperiments,
  ...lambdaExperiments,
  ...snapshotExperiments,
  ...exportExperiments,
  ...valueExperiments,
  askedSnapshotExperiment,
  mergedSnapshot,
  manyShardsExperiment,
  longOutageExperiment,
  regainExperiment,
  backlogExperiment,
  overloadExperiment,
  serviceKills,
].toSorted((a, b) => a.id.localeCompare(b.id))

/** The experiment of that id; the error for an unknown one names the nearest and lists them all. */
export function findExperiment(id: string, among: readonly Experiment[] = experiments): Experiment {
  const found = among.find((experiment) => experiment.id === id)
  if (found !== undefined) return found
  const nearest = nearestName(
    id,
    among.map((experiment) => experiment.id),
  )
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  throw new RefusedStart(`there is no experiment ${id}${hint}\n${listExperiments(among)}`)
}

/** One line for each experiment: id, tier, arm and title. */
export function listExperiments(among: readonly Experiment[] = experiments): string {
  if (among.length === 0) return 'No experiment is registered.'
  const width = Math.max(...among.map(({ id }) => id.length))
  return among.map(({ id, tier, arm, title }) => `  ${id.padEnd(width)}  ${tier} ${arm.padEnd(8)}  ${title}`).join('\n')
}
