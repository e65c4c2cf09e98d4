import type { TailraceError } from '../errors.ts'
import type { PipelineEventSink } from './pipeline-event.ts'

/** Looks at how the changes of tables come into a stream that somebody else fills. */
export interface ReplicationWatch {
  /** What has become of it since the look before; nothing is told twice. */
  look(signal: AbortSignal): Promise<{
    readonly reports: readonly ReplicationReport[]
    /** What could not be seen, and why. */
    readonly unseen: readonly TailraceError[]
  }>
}

/** One table's way into the stream since the look before. */
export interface ReplicationReport {
  readonly table: string
  /** Changes that are in no stream, and attempts that were throttled and are repeated. */
  readonly failed: number
  readonly throttled: number
  /** How long the oldest change has been waiting. Milliseconds; undefined if nobody says. */
  readonly oldestMs: number | undefined
  /** Whether changes go to the stream at all; undefined if nobody says. */
  readonly isActive: boolean | undefined
  readonly losses: readonly TailraceError[]
}

/** Tells what a look has shown. Nothing is decided by it: what is lost is lost, and the stream is read on. */
export async function watchReplication(
  watch: ReplicationWatch,
  onEvent: PipelineEventSink,
  signal: AbortSignal,
): Promise<void> {
  const { reports, unseen } = await watch.look(signal)
  for (const error of unseen) onEvent({ kind: 'replication-unseen', error })
  for (const { losses, ...report } of reports) {
    onEvent({ kind: 'replication-watched', ...report })
    for (const error of losses) onEvent({ kind: 'replication-loss', table: report.table, error })
  }
}
