import { validateConnector } from '../../config/configdef/validate-connector.ts'
import { TailraceError } from '../../errors.ts'
import type { LogLevels } from '../../observe/log-levels.ts'
import type { ReportBoard } from '../../service/process-reports.ts'
import type { ConnectorEntry, ServiceLog, ServiceState } from '../../service/service-state.ts'
import type { Clock } from '../../async/clock.ts'
import { topicsOfLedger } from '../../lanes/topic-pins.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'
import { restartTable, setTableTarget } from '../ledger/table-control.ts'
import type { TableAnswer, TableWaiting } from '../ledger/table-control.ts'
import { tableStatesOf } from '../ledger/table-state.ts'
import type { ConnectorStatus, ConnectService, LoggerRequest, WorkerHealth } from '../server/rest/connect-service.ts'
import { connectorNamed, putEntry } from './connector-changes.ts'
import type { ConnectorConfigs } from './connector-configs.ts'
import type { ConnectorOffsets } from './connector-offsets.ts'
import type { ConnectorWriter } from './connector-writer.ts'
import { infoOf, statusOf, taskConfigsOf, tasksOf } from './connector-views.ts'
import type { TableStatuses } from './connector-views.ts'
import type { LedgerSights } from './ledger-sights.ts'
import { withWish } from './restart-wish.ts'
import { pluginList, pluginNamed } from './plugin-list.ts'
import { loggerLevels, loggerNamed, setLevel } from './service-loggers.ts'
import type { TellProcesses } from './tell-processes.ts'

/** What a service answers with. */
export interface ConnectServiceParts {
  readonly log: ServiceLog
  readonly board: ReportBoard
  readonly writer: ConnectorWriter
  readonly configs: ConnectorConfigs
  readonly sights: LedgerSights
  readonly offsets: ConnectorOffsets
  readonly levels: LogLevels
  /** For levels that hold in every process. */
  readonly tell: TellProcesses
  readonly clock: Clock
  readonly version: string
  /** `host:port` of this process. */
  readonly workerId: string
  readonly clusterId: (signal: AbortSignal) => Promise<string>
  /** Reports so old mean that this process hears nothing of the others. Milliseconds. */
  readonly processTimeoutMs: number
  readonly unique: () => string
}

/** A status waits no longer for a ledger. Milliseconds. */
const tablesMs = 2_000
/**
 * What was asked of a table is waited for so long in all, since clients give up after ten seconds; then it happens when it happens. Shorter than a process
 * waits that has handed the request on. Of these the ledger, which may be between two owners, has so long to take the request.
 */
const tableWaiting: TableWaiting = { waitMs: 8_000, asking: { ms: 5_000, late: ledgerSilent } }

/** The service behind the REST API: connectors from the log, states from the reports of all processes, tables from ledgers. */
export function createConnectService(parts: ConnectServiceParts): ConnectService {
  return {
    ...reading(parts),
    ...changing(parts),
    ...describing(parts),
  }
}

type Reading = 'serverInfo' | 'health' | 'connectors' | 'info' | 'status' | 'tasks' | 'topics' | 'offsets'

function reading(parts: ConnectServiceParts): Pick<ConnectService, Reading> {
  const { version, sights, offsets } = parts
  return {
    serverInfo: async (signal) => ({ version, commit: 'unknown', kafka_cluster_id: await parts.clusterId(signal) }),
    health: async () => healthOf(parts),
    connectors: async () => [...stateOf(parts).connectors.keys()].sort(),
    info: async (name) => infoOf(connectorNamed(stateOf(parts), name), parts.board.processes),
    status: (name, signal) => status(parts, name, signal),
    tasks: async (name) => taskConfigsOf(connectorNamed(stateOf(parts), name), parts.board.processes),
    topics: async (name, signal) => {
      const ledger = await sights.look(connectorNamed(stateOf(parts), name), signal)
      return ledger === undefined ? [] : topicsOf(ledger)
    },
    offsets: (name, signal) => offsets.read(connectorNamed(stateOf(parts), name), signal),
  }
}

/** Everything that was read of the log. SERVICE_CHANGING until it was read for the first time. */
function stateOf({ log }: Pick<ConnectServiceParts, 'log'>): ServiceState {
  if (log.state !== undefined) return log.state
  throw new TailraceError('SERVICE_CHANGING', 'Cannot complete request momentarily: the process is still starting')
}

function healthOf(parts: ConnectServiceParts): WorkerHealth {
  const { log, processTimeoutMs } = parts
  if (log.state === undefined) return { status: 'starting', message: 'Worker is still starting up.' }
  const { trouble } = log
  if (trouble !== undefined) return { status: 'unhealthy', message: `${trouble.message} (${trouble.code})` }
  const { ageMs } = parts.board
  if (Number.isFinite(ageMs) && ageMs > processTimeoutMs)
    return { status: 'unhealthy', message: 'Kafka has not told for a while what the other processes do.' }
  return { status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' }
}

async function status(parts: ConnectServiceParts, name: string, signal: AbortSignal): Promise<ConnectorStatus> {
  const entry = connectorNamed(stateOf(parts), name)
  const tables = await tablesOf(parts, entry, signal)
  // The connector as it is now: it may have been changed meanwhile.
  const now = stateOf(parts).connectors.get(name) ?? entry
  return statusOf(now, { processes: parts.board.processes, self: parts, tables })
}

/** Undefined if the ledger cannot be looked into in time: then the status tells of everything else. */
async function tablesOf(
  { sights, clock }: ConnectServiceParts,
  entry: ConnectorEntry,
  signal: AbortSignal,
): Promise<TableStatuses | undefined> {
  const scope = new AbortController()
  void clock.sleep(tablesMs, scope.signal).then(
    () => scope.abort(new Error('the ledger takes too long')),
    () => undefined,
  )
  try {
    const ledger = await sights.look(entry, AbortSignal.any([signal, scope.signal]))
    if (ledger === undefined) return { tables: [] }
    const { rows, moreSkipped } = tableStatesOf(ledger, clock.now())
    const tables = rows.map(({ table, arn, state, reason }) => ({
      table,
      ...(arn === null ? {} : { arn }),
      state,
      ...(reason === null ? {} : { reason }),
    }))
    return { tables, ...(moreSkipped === 0 ? {} : { more_skipped: moreSkipped }) }
  } catch {
    signal.throwIfAborted()
    return undefined
  } finally {
    scope.abort(new Error('the ledger was read'))
  }
}

/** The topics that records were sent to: those of the tables, and others where records were routed. */
function topicsOf(ledger: PipelineLedger): readonly string[] {
  const ofTables = ledger.tables.map(({ topic }) => topic).filter((topic) => topic !== '')
  return [...new Set([...ofTables, ...topicsOfLedger(ledger.lanes).map(({ topic }) => topic)])].sort()
}

type Changing = Exclude<keyof ConnectService, Reading | Describing>

function changing(parts: ConnectServiceParts): Pick<ConnectService, Changing> {
  const { log, writer, offsets } = parts
  const entryOf = (name: string): ConnectorEntry => connectorNamed(stateOf(parts), name)
  const wish = (name: string, onlyFailed: boolean, process: string | undefined, signal: AbortSignal): Promise<void> =>
    log.change((state) => {
      const entry = connectorNamed(state, name)
      const restart = { id: parts.unique(), onlyFailed, ...(process === undefined ? {} : { process }) }
      const living = new Set(parts.board.processes.map((one) => one.process))
      return { change: putEntry(withWish(entry, restart, living), entry), result: undefined }
    }, signal)
  return {
    create: async (name, { config, target }, signal) =>
      infoOf(await writer.create(name, { config, target }, signal), parts.board.processes),
    replaceConfig: async (name, config, signal) => {
      const { created, entry } = await writer.replace(name, config, signal)
      return { created, info: infoOf(entry, parts.board.processes) }
    },
    patchConfig: async (name, patch, signal) => infoOf(await writer.patch(name, patch, signal), parts.board.processes),
    remove: (name, signal) =>
      log.change((state) => {
        connectorNamed(state, name)
        return { change: { put: [], remove: [name] }, result: undefined }
      }, signal),
    setTarget: async (name, target, signal) => {
      if (target === 'RUNNING' && entryOf(name).target !== target) await writer.renew(name, signal)
      await log.change((state) => {
        const entry = connectorNamed(state, name)
        return { change: putEntry({ ...entry, target }, entry), result: undefined }
      }, signal)
    },
    restart: async (name, { onlyFailed }, signal) => {
      await writer.renew(name, signal)
      await wish(name, onlyFailed, undefined, signal)
      return status(parts, name, signal)
    },
    restartTask: async (name, task, signal) => {
      entryOf(name)
      const process = tasksOf(name, parts.board.processes)[task]?.process
      if (process === undefined) throw new TailraceError('TASK_UNKNOWN', `Unknown task: ${name}-${task}`)
      await wish(name, false, process, signal)
    },
    setTableTarget: async (name, table, target, signal) => {
      const request = { ...tableWaiting, table, target }
      requireDone(await parts.sights.access(entryOf(name), (access) => setTableTarget(access, request, signal), signal))
    },
    restartTable: async (name, table, signal) => {
      const request = { ...tableWaiting, table }
      requireDone(await parts.sights.access(entryOf(name), (access) => restartTable(access, request, signal), signal))
    },
    resetTopics: async (name) => {
      entryOf(name)
      throw new TailraceError('TOPICS_NOT_TRACKED', 'Topic tracking reset is disabled.')
    },
    alterOffsets: (name, changes, signal) => offsets.alter(entryOf(name), changes, signal),
    resetOffsets: (name, signal) => offsets.reset(entryOf(name), signal),
  }
}

function ledgerSilent(): TailraceError {
  const message =
    "Cannot complete request: the connector's ledger is not answered for at the moment. What was asked for may have happened, or may still happen"
  return new TailraceError('SERVICE_CHANGING', message)
}

function requireDone({ outcome, refusal, table }: TableAnswer): void {
  if (outcome === 'refused') throw new TailraceError('REQUEST_INVALID', `table ${table}: ${refusal ?? 'refused'}`)
}

type Describing = 'plugins' | 'pluginConfig' | 'validate' | 'loggers' | 'logger' | 'setLogger'

function describing({ configs, levels, tell, version }: ConnectServiceParts): Pick<ConnectService, Describing> {
  return {
    plugins: async () => pluginList(version),
    pluginConfig: async (plugin) => pluginNamed(plugin).definitions.map(({ key }) => key),
    validate: async (plugin, config) => validateConnector(pluginNamed(plugin), config, configs.surroundings),
    loggers: async () => loggerLevels(levels),
    logger: async (name) => loggerNamed(levels, name),
    setLogger: async (name, request, signal) => {
      // First here: what another process does not take must not keep this one from it.
      const changed = setLevel(levels, name, request)
      if (request.scope === 'cluster') await tellLevel(tell, name, request, signal)
      return changed
    },
  }
}

/** Every other process is told as if somebody had asked it; one that has not got the logger has nothing to change. */
async function tellLevel(
  tell: TellProcesses,
  name: string,
  { level }: LoggerRequest,
  signal: AbortSignal,
): Promise<void> {
  const path = `/admin/loggers/${encodeURIComponent(name)}?scope=worker`
  await tell(
    { method: 'PUT', path, body: JSON.stringify({ level }), isFine: (answer) => answer === 200 || answer === 404 },
    signal,
  )
}
