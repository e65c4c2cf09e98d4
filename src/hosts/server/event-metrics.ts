import type { Metrics } from '../../observe/metrics.ts'
import type { PipelineEvent, PipelineEventSink } from '../../pipeline/pipeline-event.ts'
import type { ProgressBoard } from './progress-board.ts'

/** Counts events. Ages and headroom change by themselves, so they are computed when somebody scrapes. */
export function createEventMetrics(metrics: Metrics, board: ProgressBoard): PipelineEventSink {
  metrics.onScrape(() => {
    for (const [table, headroomMs] of board.headroomMs()) {
      metrics.set('tailrace_retention_headroom_seconds', { table }, headroomMs / 1000)
    }
    for (const { shard, ageMs } of board.shards()) {
      metrics.set('tailrace_shard_iterator_age_seconds', { table: shard.table, shard: shard.shardId }, ageMs / 1000)
    }
    metrics.set('tailrace_shards', { state: 'open' }, board.shards().length)
    metrics.set('tailrace_lanes', { state: 'running' }, board.lanes.size)
  })
  return (event) => count(event, metrics)
}

function count(event: PipelineEvent, metrics: Metrics): void {
  switch (event.kind) {
    case 'page-read': {
      const { table } = event.shard
      metrics.increment('tailrace_pages_read_total', { table, result: event.records > 0 ? 'records' : 'empty' })
      metrics.increment('tailrace_changes_read_total', { table }, event.records)
      if (event.records > 0) metrics.increment('tailrace_read_bytes_total', { table }, event.bytes)
      return
    }
    case 'transaction-committed':
      metrics.increment('tailrace_kafka_transaction_total', { outcome: 'committed' })
      metrics.observe('tailrace_commit_seconds', {}, event.tookMs / 1000)
      for (const { shard, lastCreatedAtMs, committedAtMs } of event.shards) {
        const latencyMs = Math.max(0, committedAtMs - lastCreatedAtMs)
        metrics.observe('tailrace_end_to_end_latency_seconds', { table: shard.table }, latencyMs / 1000)
      }
      return
    case 'lane-in-doubt': {
      metrics.increment('tailrace_lane_retakes_total', { reason: event.error.code })
      metrics.increment('tailrace_errors_total', { code: event.error.code })
      const outcome = event.error.code === 'KAFKA_FENCED' ? 'fenced' : 'indefinite'
      metrics.increment('tailrace_kafka_transaction_total', { outcome })
      return
    }
    case 'stream-gap':
      metrics.increment('tailrace_gap_total', { table: event.shard.table })
      metrics.increment('tailrace_errors_total', { code: event.error.code })
      return
    case 'record-refused':
    case 'coordinator-failed':
    case 'worker-waits':
      metrics.increment('tailrace_errors_total', { code: event.error.code })
      return
    case 'table-stopped':
      metrics.set('tailrace_entity_health', { entity: `table ${event.table}`, status: 'stopped' }, 1)
      metrics.set('tailrace_entity_health', { entity: `table ${event.table}`, status: 'streaming' }, 0)
      return
    case 'table-started':
    case 'table-resumed':
      metrics.set('tailrace_entity_health', { entity: `table ${event.table}`, status: 'stopped' }, 0)
      metrics.set('tailrace_entity_health', { entity: `table ${event.table}`, status: 'streaming' }, 1)
      return
    case 'shard-closed':
      metrics.remove('tailrace_shard_iterator_age_seconds', { table: event.shard.table, shard: event.shard.shardId })
      return
    case 'lanes-assigned':
      metrics.set('tailrace_group_generation', {}, event.generation)
      return
    default:
  }
}
