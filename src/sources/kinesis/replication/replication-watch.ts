import { TailraceError } from '../../../errors.ts'
import type { SourceContext } from '../../source-context.ts'
import { isDelivering } from './destination.ts'
import type { Destination } from './destination.ts'
import { lookAtReplication } from './replication.ts'
import type { ReplicationSubject, TableReplication } from './replication.ts'

/** What has become of a table's way into the stream since the look before. */
export interface ReplicationReport {
  readonly table: string
  /** Changes that were given up, and attempts that the stream had no room for. */
  readonly failed: number
  readonly throttled: number
  /** Milliseconds; undefined if nobody says. */
  readonly oldestMs: number | undefined
  /** Whether changes go to the stream; undefined if that could not be asked for. */
  readonly isActive: boolean | undefined
  /** What is lost, where that is new: DESTINATION_INACTIVE or REPLICATION_LOSS. */
  readonly losses: readonly TailraceError[]
}

/** One look. */
export interface ReplicationLook {
  readonly reports: readonly ReplicationReport[]
  /** What could not be seen; told once, until it is seen again. */
  readonly unseen: readonly TailraceError[]
}

/** Looks now and then; nothing is told twice. */
export interface ReplicationWatch {
  /** Rejects with the signal's reason, if the stream cannot be found, or if this process is in trouble itself. */
  look(signal: AbortSignal): Promise<ReplicationLook>
}

/** DynamoDB counts by five minutes, and CloudWatch has a count some minutes later. */
const partMs = 300_000
const settledAfterMs = 600_000

/** Counts from now on; what was lost before is for checks. */
export function createReplicationWatch(
  context: SourceContext,
  subject: Omit<ReplicationSubject, 'streamArn'> & {
    readonly streamArn: (signal: AbortSignal) => Promise<string>
  },
): ReplicationWatch {
  const { clock } = context
  let countedUntilMs = wholeParts(clock.now())
  let toldInactive: ReadonlySet<string> = new Set()
  let toldUnseen: ReadonlySet<string> = new Set()
  return {
    look: async (signal) => {
      const untilMs = Math.max(countedUntilMs, wholeParts(clock.now() - settledAfterMs))
      const hasMetrics = subject.hasMetrics && untilMs > countedUntilMs
      const interval = { fromMs: countedUntilMs, untilMs, partMs }
      const streamArn = await subject.streamArn(signal)
      const view = await lookAtReplication(context, { ...subject, streamArn, hasMetrics }, interval, signal)
      const { tables, unseen } = view
      // What could not be counted is counted by the next look.
      if (view.hasFigures) countedUntilMs = untilMs
      const reports = tables.map((one) => reportOf(one, toldInactive))
      toldInactive = new Set(reports.filter(({ isActive }) => isActive === false).map(({ table }) => table))
      const news = unseen.filter(({ message }) => !toldUnseen.has(message))
      toldUnseen = new Set(unseen.map(({ message }) => message))
      return { reports, unseen: news }
    },
  }
}

function wholeParts(ms: number): number {
  return Math.floor(ms / partMs) * partMs
}

function reportOf({ table, destination, figures }: TableReplication, known: ReadonlySet<string>): ReplicationReport {
  const isActive = destination === undefined ? undefined : isOnItsWay(destination)
  const { failed = 0, throttled = 0, oldestMs } = figures ?? {}
  const losses = [
    ...(isActive === false && !known.has(table) ? [inactive(table, destination)] : []),
    ...(failed > 0 ? [givenUp(table, failed)] : []),
  ]
  return { table, failed, throttled, oldestMs, isActive, losses }
}

function isOnItsWay(destination: Destination | 'none' | 'no-table'): boolean {
  return typeof destination === 'object' && (isDelivering(destination) || destination.status === 'ENABLING')
}

/** The error that says that a table's changes do not go to the stream. */
export function inactive(table: string, destination: TableReplication['destination']): TailraceError {
  const why =
    typeof destination === 'object'
      ? `its destination is ${destination.status}${destination.reason === undefined ? '' : ` (${destination.reason})`}`
      : destination === 'no-table'
        ? 'there is no such table'
        : 'it has no such destination'
  const text = `The changes of table ${table} do not go to the Kinesis stream and are lost to this pipeline: ${why}`
  return new TailraceError('DESTINATION_INACTIVE', text, { details: { table } })
}

/** The error that says that DynamoDB has given changes up. */
export function givenUp(table: string, changes: number): TailraceError {
  const text = `DynamoDB has given up ${changes} changes of table ${table} that it could not write into the Kinesis stream: they are lost`
  return new TailraceError('REPLICATION_LOSS', text, { details: { table, changes } })
}
