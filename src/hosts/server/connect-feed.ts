import type { Clock } from '../../async/clock.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { PipelineEventSink } from '../../pipeline/pipeline-event.ts'
import type { ProgressBoard } from './progress-board.ts'
import { createRecentWindow } from './recent-window.ts'
import type { RecentWindow } from './recent-window.ts'

/** What this process does for a pipeline, in Connect's words (lower case in its metrics). */
export type PipelineState = 'running' | 'paused' | 'stopped' | 'failed' | 'restarting' | 'unassigned'

/** What Connect's names are fed from. */
export interface ConnectParts {
  readonly board: ProgressBoard
  readonly clock: Clock
  readonly connector: string
  readonly state: () => PipelineState
}

/** As long as Connect's own default (`metrics.sample.window.ms`). */
const windowSeconds = 30

/** A process has one task of each pipeline; which process it is Prometheus's own label `instance` says. */
const task = '0'

interface Windows {
  readonly polled: RecentWindow
  readonly pollMs: RecentWindow
  readonly written: RecentWindow
  readonly commitMs: RecentWindow
  readonly doubts: RecentWindow
}

/** Feeds Connect's names. Means and extremes of an empty window have no series. */
export function createConnectFeed(metrics: Metrics, parts: ConnectParts): PipelineEventSink {
  const window = (): RecentWindow => createRecentWindow(parts.clock, windowSeconds)
  const windows: Windows = {
    polled: window(),
    pollMs: window(),
    written: window(),
    commitMs: window(),
    doubts: window(),
  }
  const labels = { connector: parts.connector, task }
  const errors = { failures: 0, skipped: 0, logged: 0, lastAtMs: undefined as number | undefined }
  metrics.onScrape(() => {
    showWindows(metrics, labels, windows)
    showState(metrics, labels, parts.state())
    const active = parts.board.shards().reduce((sum, { pending }) => sum + pending, 0)
    metrics.set('kafka_connect_source_task_metrics_source_record_active_count', labels, active)
    metrics.set('kafka_connect_task_error_metrics_total_record_failures', labels, errors.failures)
    metrics.set('kafka_connect_task_error_metrics_total_record_errors', labels, errors.failures + errors.skipped)
    metrics.set('kafka_connect_task_error_metrics_total_records_skipped', labels, errors.skipped)
    metrics.set('kafka_connect_task_error_metrics_deadletterqueue_produce_requests', labels, errors.skipped)
    metrics.set('kafka_connect_task_error_metrics_total_errors_logged', labels, errors.logged)
    if (errors.lastAtMs !== undefined)
      metrics.set('kafka_connect_task_error_metrics_last_error_timestamp', labels, errors.lastAtMs)
  })
  return (event) => {
    if ('error' in event) errors.logged++
    switch (event.kind) {
      case 'page-read':
        metrics.increment('kafka_connect_source_task_metrics_source_record_poll_total', labels, event.records)
        if (event.records === 0) return
        windows.polled.note(event.records)
        windows.pollMs.note(event.tookMs)
        return
      case 'transaction-committed':
        metrics.increment('kafka_connect_source_task_metrics_source_record_write_total', labels, event.records)
        windows.written.note(event.records)
        windows.commitMs.note(event.tookMs)
        return
      case 'lane-in-doubt':
        windows.doubts.note(1)
        return
      case 'record-refused':
        errors.failures++
        errors.lastAtMs = parts.clock.now()
        return
      case 'dead-lettered':
        errors.skipped += event.count
        errors.lastAtMs = parts.clock.now()
        return
      default:
    }
  }
}

interface TaskLabels {
  readonly connector: string
  readonly task: string
}

function showWindows(metrics: Metrics, labels: TaskLabels, windows: Windows): void {
  const { polled, pollMs, written, commitMs, doubts } = windows
  metrics.set('kafka_connect_source_task_metrics_source_record_poll_rate', labels, polled.rate())
  metrics.set('kafka_connect_source_task_metrics_source_record_write_rate', labels, written.rate())
  const show = (name: WindowGauge, value: number | undefined): void =>
    value === undefined ? metrics.remove(name, labels) : metrics.set(name, labels, value)
  show('kafka_connect_source_task_metrics_poll_batch_avg_time_ms', pollMs.summary()?.mean)
  show('kafka_connect_source_task_metrics_poll_batch_max_time_ms', pollMs.summary()?.most)
  show('kafka_connect_connector_task_metrics_batch_size_avg', polled.summary()?.mean)
  show('kafka_connect_connector_task_metrics_batch_size_max', polled.summary()?.most)
  show('kafka_connect_source_task_metrics_transaction_size_avg', written.summary()?.mean)
  show('kafka_connect_source_task_metrics_transaction_size_max', written.summary()?.most)
  show('kafka_connect_source_task_metrics_transaction_size_min', written.summary()?.least)
  show('kafka_connect_connector_task_metrics_offset_commit_avg_time_ms', commitMs.summary()?.mean)
  show('kafka_connect_connector_task_metrics_offset_commit_max_time_ms', commitMs.summary()?.most)
  const good = commitMs.summary()?.count ?? 0
  const bad = doubts.summary()?.count ?? 0
  const share = (count: number): number | undefined => (good + bad === 0 ? undefined : count / (good + bad))
  show('kafka_connect_connector_task_metrics_offset_commit_success_percentage', share(good))
  show('kafka_connect_connector_task_metrics_offset_commit_failure_percentage', share(bad))
}

type WindowGauge =
  | `kafka_connect_source_task_metrics_${'poll_batch_avg_time_ms' | 'poll_batch_max_time_ms' | `transaction_size_${'avg' | 'max' | 'min'}`}`
  | `kafka_connect_connector_task_metrics_${`batch_size_${'avg' | 'max'}` | `offset_commit_${'avg_time_ms' | 'max_time_ms' | 'success_percentage' | 'failure_percentage'}`}`

const states: readonly PipelineState[] = ['running', 'paused', 'stopped', 'failed', 'restarting', 'unassigned']

function showState(metrics: Metrics, labels: TaskLabels, now: PipelineState): void {
  for (const status of states) {
    const value = status === now ? 1 : 0
    metrics.set('kafka_connect_connector_task_status', { ...labels, status }, value)
    metrics.set('kafka_connect_connector_status', { connector: labels.connector, status }, value)
  }
}
