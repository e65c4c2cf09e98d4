import type { Metrics } from '../../observe/metrics.ts'
import type { PipelineEventSink } from '../../pipeline/pipeline-event.ts'

/**
 * Shows how the changes of tables come into a Kinesis stream. Only the owner of lane 0 looks: what it showed goes when it
 * gives the lane away, since a value that nobody renews looks like a fact.
 */
export function createReplicationMetrics(metrics: Metrics): PipelineEventSink {
  const shown = new Set<string>()
  const forget = (): void => {
    for (const table of shown) {
      metrics.remove('tailrace_kinesis_replication_age_seconds', { table })
      metrics.remove('tailrace_kinesis_destination_active', { table })
    }
    shown.clear()
  }
  return (event) => {
    if ((event.kind === 'lane-released' || event.kind === 'lane-in-doubt') && event.lane === 0) forget()
    if (event.kind === 'replication-loss' || event.kind === 'replication-unseen')
      metrics.increment('tailrace_errors_total', { code: event.error.code })
    if (event.kind !== 'replication-watched') return
    const { table, failed, throttled, oldestMs, isActive } = event
    shown.add(table)
    metrics.increment('tailrace_kinesis_replication_failures_total', { table }, failed)
    metrics.increment('tailrace_kinesis_replication_throttles_total', { table }, throttled)
    if (oldestMs !== undefined) metrics.set('tailrace_kinesis_replication_age_seconds', { table }, oldestMs / 1000)
    if (isActive !== undefined) metrics.set('tailrace_kinesis_destination_active', { table }, isActive ? 1 : 0)
  }
}
