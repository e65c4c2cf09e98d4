import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { ScanTotals, SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import type { SignalRefusal } from './after-signal.ts'

/** What is told to whoever reads the notification topic, in Debezium's form. */
export interface Notification {
  /** That of the signal where one is the cause; else that of the snapshot, or of the table's stop. */
  readonly id: string
  readonly aggregateType: 'Initial Snapshot' | 'Incremental Snapshot' | 'Source Gap' | 'Signal'
  readonly type: NotificationType
  /** Never item values. */
  readonly additionalData: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly timestampMs: number
}

/** What happened. Debezium's words, as far as it has one. */
export type NotificationType =
  | 'STARTED'
  | 'IN_PROGRESS'
  | 'PAUSED'
  | 'RESUMED'
  | 'STOPPED'
  | 'ABORTED'
  | 'SKIPPED'
  | 'TABLE_SCAN_COMPLETED'
  | 'COMPLETED'
  | 'REFUSED'

/** What notifications say besides what happened. */
export interface NotificationContext {
  /** The pipeline as its records name it: `topic.prefix`. */
  readonly connector: string
  /** True where new tables get no snapshot by themselves. */
  readonly isSkipping: boolean
  readonly nowMs: number
}

/**
 * What the step from one entry of a table to its next has to tell, in order; mostly nothing. `before` is undefined for a
 * table that is new. Pure: the notifications of a step are the same however often it is tried.
 */
export function notificationsOf(
  before: TableEntry | undefined,
  after: TableEntry,
  context: NotificationContext,
): readonly Notification[] {
  return [...ofSnapshot(before, after, context), ...ofStatus(before, after, context)]
}

function ofSnapshot(
  before: TableEntry | undefined,
  after: TableEntry,
  context: NotificationContext,
): readonly Notification[] {
  const { snapshot, table } = after
  if (snapshot === undefined) {
    if (before !== undefined || !context.isSkipping) return []
    const id = `${context.connector}.${table.name}.0`
    return [notification({ id, aggregateType: 'Initial Snapshot', type: 'SKIPPED' }, table.name, context)]
  }
  const tell = (type: NotificationType, more: Readonly<Record<string, string>> = {}): Notification =>
    ofRun(after, snapshot, type, { context, more })
  if (before?.snapshot === undefined || isAnother(before.snapshot, snapshot)) return [tell('STARTED')]
  const was = before.snapshot.state
  if (was === snapshot.state) return []
  switch (snapshot.state) {
    case 'exporting':
    case 'running':
      // One export after the other is loaded by one snapshot.
      return was === 'exporting' || was === 'running' ? [] : [tell('RESUMED')]
    case 'paused':
    case 'parked':
      return [tell('PAUSED', reasonsOf(snapshot))]
    case 'failed':
      return [tell('ABORTED', reasonsOf(snapshot))]
    case 'stopped':
      return [tell(snapshot.kind === 'initial' ? 'ABORTED' : 'STOPPED', reasonsOf(snapshot))]
    case 'completed': {
      const status = snapshot.totals.items === 0 ? 'EMPTY' : 'SUCCEEDED'
      const scanned = { scanned_collection: table.name, status, ...totalsOf(snapshot.totals) }
      return [tell('TABLE_SCAN_COMPLETED', scanned), tell('COMPLETED')]
    }
  }
}

/** Each export that a snapshot loads has a run of its own. */
function isAnother(before: SnapshotRun, after: SnapshotRun): boolean {
  if (before.exports === undefined || after.exports === undefined) return before.run !== after.run
  return after.exports.step < before.exports.step || before.beganAtMs !== after.beganAtMs
}

/** How far a running snapshot is; `totals` are those of its scans by now. */
export function progressOf(
  entry: TableEntry,
  snapshot: SnapshotRun,
  totals: ScanTotals,
  context: NotificationContext,
): Notification {
  const more = { current_collection_in_progress: entry.table.name, ...totalsOf(totals) }
  return ofRun(entry, snapshot, 'IN_PROGRESS', { context, more })
}

/** A signal, or its part about one table, was not carried out. */
export function refusalOf(
  id: string,
  { code, reason, table }: SignalRefusal,
  context: NotificationContext,
): Notification {
  const about = { id, aggregateType: 'Signal', type: 'REFUSED' } as const
  return notification(about, table, context, { code, reason })
}

function ofRun(
  { table }: TableEntry,
  { signal, run, kind }: SnapshotRun,
  type: NotificationType,
  { context, more }: { readonly context: NotificationContext; readonly more: Readonly<Record<string, string>> },
): Notification {
  const id = signal ?? `${context.connector}.${table.name}.${run}`
  const aggregateType = kind === 'initial' ? 'Initial Snapshot' : 'Incremental Snapshot'
  return notification({ id, aggregateType, type }, table.name, context, more)
}

function ofStatus(
  before: TableEntry | undefined,
  { table, version, status }: TableEntry,
  context: NotificationContext,
): readonly Notification[] {
  const wasStopped = before?.status.kind === 'stopped'
  const about = { id: `${context.connector}.${table.name}.${version}`, aggregateType: 'Source Gap' } as const
  if (status.kind === 'stopped' && !wasStopped) {
    const { code, reason } = status
    return [notification({ ...about, type: 'STOPPED' }, table.name, context, { code, reason })]
  }
  if (status.kind === 'streaming' && wasStopped)
    return [notification({ ...about, type: 'RESUMED' }, table.name, context)]
  return []
}

function notification(
  about: Pick<Notification, 'id' | 'aggregateType' | 'type'>,
  table: string | undefined,
  { connector, nowMs }: NotificationContext,
  more: Readonly<Record<string, string>> = {},
): Notification {
  const collections = table === undefined ? {} : { data_collections: table }
  return { ...about, additionalData: { connector_name: connector, ...collections, ...more }, timestampMs: nowMs }
}

function reasonsOf({ state, code, reason }: SnapshotRun): Readonly<Record<string, string>> {
  return { state, ...(code === undefined ? {} : { code }), ...(reason === undefined ? {} : { reason }) }
}

function totalsOf({ items, rows }: ScanTotals): Readonly<Record<string, string>> {
  return { total_rows_scanned: String(items), total_rows_written: String(rows) }
}

/**
 * The record of a notification: key `{"id"}`, as that of Debezium's sink channel. All go into partition 0, so that they
 * keep their order.
 */
export function notificationRecord(topic: string, told: Notification): ProducerRecord {
  const { id, aggregateType, type, additionalData, timestampMs } = told
  const value = {
    id,
    aggregate_type: aggregateType,
    type,
    additional_data: additionalData,
    timestamp: timestampMs,
  }
  return {
    topic,
    partition: 0,
    key: Buffer.from(JSON.stringify({ id })),
    value: Buffer.from(JSON.stringify(value)),
    headers: [],
    timestamp: timestampMs,
  }
}
