import type { ErrorCode } from '../../error-catalogue.ts'
import type { ByteBudget } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { PipelineEvent, PipelineEventSink, ShardName } from '../../pipeline/pipeline-event.ts'
import type { ProgressBoard } from './progress-board.ts'
import { createReplicationMetrics } from './replication-metrics.ts'

/** Counts events. Ages and headroom change by themselves, so they are computed when somebody scrapes. */
export function createEventMetrics(
  metrics: Metrics,
  board: ProgressBoard,
  parts: { readonly budget: Pick<ByteBudget, 'inFlightBytes'>; readonly clock: Clock },
): PipelineEventSink {
  const { budget, clock } = parts
  const shown: ShownSeries = { tables: new Set(), lanes: new Set(), clock }
  metrics.onScrape(() => {
    showAges(metrics, board, shown)
    const shards = board.shards()
    const lanes = [...board.lanes.values()]
    const stopped = shards.filter(({ isHalted }) => isHalted).length
    metrics.set('tailrace_shards', { state: 'open' }, shards.length - stopped)
    metrics.set('tailrace_shards', { state: 'stopped' }, stopped)
    metrics.set(
      'tailrace_shards',
      { state: 'waiting' },
      lanes.reduce((sum, lane) => sum + lane.waiting, 0),
    )
    metrics.set(
      'tailrace_shards',
      { state: 'ended' },
      lanes.reduce((sum, lane) => sum + lane.ended, 0),
    )
    metrics.set('tailrace_lanes', { state: 'running' }, lanes.length)
    metrics.set('tailrace_inflight_bytes', {}, budget.inFlightBytes)
  })
  const showReplication = createReplicationMetrics(metrics)
  return (event) => {
    count(event, metrics)
    showReplication(event)
  }
}

interface ShownSeries {
  readonly tables: Set<string>
  readonly lanes: Set<number>
  readonly clock: Clock
}

/** Series of what this process no longer holds must go: a value that nobody renews looks like a fact. */
function showAges(metrics: Metrics, board: ProgressBoard, shown: ShownSeries): void {
  const headroom = board.headroomMs()
  for (const table of shown.tables) {
    if (!headroom.has(table)) metrics.remove('tailrace_retention_headroom_seconds', { table })
  }
  for (const lane of shown.lanes) {
    if (!board.lanes.has(lane)) metrics.remove('tailrace_checkpoint_age_seconds', { lane: String(lane) })
  }
  shown.tables.clear()
  shown.lanes.clear()
  for (const [table, headroomMs] of headroom) {
    metrics.set('tailrace_retention_headroom_seconds', { table }, headroomMs / 1000)
    shown.tables.add(table)
  }
  for (const [lane, { committedAtMs }] of board.lanes) {
    if (committedAtMs === undefined) continue
    metrics.set('tailrace_checkpoint_age_seconds', { lane: String(lane) }, (shown.clock.now() - committedAtMs) / 1000)
    shown.lanes.add(lane)
  }
  for (const { shard, ageMs } of board.shards()) {
    metrics.set('tailrace_shard_iterator_age_seconds', { table: shard.table, shard: shard.shardId }, ageMs / 1000)
  }
}

function count(event: PipelineEvent, metrics: Metrics): void {
  switch (event.kind) {
    case 'page-read':
      return countPage(event, metrics)
    case 'transaction-committed':
      metrics.increment('tailrace_kafka_transaction_total', { outcome: 'committed' })
      metrics.observe('tailrace_commit_seconds', {}, event.tookMs / 1000)
      metrics.increment('tailrace_records_written_total', {}, event.records)
      metrics.increment('tailrace_written_bytes_total', {}, event.bytes)
      for (const { shard, changes, lastCreatedAtMs, committedAtMs } of event.shards) {
        metrics.increment('tailrace_changes_written_total', { table: shard.table }, changes)
        const latencyMs = Math.max(0, committedAtMs - lastCreatedAtMs)
        metrics.observe('tailrace_end_to_end_latency_seconds', { table: shard.table }, latencyMs / 1000)
      }
      return
    case 'rows-committed':
    case 'vanished-committed':
    case 'contained-changes-skipped':
      return countRows(event, metrics)
    case 'changes-dropped':
    case 'dead-lettered':
    case 'change-shrunk':
      return countLeftOut(event, metrics)
    case 'lane-in-doubt':
      return countDoubt(event.error.code, metrics)
    case 'stream-gap':
      metrics.increment('tailrace_gap_total', { table: event.shard.table })
      if (event.lost.spanMs !== undefined)
        metrics.set('tailrace_gap_seconds', { table: event.shard.table }, event.lost.spanMs / 1000)
      metrics.increment('tailrace_errors_total', { code: event.error.code })
      return
    case 'signal-settled':
    case 'signal-refused':
      return countSignal(event, metrics)
    case 'claim-checks-left':
    case 'notifications-lost':
    case 'heartbeats-lost':
    case 'record-refused':
    case 'snapshot-refused':
    case 'coordinator-failed':
    case 'worker-waits':
    case 'snapshot-waits':
      return countError(event.error, metrics)
    case 'table-stopped':
    case 'table-started':
    case 'table-resumed':
    case 'table-retired':
    case 'table-resting':
      return showHealth(event, metrics)
    case 'shard-closed':
      return forgetShard(event.shard, metrics)
    case 'lanes-assigned':
      return metrics.set('tailrace_group_generation', {}, event.generation)
    default:
  }
}

function countPage(
  { shard: { table }, records, bytes }: Extract<PipelineEvent, { readonly kind: 'page-read' }>,
  metrics: Metrics,
): void {
  metrics.increment('tailrace_pages_read_total', { table, result: records > 0 ? 'records' : 'empty' })
  metrics.increment('tailrace_changes_read_total', { table }, records)
  if (records > 0) metrics.increment('tailrace_read_bytes_total', { table }, bytes)
}

function forgetShard({ table, shardId }: ShardName, metrics: Metrics): void {
  metrics.remove('tailrace_shard_iterator_age_seconds', { table, shard: shardId })
}

function countError({ code }: { readonly code: ErrorCode }, metrics: Metrics): void {
  metrics.increment('tailrace_errors_total', { code })
}

function countSignal(
  event: Extract<PipelineEvent, { readonly kind: 'signal-settled' | 'signal-refused' }>,
  metrics: Metrics,
): void {
  const outcome = event.kind === 'signal-settled' ? 'carried-out' : 'refused'
  metrics.increment('tailrace_signals_total', { outcome })
  if (event.kind === 'signal-refused') metrics.increment('tailrace_errors_total', { code: event.error.code })
}

function countLeftOut(
  event: Extract<PipelineEvent, { readonly kind: 'changes-dropped' | 'dead-lettered' | 'change-shrunk' }>,
  metrics: Metrics,
): void {
  const { table } = event
  if (event.kind === 'change-shrunk') metrics.increment('tailrace_oversized_total', { table, strategy: event.strategy })
  else if (event.kind === 'changes-dropped')
    metrics.increment('tailrace_changes_dropped_total', { table }, event.changes)
  else metrics.increment('tailrace_dlq_total', { table, reason: event.code }, event.count)
}

function showHealth({ table, kind }: { readonly table: string; readonly kind: string }, metrics: Metrics): void {
  const entity = `table ${table}`
  const isStopped = kind === 'table-stopped'
  // A retired or paused table is neither: nothing is wrong with it.
  const isStreaming = !isStopped && kind !== 'table-retired' && kind !== 'table-resting'
  metrics.set('tailrace_entity_health', { entity, status: 'stopped' }, isStopped ? 1 : 0)
  metrics.set('tailrace_entity_health', { entity, status: 'streaming' }, isStreaming ? 1 : 0)
}

function countDoubt(code: ErrorCode, metrics: Metrics): void {
  metrics.increment('tailrace_lane_retakes_total', { reason: code })
  metrics.increment('tailrace_errors_total', { code })
  metrics.increment('tailrace_kafka_transaction_total', { outcome: code === 'KAFKA_FENCED' ? 'fenced' : 'indefinite' })
}

function countRows(
  event: Extract<
    PipelineEvent,
    { readonly kind: 'rows-committed' | 'vanished-committed' | 'contained-changes-skipped' }
  >,
  metrics: Metrics,
): void {
  const { table } = event
  if (event.kind === 'vanished-committed') {
    metrics.increment('tailrace_snapshot_deletes_total', { table }, event.deletes)
    return
  }
  if (event.kind === 'contained-changes-skipped') {
    metrics.increment('tailrace_snapshot_changes_skipped_total', { table }, event.changes)
    return
  }
  metrics.increment('tailrace_snapshot_items_total', { table }, event.items)
  metrics.increment('tailrace_snapshot_rows_total', { table }, event.rows)
  metrics.increment('tailrace_snapshot_read_units_total', { table }, event.units)
}
