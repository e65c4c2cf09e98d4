import type { ProcessReport, RunReport } from '../../service/process-reports.ts'
import type { ConnectorEntry } from '../../service/service-state.ts'
import type {
  ConnectorInfo,
  ConnectorStatus,
  RunState,
  StateReport,
  TaskConfig,
} from '../server/rest/connect-service.ts'

/** One process that has to do with a connector. */
export interface ConnectorProcess {
  readonly process: string
  readonly workerId: string
  readonly version: string
  readonly report: RunReport
}

/**
 * The processes that are tasks of a connector, in the order of their numbers: those that run it, have it paused or have failed to run it. A process
 * that has stopped it is none.
 */
export function tasksOf(name: string, processes: readonly ProcessReport[]): readonly ConnectorProcess[] {
  return processes.flatMap(({ process, workerId, version, runs }) => {
    const report = runs.get(name)
    return report === undefined || report.state === 'STOPPED' ? [] : [{ process, workerId, version, report }]
  })
}

/** A connector as Connect's `info`. */
export function infoOf({ name, config }: ConnectorEntry, processes: readonly ProcessReport[]): ConnectorInfo {
  const tasks = tasksOf(name, processes).map((_, task) => ({ connector: name, task }))
  return { name, config: new Map(Object.entries(config)), tasks, type: 'source' }
}

/** What its tasks run with: every task the whole configuration. */
export function taskConfigsOf(entry: ConnectorEntry, processes: readonly ProcessReport[]): readonly TaskConfig[] {
  const { tasks, config } = infoOf(entry, processes)
  return tasks.map((id) => ({ id, config }))
}

/** What a status is made of. */
export interface StatusSources {
  readonly processes: readonly ProcessReport[]
  /** The process that answers: for a connector that nobody runs. */
  readonly self: { readonly workerId: string; readonly version: string }
  /** Undefined where the ledger could not be looked into. */
  readonly tables: TableStatuses | undefined
}

/** What a status says of tables. */
export type TableStatuses = Required<Pick<ConnectorStatus, 'tables'>> & Pick<ConnectorStatus, 'more_skipped'>

/** A connector's state as all processes report it. */
export function statusOf(entry: ConnectorEntry, { processes, self, tables }: StatusSources): ConnectorStatus {
  const runs = tasksOf(entry.name, processes)
  return {
    name: entry.name,
    connector: connectorState(entry, runs, self),
    tasks: runs.map((run, id) => ({ id, ...taskState(entry, run) })),
    type: 'source',
    ...tables,
  }
}

/** The best of all processes decides: what runs somewhere runs. Only what fails everywhere has failed. */
const ranks: readonly RunState[] = ['RUNNING', 'RESTARTING', 'FAILED', 'PAUSED', 'UNASSIGNED', 'STOPPED']

function connectorState(
  entry: ConnectorEntry,
  runs: readonly ConnectorProcess[],
  { workerId, version }: StatusSources['self'],
): StateReport {
  const [best] = runs
    .map((run) => taskState(entry, run))
    .toSorted((a, b) => ranks.indexOf(a.state) - ranks.indexOf(b.state))
  if (best !== undefined) return best
  return { state: entry.target === 'RUNNING' ? 'UNASSIGNED' : entry.target, worker_id: workerId, version }
}

/** Who has not yet heard that the connector is to run does not run it. */
function taskState({ target }: ConnectorEntry, { workerId, version, report }: ConnectorProcess): StateReport {
  const isLate = target === 'RUNNING' && report.state === 'PAUSED'
  return {
    state: isLate ? 'UNASSIGNED' : report.state,
    worker_id: workerId,
    version,
    ...(report.trace === undefined ? {} : { trace: report.trace }),
  }
}
