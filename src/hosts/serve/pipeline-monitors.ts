import type { ByteBudget } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { PrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import type { RunReport } from '../../service/process-reports.ts'
import type { PipelineState } from '../server/connect-feed.ts'
import type { HealthCheck } from '../server/health-check.ts'
import { createPipelineMonitor } from '../server/pipeline-monitor.ts'
import type { PipelineMonitor } from '../server/pipeline-monitor.ts'

/** The monitors of all pipelines of a process. One stays while its pipeline is paused, stopped or failed: what is unread goes on ageing. */
export interface PipelineMonitors extends Disposable {
  /** A new one for a run that begins; the one of the run before ends. */
  begin(name: string, config: PipelineConfig, budget: Pick<ByteBudget, 'inFlightBytes'>): PipelineMonitor
  /** Tells each what its pipeline does, and ends those of connectors that are gone. */
  show(reports: ReadonlyMap<string, Pick<RunReport, 'state'>>): void
  /** By connector. */
  checks(): Readonly<Record<string, readonly HealthCheck[]>>
}

/** Makes them on the metrics of the process. */
export function createPipelineMonitors(metrics: PrometheusMetrics, clock: Clock): PipelineMonitors {
  const monitors = new Map<string, PipelineMonitor>()
  const count = (): void => {
    metrics.set('kafka_connect_connect_worker_metrics_connector_count', {}, monitors.size)
    metrics.set('kafka_connect_connect_worker_metrics_task_count', {}, monitors.size)
  }
  const end = (name: string): void => {
    monitors.get(name)?.[Symbol.dispose]()
    monitors.delete(name)
  }
  count()
  return {
    begin: (name, config, budget) => {
      end(name)
      const monitor = createPipelineMonitor({
        metrics,
        pipeline: config.pipeline,
        logicalName: config.topic.prefix,
        budget,
        budgetBytes: config.memoryMaxBytes,
        isPerShard: config.hasShardMetrics,
        clock,
      })
      monitors.set(name, monitor)
      monitor.setState('running')
      count()
      return monitor
    },
    show: (reports) => {
      for (const [name, monitor] of monitors) {
        const state = reports.get(name)?.state
        if (state === undefined) end(name)
        else monitor.setState(inLetters[state])
      }
      count()
    },
    checks: () => Object.fromEntries([...monitors].map(([name, monitor]) => [name, monitor.checks()])),
    [Symbol.dispose]: () => [...monitors.keys()].forEach(end),
  }
}

const inLetters: Readonly<Record<RunReport['state'], PipelineState>> = {
  RUNNING: 'running',
  PAUSED: 'paused',
  STOPPED: 'stopped',
  FAILED: 'failed',
  RESTARTING: 'restarting',
}
