import type { ByteBudget } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { PipelineEvent, PipelineEventSink, TableSnapshot } from '../../pipeline/pipeline-event.ts'
import type { ProgressBoard } from './progress-board.ts'
import type { SourceContact } from './source-contact.ts'

/** What Debezium's names are fed from. */
export interface DebeziumParts {
  readonly board: ProgressBoard
  readonly source: SourceContact
  readonly budget: Pick<ByteBudget, 'inFlightBytes'>
  readonly budgetBytes: number
  readonly clock: Clock
  /** `topic.prefix`. */
  readonly logicalName: string
}

/** Feeds the names of Debezium's platform. A gauge that nothing is known for has no series. */
export function createDebeziumFeed(metrics: Metrics, parts: DebeziumParts): PipelineEventSink {
  const common = { debezium_connector_type: 'dynamodb', debezium_logical_name: parts.logicalName }
  const streaming = { ...common, debezium_context: 'streaming' }
  const snapshot = { ...common, debezium_context: 'snapshot' }
  let lastEventAt: number | undefined
  metrics.onScrape(() => {
    if (lastEventAt !== undefined)
      metrics.set('debezium_event_time_since_last_seconds', streaming, (parts.clock.monotonic() - lastEventAt) / 1000)
    metrics.set('debezium_queue_size_bytes', streaming, parts.budget.inFlightBytes)
    metrics.set('debezium_queue_size_limit_bytes', streaming, parts.budgetBytes)
    showConnection(metrics, streaming, parts.source)
    showSnapshots(metrics, snapshot, parts.board.snapshots, parts.clock.now())
  })
  return (event) => {
    if (event.kind === 'page-read' && event.records > 0) lastEventAt = parts.clock.monotonic()
    count(metrics, event, { streaming, snapshot })
  }
}

interface Common {
  readonly debezium_context: string
  readonly debezium_connector_type: string
  readonly debezium_logical_name: string
}

function count(
  metrics: Metrics,
  event: PipelineEvent,
  { streaming, snapshot }: { readonly streaming: Common; readonly snapshot: Common },
): void {
  const add = (labels: Common, type: string, by: number): void => {
    if (by > 0) metrics.increment('debezium_event_count_total', { ...labels, debezium_event_type: type }, by)
  }
  switch (event.kind) {
    case 'changes-converted':
      add(streaming, 'create', event.operations.inserts)
      add(streaming, 'update', event.operations.modifies)
      add(streaming, 'delete', event.operations.removes)
      return
    case 'rows-committed':
      add(snapshot, 'create', event.rows)
      return
    case 'changes-dropped':
      metrics.increment('debezium_event_filtered_count_total', streaming, event.changes)
      return
    case 'dead-lettered':
      metrics.increment('debezium_event_erroneous_count_total', streaming, event.count)
      return
    case 'record-refused':
      metrics.increment('debezium_event_erroneous_count_total', streaming)
      return
    case 'transaction-committed': {
      const newest = event.shards.reduce((lag, { committedAtMs, lastCreatedAtMs, changes }) => {
        return changes === 0 ? lag : Math.min(lag, committedAtMs - lastCreatedAtMs)
      }, Infinity)
      if (newest < Infinity) metrics.set('debezium_source_lag_seconds', streaming, Math.max(0, newest) / 1000)
      return
    }
    default:
  }
}

function showConnection(metrics: Metrics, labels: Common, { isConnected }: SourceContact): void {
  if (isConnected === undefined) return
  const show = (state: string, value: boolean): void =>
    metrics.set('debezium_connection_status', { ...labels, debezium_connection_state: state }, value ? 1 : 0)
  show('connected', isConnected)
  show('disconnected', !isConnected)
}

const under: ReadonlySet<TableSnapshot['state']> = new Set(['running', 'exporting'])
const held: ReadonlySet<TableSnapshot['state']> = new Set(['paused', 'parked'])
const ended: ReadonlySet<TableSnapshot['state']> = new Set(['failed', 'stopped'])

function showSnapshots(metrics: Metrics, labels: Common, snapshots: readonly TableSnapshot[], nowMs: number): void {
  const isAny = (states: ReadonlySet<TableSnapshot['state']>): boolean =>
    snapshots.some(({ state }) => states.has(state))
  const isRunning = isAny(under)
  const isPaused = isAny(held)
  const isAborted = isAny(ended)
  const remaining = snapshots.filter(({ state }) => state !== 'completed').length
  const isCompleted = snapshots.length > 0 && remaining === 0
  const flag = (value: boolean): number => (value ? 1 : 0)
  const running = (state: string, value: boolean): void =>
    metrics.set('debezium_snapshot_running', { ...labels, debezium_snapshot_running_state: state }, flag(value))
  running('running', isRunning)
  running('not_running', !isRunning)
  const completed = (state: string, value: boolean): void =>
    metrics.set('debezium_snapshot_completed', { ...labels, debezium_snapshot_completed_state: state }, flag(value))
  completed('completed', isCompleted)
  completed('not_completed', !isCompleted)
  const aborted = (state: string, value: boolean): void =>
    metrics.set('debezium_snapshot_aborted', { ...labels, debezium_snapshot_aborted_state: state }, flag(value))
  aborted('aborted', isAborted)
  aborted('not_aborted', !isAborted)
  const paused = (state: string, value: boolean): void =>
    metrics.set('debezium_snapshot_paused', { ...labels, debezium_snapshot_paused_state: state }, flag(value))
  paused('paused', isPaused)
  paused('not_paused', !isPaused)
  metrics.set('debezium_snapshot_table_count', labels, snapshots.length)
  metrics.set('debezium_snapshot_table_remaining_count', labels, remaining)
  if (snapshots.length === 0) return metrics.remove('debezium_snapshot_duration_seconds', labels)
  const from = Math.min(...snapshots.map(({ beganAtMs }) => beganAtMs))
  const to = Math.max(...snapshots.map(({ endedAtMs, state }) => (under.has(state) ? nowMs : (endedAtMs ?? nowMs))))
  metrics.set('debezium_snapshot_duration_seconds', labels, Math.max(0, to - from) / 1000)
}
