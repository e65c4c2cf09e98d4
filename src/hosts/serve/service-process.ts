import { randomUUID } from 'node:crypto'
import { createSharedBudget } from '../../async/shared-budget.ts'
import { systemClock } from '../../async/system-clock.ts'
import { systemRng } from '../../async/system-rng.ts'
import type { ServiceConfig } from '../../config/service/service-config.ts'
import { TailraceError } from '../../errors.ts'
import { createWireGroupMembership } from '../../kafka/wire-group-membership.ts'
import { createWireKafka } from '../../kafka/wire-kafka.ts'
import { createTransactionSessions } from '../../kafka/transaction-sessions.ts'
import { asError } from '../../observe/logger.ts'
import { createPrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { PipelineRuns } from '../../service/pipeline-runs.ts'
import { knownFailure } from '../../service/known-failure.ts'
import type { ProcessReport, ReportBoard } from '../../service/process-reports.ts'
import { openReportBoard } from '../../service/report-board.ts'
import { createPipelineRuns } from '../../service/run-pipelines.ts'
import { openServiceLog } from '../../service/service-log.ts'
import type { ConnectorEntry, ServiceLog } from '../../service/service-state.ts'
import { kafkaConnectionOf } from '../kafka-connection-of.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'
import { startLagWatch } from '../server/lag-watch.ts'
import { createConnectorConfigs } from './connector-configs.ts'
import { lookAtPaused } from './paused-ledger.ts'
import { createPipelineMonitors } from './pipeline-monitors.ts'
import type { PipelineMonitors } from './pipeline-monitors.ts'
import { createPipelineClusters } from './pipeline-clusters.ts'
import { createRunConnector } from './run-connector.ts'
import { connectorLogger } from './service-loggers.ts'
import type { ServiceProcess, ServiceProcessOptions } from './process-parts.ts'
import { serveApi } from './serve-api.ts'
import { createTakenTopics } from './taken-topics.ts'

/**
 * One process of a service, on real time and real sockets: follows what the service is to run, runs it, and answers requests. Resolves
 * when `signal` aborts and every pipeline is handed over; rejects when it must not begin (LISTEN_FAILED, LISTEN_UNPROTECTED, ACCESS_INVALID, and what
 * `ServiceLog.run` rejects with).
 */
export async function runServiceProcess(options: ServiceProcessOptions, signal: AbortSignal): Promise<void> {
  const { config, levels } = options
  const logger = levels.logger('tailrace')
  for (const note of config.notes) logger.warn(note)
  const connection = kafkaConnectionOf(config.kafka, systemClock)
  await using kafka = createWireKafka({
    connection,
    clock: systemClock,
    rng: systemRng,
    compression: config.kafka.compression,
  })
  const clusters = createPipelineClusters({
    policy: config.policy,
    shared: kafka,
    clock: systemClock,
    rng: systemRng,
  })
  const metrics = createPrometheusMetrics({ hasProcessMetrics: true })
  metrics.set('tailrace_build_info', { version: options.version }, 1)
  const id = randomUUID()
  const log = openLog(options, { kafka, id, logger })
  const { policy } = config
  const { env, redactor, credentials } = options
  const access = credentials === undefined ? {} : { credentials }
  const configs = createConnectorConfigs({ policy, env, redactor, clock: systemClock, rng: systemRng, ...access })
  using monitors = monitorsOf({ log, configs, clusters, metrics })
  const isTakenFor = createTakenTopics({ log, configs, policy })
  const process: ServiceProcess = { options, logger, id, kafka, log, configs, clusters, metrics, monitors, isTakenFor }
  await using lag = startLagWatch(systemClock)
  // The board tells others where this process is reached, which is known when it listens.
  await using api = await serveApi(process, lag)
  const board = openReportBoard({
    kafka,
    sessions: sessionsOf(kafka, config, 'at_least_once'),
    clock: systemClock,
    rng: systemRng,
    group: config.group,
    topic: { ...config.statusTopic, mayCreate: true },
    self: { process: id, url: api.address.url, workerId: api.address.workerId, version: options.version },
    processTimeoutMs: config.processTimeoutMs,
    onProblem: (error) => logger.warn('the reports of the service cannot be kept up with', { error: asError(error) }),
  })
  api.begin(board)
  logger.info('the REST API is served', { urls: api.urls, process: id })
  await using runs = runsOf(process)
  connect(process, { board, runs })
  await runUntil(process, { board, runs, onReady: () => options.onReady?.({ ...api.address, urls: api.urls }) }, signal)
}

function sessionsOf(
  kafka: KafkaApi,
  { kafka: { transactionTimeoutMs } }: ServiceConfig,
  delivery: 'exactly_once' | 'at_least_once',
): ReturnType<typeof createTransactionSessions> {
  return createTransactionSessions({ kafka, clock: systemClock, rng: systemRng, delivery, transactionTimeoutMs })
}

function openLog(
  { config }: ServiceProcessOptions,
  { kafka, id, logger }: Pick<ServiceProcess, 'kafka' | 'id' | 'logger'>,
): ServiceLog {
  const onProblem = (error: unknown): void =>
    logger.warn('the log of the service cannot be kept up with', { error: asError(error) })
  const membership = createWireGroupMembership({
    connection: kafkaConnectionOf(config.kafka, systemClock),
    clock: systemClock,
    rng: systemRng,
    // Not Connect's own group: its members speak another protocol.
    group: `tailrace.service.${config.group}`,
    topic: config.configTopic.name,
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    heartbeatMs: config.kafka.heartbeatMs,
    onProblem,
  })
  return openServiceLog({
    kafka,
    membership,
    sessions: sessionsOf(kafka, config, 'exactly_once'),
    clock: systemClock,
    rng: systemRng,
    group: config.group,
    topic: { ...config.configTopic, mayCreate: true },
    reportsTopic: config.statusTopic.name,
    process: id,
    onProblem,
  })
}

function runsOf({ options, id, log, configs, clusters, monitors, logger, isTakenFor }: ServiceProcess): PipelineRuns {
  const { config, levels, env, credentials, version, redactor } = options
  return createPipelineRuns({
    process: id,
    clock: systemClock,
    rng: systemRng,
    run: createRunConnector({
      configs,
      monitors,
      budget: createSharedBudget(config.memoryMaxBytes),
      levels,
      hasLedger: (pipeline, signal) => clusters.hasLedger(pipeline, signal),
      isTakenFor,
      targetOf: (name) => log.state?.connectors.get(name)?.target,
      clock: systemClock,
      rng: systemRng,
      env,
      credentials,
      version,
    }),
    hasSameMeaning: (a, b) => configs.hasSameMeaning(a, b),
    hide: (text) => redactor.redact(text),
    onFailure: (name, error, retryInMs) => {
      const { code, message } = knownFailure(error)
      monitors.failed(name, new TailraceError(code, redactor.redact(message)))
      logger.error(`connector ${name} has failed`, {
        error: asError(error),
        ...(retryInMs === undefined ? {} : { retryInMs }),
      })
    },
  })
}

function monitorsOf({
  log,
  configs,
  clusters,
  metrics,
}: Pick<ServiceProcess, 'log' | 'configs' | 'clusters' | 'metrics'>): PipelineMonitors {
  const entryOf = (name: string): ConnectorEntry | undefined => log.state?.connectors.get(name)
  return createPipelineMonitors({
    metrics,
    clock: systemClock,
    outlineOf: (name) => {
      const entry = entryOf(name)
      return entry === undefined ? undefined : configs.outline(entry)?.config
    },
    lookAtPaused: (name, signal) => {
      const read = async (): Promise<PipelineLedger | undefined> => {
        const entry = entryOf(name)
        return entry === undefined ? undefined : clusters.ledgerOf(await configs.load(entry, signal), signal)
      }
      return lookAtPaused({ clock: systemClock, rng: systemRng }, read, signal)
    },
  })
}

/** What changes in one place is told to the others. */
function connect(
  { id, log, monitors, options: { levels } }: ServiceProcess,
  { board, runs }: { readonly board: ReportBoard; readonly runs: PipelineRuns },
): void {
  let loggers: ReadonlySet<string> = new Set()
  const tell = (): void => board.report(new Map(runs.reports), log.leader.kind === 'self')
  log.onChange(() => {
    const connectors = log.state?.connectors
    if (connectors === undefined) return
    for (const name of loggers) if (!connectors.has(name)) levels.forget(connectorLogger(name))
    for (const name of connectors.keys()) levels.logger(connectorLogger(name))
    loggers = new Set(connectors.keys())
    runs.want(connectors.values())
    tell()
  })
  const show = (): void => monitors.show(runs.reports, runningElsewhere(id, board.processes))
  board.onChange(show)
  runs.onChange(() => {
    show()
    tell()
  })
}

function runningElsewhere(self: string, processes: readonly ProcessReport[]): ReadonlySet<string> {
  const others = processes.filter(({ process }) => process !== self).flatMap(({ runs }) => [...runs])
  return new Set(others.flatMap(([name, { state }]) => (state === 'RUNNING' ? [name] : [])))
}

interface Running {
  readonly board: ReportBoard
  readonly runs: PipelineRuns
  readonly onReady: () => void
}

/** Lanes are handed over before the process says good-bye; who leads lets go of that at once. */
async function runUntil(
  { log, logger }: ServiceProcess,
  { board, runs, onReady }: Running,
  signal: AbortSignal,
): Promise<void> {
  const failing = new AbortController()
  const [stop, last] = [AbortSignal.any([signal, failing.signal]), new AbortController()]
  const following = log.run(stop)
  const reporting = board.run(last.signal)
  const end = log.onChange(() => {
    if (log.state === undefined) return
    end()
    logger.info('the service is ready', { connectors: log.state.connectors.size })
    onReady()
  })
  let failure: unknown
  try {
    await Promise.race([untilOver(stop), following, reporting])
    if (!signal.aborted) throw new TailraceError('INTERNAL', 'the service has ended by itself')
  } catch (error) {
    if (!signal.aborted) failure = error
  }
  failing.abort(new Error('the process stops'))
  await Promise.allSettled([runs[Symbol.asyncDispose](), following])
  last.abort(new Error('the process stops'))
  await Promise.allSettled([reporting])
  if (failure !== undefined) throw failure
}

function untilOver(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
