import { createByteBudget } from '../async/byte-budget.ts'
import { systemClock } from '../async/system-clock.ts'
import type { CredentialsLoader } from '../aws/credentials.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { TailraceError } from '../errors.ts'
import type { Logger } from '../observe/logger.ts'
import { createPrometheusMetrics } from '../observe/prometheus-metrics.ts'
import type { PipelineEventSink } from '../pipeline/pipeline-event.ts'
import { runOnePipeline } from './one-pipeline.ts'
import { readinessOf } from './server/health-check.ts'
import { startLagWatch } from './server/lag-watch.ts'
import type { MonitoringSources } from './server/monitoring-answers.ts'
import { startMonitoringServer } from './server/monitoring-server.ts'
import type { MonitoringServer } from './server/monitoring-server.ts'
import { createPipelineMonitor } from './server/pipeline-monitor.ts'
import type { ProgressBoard } from './server/progress-board.ts'

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
 * A process that runs one pipeline, with its log, metrics and health endpoints. Resolves when `signal` aborts and everything is
 * handed over; rejects when this process must not go on.
 */
export async function runWorkerProcess(options: WorkerProcessOptions, signal: AbortSignal): Promise<void> {
  const { config, logger, version, env, credentials, onEvent } = options
  const metrics = createPrometheusMetrics({ hasProcessMetrics: true })
  const budget = createByteBudget(config.memoryMaxBytes)
  using monitor = createPipelineMonitor({
    metrics,
    pipeline: config.pipeline,
    logicalName: config.topic.prefix,
    budget,
    budgetBytes: config.memoryMaxBytes,
    isPerShard: config.hasShardMetrics,
    clock: systemClock,
  })
  metrics.set('tailrace_build_info', { version }, 1)
  metrics.set('kafka_connect_connect_worker_metrics_connector_count', {}, 1)
  metrics.set('kafka_connect_connect_worker_metrics_task_count', {}, 1)
  monitor.setState('running')
  await using lag = startLagWatch(systemClock)
  await using monitoring =
    config.http === undefined
      ? undefined
      : await startMonitoring(config.http, logger, {
          metrics: async () => ({ contentType: metrics.contentType, body: await metrics.expose() }),
          readiness: () => readinessOf(monitor.checks()),
          lagMs: () => lag.lagMs,
        })
  const onStarted = (): void => options.onStarted?.({ board: monitor.board, monitoringUrl: monitoring?.url })
  await runOnePipeline({ config, version, env, logger, budget, monitor, credentials, onEvent, onStarted }, signal)
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
