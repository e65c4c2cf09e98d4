import { entry } from './metric-entry.ts'
import type { MetricEntry } from './metric-entry.ts'

/** `debezium_context` is "streaming" or "snapshot", the connector's type "dynamodb", the logical name `topic.prefix`. */
const common = ['debezium_context', 'debezium_connector_type', 'debezium_logical_name'] as const

/** The names under which Debezium's platform looks for a connector; see docs/metrics.md for those that are left out. */
export const debeziumMetrics = {
  debezium_source_lag_seconds: entry(
    'gauge',
    'seconds',
    common,
    'Time between the newest change of the last committed transaction and its commit.',
  ),
  debezium_event_count_total: entry(
    'counter',
    'changes',
    [...common, 'debezium_event_type'],
    'Changes read by what they do: "create", "update", "delete"; rows of snapshots are "create".',
  ),
  debezium_event_time_since_last_seconds: entry('gauge', 'seconds', common, 'Time since the last change was read.'),
  debezium_event_filtered_count_total: entry(
    'counter',
    'changes',
    common,
    'Changes and rows that a filter or a transform dropped.',
  ),
  debezium_event_erroneous_count_total: entry(
    'counter',
    'changes',
    common,
    'Changes and rows that could not pass: dead letters, and those that stopped a table.',
  ),
  debezium_connection_status: entry(
    'gauge',
    '0 or 1',
    [...common, 'debezium_connection_state'],
    '1 for the present state of the connection with AWS, by the outcome of the last request, 0 for the other.',
  ),
  debezium_queue_size_bytes: entry('gauge', 'bytes', common, 'Bytes read and not yet committed.'),
  debezium_queue_size_limit_bytes: entry('gauge', 'bytes', common, 'The bound of that: memory.max.bytes.'),
  debezium_snapshot_running: entry(
    'gauge',
    '0 or 1',
    [...common, 'debezium_snapshot_running_state'],
    '"running" is 1 while a table is scanned by this process.',
  ),
  debezium_snapshot_completed: entry(
    'gauge',
    '0 or 1',
    [...common, 'debezium_snapshot_completed_state'],
    '"completed" is 1 once all snapshots that this process has begun or taken over are done.',
  ),
  debezium_snapshot_aborted: entry(
    'gauge',
    '0 or 1',
    [...common, 'debezium_snapshot_aborted_state'],
    '"aborted" is 1 while a snapshot that this process has met was ended or has failed.',
  ),
  debezium_snapshot_paused: entry(
    'gauge',
    '0 or 1',
    [...common, 'debezium_snapshot_paused_state'],
    '"paused" is 1 while a snapshot that this process has met is paused.',
  ),
  debezium_snapshot_table_count: entry('gauge', 'tables', common, 'Tables of which this process has met a snapshot.'),
  debezium_snapshot_table_remaining_count: entry('gauge', 'tables', common, 'Of these, the ones that are not done.'),
  debezium_snapshot_duration_seconds: entry(
    'gauge',
    'seconds',
    common,
    'How long the snapshots have taken: from the first beginning that this process saw to now, or to the last end.',
  ),
} as const satisfies Readonly<Record<string, MetricEntry>>
