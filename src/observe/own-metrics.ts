import { entry, histogramEntry, processEntry } from './metric-entry.ts'
import type { MetricEntry } from './metric-entry.ts'

/** From a millisecond to ten minutes: a healthy pipeline and one that catches up after an outage. */
const latencyBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600]

/** What tailrace tells in its own words. */
export const ownMetrics = {
  // --- source ---
  tailrace_changes_read_total: entry('counter', 'changes', ['table'], 'Changes read from the source.'),
  tailrace_read_bytes_total: entry('counter', 'bytes', ['table'], 'Bytes of the answers that held changes.'),
  tailrace_pages_read_total: entry(
    'counter',
    'pages',
    ['table', 'result'],
    'Pages read; result is "records" or "empty".',
  ),
  tailrace_shard_iterator_age_seconds: entry(
    'gauge',
    'seconds',
    ['table', 'shard'],
    'As tailrace_oldest_unread_age_seconds, of one shard. Only with `metrics.per.shard`.',
  ),
  tailrace_oldest_unread_age_seconds: entry(
    'gauge',
    'seconds',
    ['table'],
    'Age of the oldest change of a table that is not committed yet, as an upper bound; 0 while its shards are read to their tips.',
  ),
  tailrace_retention_headroom_seconds: entry(
    'gauge',
    'seconds',
    ['table'],
    'How long the source keeps changes (24 hours; a Kinesis stream its own retention) minus the age of the oldest unread change of a table: at 0, changes are lost.',
  ),
  tailrace_shards: entry(
    'gauge',
    'shards',
    ['state'],
    'Shards of the lanes of this process: "waiting" for a parent, "open", "ended", "stopped" with their table.',
  ),
  tailrace_gap_total: entry('counter', 'gaps', ['table'], 'Gaps: changes that were trimmed before they were read.'),
  tailrace_gap_seconds: entry(
    'gauge',
    'seconds',
    ['table'],
    'Time between the last delivered change and the oldest one left, of the last gap that this process met.',
  ),
  tailrace_aws_requests_total: entry('counter', 'requests', ['op', 'code'], 'Requests to AWS by action and outcome.'),
  tailrace_throttled_total: entry('counter', 'requests', ['op'], 'Requests that AWS refused with a throttle.'),

  tailrace_kinesis_repaired_total: entry(
    'counter',
    'changes',
    ['stream', 'what'],
    'Changes in a Kinesis stream that were not as they should be: "duplicates" dropped, "reordered", "late" (later than the window), "overtaken" by a newer one of their item; and "shortened": how often something was let go early for want of memory. A worker that begins anew may count again.',
  ),

  tailrace_kinesis_replication_failures_total: entry(
    'counter',
    'changes',
    ['table'],
    'Changes that DynamoDB has given up to write into the Kinesis stream, by its own count since this worker began to look: they are lost.',
  ),
  tailrace_kinesis_replication_throttles_total: entry(
    'counter',
    'attempts',
    ['table'],
    'Attempts of DynamoDB to write changes into the Kinesis stream that the stream had no room for; DynamoDB repeats them.',
  ),
  tailrace_kinesis_replication_age_seconds: entry(
    'gauge',
    'seconds',
    ['table'],
    'How long the oldest change has been waiting to be written into the Kinesis stream; after a week DynamoDB gives up.',
  ),
  tailrace_kinesis_destination_active: entry(
    'gauge',
    '0 or 1',
    ['table'],
    '1 while the changes of a table go to the Kinesis stream, 0 while they do not and are lost.',
  ),

  // --- the way to Kafka ---
  tailrace_changes_written_total: entry('counter', 'changes', ['table'], 'Changes in committed transactions.'),
  tailrace_records_written_total: entry(
    'counter',
    'records',
    [],
    'Records in committed transactions, tombstones included.',
  ),
  tailrace_written_bytes_total: entry(
    'counter',
    'bytes',
    [],
    'Bytes of the records in committed transactions, uncompressed.',
  ),
  tailrace_inflight_bytes: entry(
    'gauge',
    'bytes',
    [],
    'Bytes read and not yet committed; bounded by memory.max.bytes.',
  ),
  tailrace_end_to_end_latency_seconds: histogramEntry(
    ['table'],
    'From the creation time of a change (rounded down to the second by DynamoDB) to its commit in Kafka.',
    latencyBuckets,
  ),
  tailrace_commit_seconds: histogramEntry([], 'From the first produce of a transaction to its commit.', latencyBuckets),
  tailrace_kafka_transaction_total: entry(
    'counter',
    'transactions',
    ['outcome'],
    'Transactions by outcome: "committed", "fenced" by a newer owner, or "indefinite".',
  ),

  // --- snapshots ---
  tailrace_snapshot_items_total: entry(
    'counter',
    'items',
    ['table'],
    'Items scanned for a snapshot, in committed transactions.',
  ),
  tailrace_snapshot_rows_total: entry(
    'counter',
    'rows',
    ['table'],
    'Rows of snapshots written; fewer than items, because newer changes displace some.',
  ),
  tailrace_operations_total: entry(
    'counter',
    'changes',
    ['table', 'operation'],
    'Changes read by what they do: "insert", "modify", "remove"; counted when they are converted, so again when a lane is taken again.',
  ),
  tailrace_changes_dropped_total: entry(
    'counter',
    'changes',
    ['table'],
    'Changes and rows that a filter or a transform dropped.',
  ),
  tailrace_dlq_total: entry(
    'counter',
    'changes',
    ['table', 'reason'],
    'Changes and rows that went to the dead-letter topic, by the code of what was wrong.',
  ),
  tailrace_oversized_total: entry(
    'counter',
    'changes',
    ['table', 'strategy'],
    'Changes and rows that were too large and were made smaller, by the `oversize.strategy` that did it; counted when they are converted, so again when a lane is taken again.',
  ),
  tailrace_snapshot_changes_skipped_total: entry(
    'counter',
    'changes',
    ['table'],
    'Changes left out because a row of a snapshot in front of them contains them (`snapshot.skip.contained.changes`).',
  ),
  tailrace_snapshot_deletes_total: entry(
    'counter',
    'deletes',
    ['table'],
    'Deletes of items that a topic still had and their table no longer, found by a snapshot after a loss.',
  ),
  tailrace_snapshot_read_units_total: entry('counter', 'read units', ['table'], 'Read capacity units that scans took.'),

  tailrace_signals_total: entry(
    'counter',
    'signals',
    ['outcome'],
    'Signals dealt with: "carried-out", or "refused" (once for each table that was not taken, or once for the whole).',
  ),

  // --- ownership ---
  tailrace_lanes: entry(
    'gauge',
    'lanes',
    ['state'],
    'Lanes that this process holds: "running", or "in-doubt" while they are taken again.',
  ),
  tailrace_lane_retakes_total: entry(
    'counter',
    'lanes',
    ['reason'],
    'Lanes taken again, by the error code that put them in doubt.',
  ),
  tailrace_group_generation: entry(
    'gauge',
    'number',
    [],
    'Generation of the consumer group that this process last saw.',
  ),
  tailrace_checkpoint_age_seconds: entry('gauge', 'seconds', ['lane'], 'Time since a lane last committed a position.'),

  // --- health ---
  tailrace_errors_total: entry('counter', 'errors', ['code'], 'Errors by their documented code.'),
  tailrace_entity_health: entry(
    'gauge',
    '0 or 1',
    ['entity', 'status'],
    '1 for the present status of an entity ("table " and its name), 0 for its others. Of several tables of one name the one that most needs a look is told.',
  ),
  tailrace_health_check: entry(
    'gauge',
    '0 or 1',
    ['check', 'status'],
    '1 for the present status of a check of /readyz ("ok", "warn", "fail"), 0 for its others.',
  ),
  tailrace_build_info: processEntry('gauge', '0 or 1', ['version'], 'Always 1; the version of tailrace is a label.'),
} as const satisfies Readonly<Record<string, MetricEntry>>
