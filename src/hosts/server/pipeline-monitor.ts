import type { ByteBudget } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import type { TailraceError } from '../../errors.ts'
import type { PrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import type { PipelineEventSink } from '../../pipeline/pipeline-event.ts'
import type { SourceEvent } from '../../sources/source-event.ts'
import { createConnectFeed } from './connect-feed.ts'
import type { PipelineState } from './connect-feed.ts'
import { createDebeziumFeed } from './debezium-feed.ts'
import { createEventMetrics } from './event-metrics.ts'
import { checkStatuses } from './health-check.ts'
import type { HealthCheck } from './health-check.ts'
import { pipelineChecks } from './pipeline-checks.ts'
import { createProgressBoard } from './progress-board.ts'
import type { ProgressBoard } from './progress-board.ts'
import { createShownGauge } from './shown-gauge.ts'
import { createSourceContact } from './source-contact.ts'

/**
 * Everything that is shown of one pipeline in this process. It may outlive a run of the pipeline: while nobody works on it
 * here its unread changes go on ageing. Disposing takes its series out of `/metrics`.
 */
export interface PipelineMonitor extends Disposable {
  readonly board: ProgressBoard
  readonly onEvent: PipelineEventSink
  readonly onSourceEvent: (event: SourceEvent) => void
  readonly onRequest: (action: string, outcome: string) => void
  checks(): readonly HealthCheck[]
  /** What this process does for the pipeline, and what it failed with. Call it with `paused` or `stopped` before the run is ended. */
  setState(state: PipelineState, error?: TailraceError): void
}

/** What a monitor is made of. */
export interface PipelineMonitorParts {
  readonly metrics: PrometheusMetrics
  readonly pipeline: string
  /** `topic.prefix`. */
  readonly logicalName: string
  /** What its lanes read into, and its bound. */
  readonly budget: Pick<ByteBudget, 'inFlightBytes'>
  readonly budgetBytes: number
  readonly isPerShard: boolean
  readonly clock: Clock
}

/** The state is `unassigned` until it is set. */
export function createPipelineMonitor(parts: PipelineMonitorParts): PipelineMonitor {
  const { clock, pipeline } = parts
  const metrics = parts.metrics.ofPipeline(pipeline)
  const board = createProgressBoard(clock)
  const source = createSourceContact(clock)
  let state: PipelineState = 'unassigned'
  let failure: TailraceError | undefined
  const shownChecks = createShownGauge(metrics, 'tailrace_health_check')
  const sinks: readonly PipelineEventSink[] = [
    board.onEvent,
    createEventMetrics(metrics, board, parts),
    createDebeziumFeed(metrics, { ...parts, board, source }),
    createConnectFeed(metrics, { board, clock, connector: pipeline, state: () => state }),
  ]
  const checks = (): readonly HealthCheck[] => pipelineChecks(board, source, { state, failure })
  metrics.onScrape(() =>
    shownChecks(
      checks().flatMap((check) =>
        checkStatuses.map((status) => [{ check: check.name, status }, status === check.status ? 1 : 0] as const),
      ),
    ),
  )
  return {
    board,
    onEvent: (event) => sinks.forEach((sink) => sink(event)),
    onSourceEvent: (event) => {
      source.onEvent(event)
      if (event.kind === 'throttled') metrics.increment('tailrace_throttled_total', { op: event.action })
      if (event.kind !== 'changes-repaired') return
      const { stream, duplicates, reordered, late, overtaken, shortened } = event
      for (const [what, count] of Object.entries({ duplicates, reordered, late, overtaken, shortened }))
        if (count > 0) metrics.increment('tailrace_kinesis_repaired_total', { stream, what }, count)
    },
    onRequest: (op, code) => {
      source.onRequest(code)
      metrics.increment('tailrace_aws_requests_total', { op, code })
    },
    checks,
    setState: (next, error) => {
      state = next
      failure = error
      if (next !== 'running' && next !== 'unassigned') board.standStill()
    },
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  }
}
