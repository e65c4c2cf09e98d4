import { entry, processEntry } from './metric-entry.ts'
import type { MetricEntry } from './metric-entry.ts'

/** The connector is the pipeline; its task is what this process does of it. */
const common = ['connector', 'task'] as const

/** Names of Kafka Connect's JMX metrics as the usual rules of Prometheus's JMX exporter write them. Windows are 30 seconds, as there. */
export const connectMetrics = {
  kafka_connect_source_task_metrics_source_record_poll_total: entry('counter', 'changes', common, 'Changes read.'),
  kafka_connect_source_task_metrics_source_record_poll_rate: entry(
    'gauge',
    'changes per second',
    common,
    'Changes read, in the last 30 seconds.',
  ),
  kafka_connect_source_task_metrics_source_record_write_total: entry(
    'counter',
    'records',
    common,
    'Records in committed transactions.',
  ),
  kafka_connect_source_task_metrics_source_record_write_rate: entry(
    'gauge',
    'records per second',
    common,
    'Records in committed transactions, in the last 30 seconds.',
  ),
  kafka_connect_source_task_metrics_source_record_active_count: entry(
    'gauge',
    'changes',
    common,
    'Changes read and not yet committed.',
  ),
  kafka_connect_source_task_metrics_poll_batch_avg_time_ms: entry(
    'gauge',
    'milliseconds',
    common,
    'How long reads took that gave changes: mean of the last 30 seconds.',
  ),
  kafka_connect_source_task_metrics_poll_batch_max_time_ms: entry(
    'gauge',
    'milliseconds',
    common,
    'The same: longest of the last 30 seconds.',
  ),
  kafka_connect_source_task_metrics_transaction_size_avg: entry(
    'gauge',
    'records',
    common,
    'Records of a transaction: mean of the last 30 seconds.',
  ),
  kafka_connect_source_task_metrics_transaction_size_max: entry(
    'gauge',
    'records',
    common,
    'The same: largest of the last 30 seconds.',
  ),
  kafka_connect_source_task_metrics_transaction_size_min: entry(
    'gauge',
    'records',
    common,
    'The same: smallest of the last 30 seconds.',
  ),
  kafka_connect_connector_task_metrics_batch_size_avg: entry(
    'gauge',
    'changes',
    common,
    'Changes of a read that gave some: mean of the last 30 seconds.',
  ),
  kafka_connect_connector_task_metrics_batch_size_max: entry(
    'gauge',
    'changes',
    common,
    'The same: largest of the last 30 seconds.',
  ),
  kafka_connect_connector_task_metrics_offset_commit_avg_time_ms: entry(
    'gauge',
    'milliseconds',
    common,
    'How long commits of positions took, with the records in front of them: mean of the last 30 seconds.',
  ),
  kafka_connect_connector_task_metrics_offset_commit_max_time_ms: entry(
    'gauge',
    'milliseconds',
    common,
    'The same: longest of the last 30 seconds.',
  ),
  kafka_connect_connector_task_metrics_offset_commit_success_percentage: entry(
    'gauge',
    'ratio, 0 to 1',
    common,
    'Committed transactions among those that ended in the last 30 seconds.',
  ),
  kafka_connect_connector_task_metrics_offset_commit_failure_percentage: entry(
    'gauge',
    'ratio, 0 to 1',
    common,
    'Lanes that got in doubt among those.',
  ),
  kafka_connect_connector_task_status: entry(
    'gauge',
    '0 or 1',
    [...common, 'status'],
    '1 for what this process does for the pipeline, 0 for its other states.',
  ),
  kafka_connect_connector_status: entry(
    'gauge',
    '0 or 1',
    ['connector', 'status'],
    'The same of the connector, as this process sees it.',
  ),
  kafka_connect_task_error_metrics_total_record_failures: entry(
    'gauge',
    'changes',
    common,
    'Changes and rows that stopped a table.',
  ),
  kafka_connect_task_error_metrics_total_record_errors: entry(
    'gauge',
    'changes',
    common,
    'Changes and rows that could not pass: these and dead letters.',
  ),
  kafka_connect_task_error_metrics_total_records_skipped: entry(
    'gauge',
    'changes',
    common,
    'Changes and rows that could not pass and were passed over: dead letters.',
  ),
  kafka_connect_task_error_metrics_total_errors_logged: entry(
    'gauge',
    'errors',
    common,
    'Errors and warnings with a code that were logged.',
  ),
  kafka_connect_task_error_metrics_deadletterqueue_produce_requests: entry(
    'gauge',
    'changes',
    common,
    'Dead letters in committed transactions.',
  ),
  kafka_connect_task_error_metrics_last_error_timestamp: entry(
    'gauge',
    'milliseconds since 1970',
    common,
    'When the last change could not pass.',
  ),
  kafka_connect_connect_worker_metrics_connector_count: processEntry(
    'gauge',
    'pipelines',
    [],
    'Pipelines that this process runs, or has paused, stopped or failed to run.',
  ),
  kafka_connect_connect_worker_metrics_task_count: processEntry(
    'gauge',
    'pipelines',
    [],
    'The same: a pipeline has one task in each process.',
  ),
} as const satisfies Readonly<Record<string, MetricEntry>>
