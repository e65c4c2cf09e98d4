import type { ErrorCode } from '../../error-catalogue.ts'
import type { ByteBudget } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { PipelineEvent, PipelineEventSink } from '../../pipeline/pipeline-event.ts'
import type { ProgressBoard, TableView } from './progress-board.ts'
import { createReplicationMetrics } from './replication-metrics.ts'
import type { ShardView } from './shard-ages.ts'
import { createShownGauge } from './shown-gauge.ts'
import type { Shown } from './shown-gauge.ts'

/** What the numbers come from besides the events. */
export interface EventMetricsParts {
  readonly budget: Pick<ByteBudget, 'inFlightBytes'>
  readonly clock: Clock
  /** Also the age of each shard: a series for each, and shards come and go all day. */
  readonly isPerShard: boolean
}

/** Counts events. Ages and headroom change by themselves, so they are computed when somebody scrapes. */
export function createEventMetrics(
  metrics: Metrics,
  board: ProgressBoard,
  { budget, clock, isPerShard }: EventMetricsParts,
): PipelineEventSink {
  const headroom = createShownGauge(metrics, 'tailrace_retention_headroom_seconds')
  const ages = createShownGauge(metrics, 'tailrace_oldest_unread_age_seconds')
  const shardAges = createShownGauge(metrics, 'tailrace_shard_iterator_age_seconds')
  const checkpoints = createShownGauge(metrics, 'tailrace_checkpoint_age_seconds')
  const health = createShownGauge(metrics, 'tailrace_entity_health')
  metrics.onScrape(() => {
    const shards = board.shards()
    headroom([...board.headroomMs()].map(([table, leftMs]) => [{ table }, leftMs / 1000]))
    ages([...oldestOf(shards)].map(([table, ageMs]) => [{ table }, ageMs / 1000]))
    if (isPerShard)
      shardAges(shards.map(({ shard, ageMs }) => [{ table: shard.table, shard: shard.shardId }, ageMs / 1000]))
    checkpoints(
      [...board.lanes].flatMap(([lane, { committedAtMs }]) =>
        committedAtMs === undefined ? [] : [[{ lane: String(lane) }, (clock.now() - committedAtMs) / 1000]],
      ),
    )
    health([...worstOf(board.tables().values())].flatMap(([table, status]) => healthOf(table, status)))
    showCounts(metrics, board)
    metrics.set('tailrace_inflight_bytes', {}, budget.inFlightBytes)
  })
  const showReplication = createReplicationMetrics(metrics)
  return (event) => {
    count(event, metrics)
    showReplication(event)
  }
}

function showCounts(metrics: Metrics, board: ProgressBoard): void {
  const shards = board.shards()
  const lanes = [...board.lanes.values()]
  const stopped = shards.filter(({ isHalted }) => isHalted).length
  const sum = (of: 'waiting' | 'ended'): number => lanes.reduce((total, lane) => total + lane[of], 0)
  metrics.set('tailrace_shards', { state: 'open' }, shards.length - stopped)
  metrics.set('tailrace_shards', { state: 'stopped' }, stopped)
  metrics.set('tailrace_shards', { state: 'waiting' }, sum('waiting'))
  metrics.set('tailrace_shards', { state: 'ended' }, sum('ended'))
  const doubtful = lanes.filter(({ doubt }) => doubt !== undefined).length
  metrics.set('tailrace_lanes', { state: 'running' }, lanes.length - doubtful)
  metrics.set('tailrace_lanes', { state: 'in-doubt' }, doubtful)
}

function oldestOf(shards: readonly ShardView[]): ReadonlyMap<string, number> {
  const oldest = new Map<string, number>()
  for (const { shard, ageMs } of shards) oldest.set(shard.table, Math.max(oldest.get(shard.table) ?? 0, ageMs))
  return oldest
}

function healthOf(table: string, now: TableView['status']): readonly Shown<'tailrace_entity_health'>[] {
  const shown = tableStatuses.includes(now) ? tableStatuses : [...tableStatuses, now]
  return shown.map((status) => [{ entity: `table ${table}`, status }, status === now ? 1 : 0])
}

/** One label stands for all tables of its name, whatever region or account they are in: the one that most needs a look is told. */
function worstOf(tables: Iterable<TableView>): ReadonlyMap<string, TableView['status']> {
  const worst = new Map<string, TableView['status']>()
  for (const { table, status } of tables) {
    const before = worst.get(table)
    if (before === undefined || urgency.indexOf(status) < urgency.indexOf(before)) worst.set(table, status)
  }
  return worst
}

/** What nobody waits for comes last. */
const urgency: readonly TableView['status'][] = ['stopped', 'draining', 'loading', 'streaming', 'retired']

/** Those whose series are always there, so that an alert that ends is seen to end. */
const tableStatuses: readonly TableView['status'][] = ['streaming', 'stopped', 'retired', 'loading', 'draining']

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
    case 'changes-converted':
      return countOperations(event, metrics)
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
    case 'lanes-assigned':
      return metrics.set('tailrace_group_generation', {}, event.generation)
    default:
  }
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

function countOperations(
  { table, operations }: Extract<PipelineEvent, { readonly kind: 'changes-converted' }>,
  metrics: Metrics,
): void {
  const { inserts, modifies, removes } = operations
  for (const [operation, by] of [
    ['insert', inserts],
    ['modify', modifies],
    ['remove', removes],
  ] as const)
    if (by > 0) metrics.increment('tailrace_operations_total', { table, operation }, by)
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
