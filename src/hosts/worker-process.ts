import { createByteBudget } from '../async/byte-budget.ts'
import type { ByteBudget } from '../async/byte-budget.ts'
import { systemClock } from '../async/system-clock.ts'
import { systemRng } from '../async/system-rng.ts'
import type { CredentialsLoader } from '../aws/credentials.ts'
import type { HostPort } from '../config/network-address.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { TailraceError } from '../errors.ts'
import { createWireKafka } from '../kafka/wire-kafka.ts'
import { createWireGroupMembership } from '../kafka/wire-group-membership.ts'
import { asError } from '../observe/logger.ts'
import type { Logger } from '../observe/logger.ts'
import { createPrometheusMetrics } from '../observe/prometheus-metrics.ts'
import type { PrometheusMetrics } from '../observe/prometheus-metrics.ts'
import type { PipelineEventSink } from '../pipeline/pipeline-event.ts'
import type { SourceEvent } from '../sources/source-event.ts'
import { runPipeline } from './assemble.ts'
import type { WorkerPorts } from './assemble.ts'
import { openClaimCheckStore } from './claim-checks-of.ts'
import { kafkaConnectionOf } from './kafka-connection-of.ts'
import { createEventLog } from './server/event-log.ts'
import { readinessOf } from './server/health-check.ts'
import { startLagWatch } from './server/lag-watch.ts'
import type { LagWatch } from './server/lag-watch.ts'
import type { MonitoringSources } from './server/monitoring-answers.ts'
import { startMonitoringServer } from './server/monitoring-server.ts'
import type { MonitoringServer } from './server/monitoring-server.ts'
import { createPipelineMonitor } from './server/pipeline-monitor.ts'
import type { PipelineMonitor } from './server/pipeline-monitor.ts'
import type { ProgressBoard } from './server/progress-board.ts'
import { openExports } from './exports-of.ts'
import { snapshotFacts, snapshotLine } from './server/snapshot-line.ts'
import { createSnapshotReport } from './server/snapshot-report.ts'
import { createSignalFile } from './signal-file.ts'
import { logRegistryWaits, openRegistry } from './open-registry.ts'
import { createItemReader } from '../sources/table-items/item-reader.ts'
import { openSource } from './source-of.ts'
import type { OwnedSource, SourceParts } from './source-parts.ts'

/** How often a running snapshot is told of in the log. */
const logEveryMs = 30_000

/** What a worker process needs besides its configuration. */
export interface WorkerProcessOptions {
  readonly config: PipelineConfig
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  /** Where AWS credentials come from; default: the provider chain of the AWS SDK. */
  readonly credentials?: CredentialsLoader
  /** Hears every event, too; for the demo's display. */
  readonly onEvent?: PipelineEventSink
  /** Told once, before the work begins. */
  readonly onStarted?: (worker: { readonly board: ProgressBoard; readonly monitoringUrl: string | undefined }) => void
}

/**
 * One worker on real time, real sockets and real credentials, with its log, metrics and health endpoints. Resolves when
 * `signal` aborts and everything is handed over; rejects when this process must not go on.
 */
export async function runWorkerProcess(options: WorkerProcessOptions, signal: AbortSignal): Promise<void> {
  const { config, logger } = options
  const clock = systemClock
  const rng = systemRng
  const metrics = createPrometheusMetrics({ hasProcessMetrics: true })
  const budget = createByteBudget(config.memoryMaxBytes)
  using monitor = monitorOf(options, { metrics, budget })
  const sinks: readonly PipelineEventSink[] = [
    createEventLog(logger),
    monitor.onEvent,
    createSnapshotReport(clock, logEveryMs, (report) => logger.info(snapshotLine(report), snapshotFacts(report))),
    ...(options.onEvent === undefined ? [] : [options.onEvent]),
  ]
  for (const note of config.notes) logger.warn(note)
  await using lag = startLagWatch(clock)
  await using monitoring =
    config.http === undefined ? undefined : await openMonitoring(config.http, logger, { metrics, monitor, lag })
  const connection = kafkaConnectionOf(config.kafka, clock)
  await using kafka = createWireKafka({ connection, clock, rng, compression: config.kafka.compression })
  await using membership = createWireGroupMembership({
    connection,
    clock,
    rng,
    group: config.groupId,
    topic: config.ledger.topic,
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    heartbeatMs: config.kafka.heartbeatMs,
    onProblem: (error) => logger.warn('the consumer group did not answer as hoped', { error: asError(error) }),
  })
  const parts = sourcePartsOf(options, monitor)
  await using owned = openSource(config.source, parts)
  await using loading = await openExports(config, owned, parts)
  await using claimChecks = await openClaimCheckStore(config, owned, parts)
  const access = { ...parts, credentials: owned.credentials }
  await using registry = openRegistry(config, { ...access, onWait: logRegistryWaits(logger) })
  options.onStarted?.({ board: monitor.board, monitoringUrl: monitoring?.url })
  const onEvent: PipelineEventSink = (event) => sinks.forEach((sink) => sink(event))
  const { file } = config.signals
  await runPipeline(
    config,
    {
      kafka,
      membership,
      ...sourcePorts(owned),
      registry,
      ...(loading === undefined ? {} : { exports: loading.exports }),
      ...(claimChecks === undefined ? {} : { claimChecks }),
      items: createItemReader({ ...parts, api: owned.api }),
      onOutput: (text) => logger.info('a transform prints', { text: text.trimEnd() }),
      clock,
      rng,
      onEvent,
      budget,
      signalFile: file === undefined ? undefined : createSignalFile(file, { clock, rng }),
    },
    options.version,
    signal,
  )
}

function sourcePorts({
  source,
  describeKeys,
  replication,
}: OwnedSource): Pick<WorkerPorts, 'source' | 'describeKeys' | 'replication'> {
  return { source, describeKeys, replication }
}

/** What is shown of a process that runs one pipeline. */
function monitorOf(
  { config, version }: WorkerProcessOptions,
  { metrics, budget }: { readonly metrics: PrometheusMetrics; readonly budget: ByteBudget },
): PipelineMonitor {
  metrics.set('tailrace_build_info', { version }, 1)
  metrics.set('kafka_connect_connect_worker_metrics_connector_count', {}, 1)
  metrics.set('kafka_connect_connect_worker_metrics_task_count', {}, 1)
  const monitor = createPipelineMonitor({
    metrics,
    pipeline: config.pipeline,
    logicalName: config.topic.prefix,
    budget,
    budgetBytes: config.memoryMaxBytes,
    isPerShard: config.hasShardMetrics,
    clock: systemClock,
  })
  monitor.setState('running')
  return monitor
}

function openMonitoring(
  address: HostPort,
  logger: Logger,
  {
    metrics,
    monitor,
    lag,
  }: { readonly metrics: PrometheusMetrics; readonly monitor: PipelineMonitor; readonly lag: LagWatch },
): ReturnType<typeof startMonitoring> {
  return startMonitoring(address, logger, {
    metrics: async () => ({ contentType: metrics.contentType, body: await metrics.expose() }),
    readiness: () => readinessOf(monitor.checks()),
    lagMs: () => lag.lagMs,
  })
}

/** The source tells the log and the metrics what it meets. */
function sourcePartsOf(
  { config, env, logger, credentials }: WorkerProcessOptions,
  monitor: PipelineMonitor,
): SourceParts {
  return {
    clock: systemClock,
    rng: systemRng,
    env,
    ...(credentials === undefined ? {} : { credentials }),
    pollIdleMaxMs: config.pollIdleMaxMs,
    onRequest: monitor.onRequest,
    onEvent: (event) => {
      logSourceEvent(logger, event)
      monitor.onSourceEvent(event)
    },
  }
}

/** A second worker on one machine meets the first one's port: it takes a free one, and says so. */
async function startMonitoring(
  address: { readonly host: string; readonly port: number },
  logger: Logger,
  sources: MonitoringSources,
): Promise<MonitoringServer> {
  const start = async (): Promise<MonitoringServer> => {
    try {
      return await startMonitoringServer(address, sources)
    } catch (error) {
      if (!isTaken(error)) {
        const where = `${address.host}:${address.port}`
        throw new TailraceError('LISTEN_FAILED', `http.listen: ${where} cannot be used`, { cause: error })
      }
      logger.warn(`port ${address.port} is taken; metrics and health are served on a free one`)
      return await startMonitoringServer({ ...address, port: 0 }, sources)
    }
  }
  const server = await start()
  logger.info('metrics and health are served', { url: server.url })
  return server
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

function logSourceEvent(logger: Logger, event: SourceEvent): void {
  const { kind, ...facts } = event
  if (kind === 'retried') logger.warn(`${event.action} is repeated: ${event.message}`, { ...facts })
  else if (kind === 'throttled' || kind === 'changes-repaired') logger.debug(kind, { ...facts })
  else logger.info(kind, { ...facts })
}
