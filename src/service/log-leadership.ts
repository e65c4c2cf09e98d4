import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import type { GroupMembership } from '../kafka/group-membership.ts'
import type { KafkaApi, ProducerRecord } from '../kafka/kafka.ts'
import type { TransactionSession, TransactionSessions } from '../kafka/transaction-session.ts'
import type { LogFollower } from './log-follower.ts'
import { connectorKey, encodeServiceRecord } from './service-codec.ts'
import type { ServiceRecord } from './service-codec.ts'
import type { ServiceChange } from './service-state.ts'

/** One taking of the log: the right to write, until the first commit that rejects. Then it is worthless, and the log is taken again. */
export interface LogLeadership extends AsyncDisposable {
  /**
   * Writes in one transaction, `head` alone if there is no change; `follower` has read it when this resolves, and nobody else has led until then.
   * One at a time. Rejects with SERVICE_CHANGING, RECORD_TOO_LARGE or KAFKA_AUTHORIZATION if nothing of the change was written and nothing will be;
   * otherwise it may have been.
   */
  write(change: ServiceChange, signal: AbortSignal): Promise<void>
  /** Rejects when a commit did; never resolves. */
  readonly failed: Promise<never>
}

/** What taking the log needs. */
export interface LogLeadershipOptions {
  readonly kafka: KafkaApi
  readonly clock: Clock
  readonly membership: Pick<GroupMembership, 'owns'>
  readonly sessions: TransactionSessions
  readonly follower: LogFollower
  readonly group: string
  readonly topic: string
  /** Its id: another log under the same name is not taken. */
  readonly topicId: string
  readonly process: string
}

/** The transactional id of a service's log: the same in every process, and in every version. */
export function serviceTransactionalId(group: string): string {
  return `tailrace.service.${group}`
}

/**
 * Fence → still ours? → read up to the high watermark seen after the fence → write who leads. As a lane is taken: what the group says decides nothing,
 * and whoever believes that he still leads is refused by the broker.
 */
export async function takeLog(options: LogLeadershipOptions, signal: AbortSignal): Promise<LogLeadership> {
  const { kafka, follower, topic, membership, group } = options
  await follower.until(() => follower.trouble === undefined, signal)
  await refuseOther(options, signal)
  const session = await options.sessions.open(serviceTransactionalId(group), signal)
  try {
    if (!membership.owns(0)) {
      throw new TailraceError(
        'KAFKA_FENCED',
        `the log of ${group} was given to another process while it was being taken`,
      )
    }
    const { highWatermark } = await kafka.offsets(topic, 0, signal)
    await follower.until(() => follower.position >= highWatermark, signal)
    refuseUnsettled(options, session)
    if (follower.trouble !== undefined) throw follower.trouble
    const leadership = openLeadership(options, session)
    await leadership.write({ put: [], remove: [] }, signal)
    return leadership
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

async function refuseOther(
  { kafka, topic, topicId, follower }: LogLeadershipOptions,
  signal: AbortSignal,
): Promise<void> {
  const found = (await kafka.topics([topic], signal)).get(topic)
  if (found === undefined) throw new TailraceError('KAFKA_PROTOCOL', `topic ${topic} is not to be found`)
  if (found.id === topicId) return
  follower.lose('was deleted and made anew')
  throw follower.trouble
}

/** After the fence, every transaction of the id has its marker, unless a broker has lost it (KAFKA-20734). */
function refuseUnsettled({ topic, follower }: LogLeadershipOptions, { producerId }: TransactionSession): void {
  if (!follower.hasPending(producerId)) return
  throw new TailraceError(
    'KAFKA_MARKERS_LOST',
    `${topic} holds records of producer ${producerId} without a marker, although its transactions are settled`,
    { details: { partition: `${topic}-0`, producerId: String(producerId) } },
  )
}

function openLeadership(options: LogLeadershipOptions, session: TransactionSession): LogLeadership {
  const { follower, process } = options
  const failed = Promise.withResolvers<never>()
  // Whoever does not wait for it hears of it by the commit itself.
  failed.promise.catch(() => undefined)
  return {
    failed: failed.promise,
    write: async (change, signal) => {
      const revision = follower.fold.state.revision + 1
      try {
        await session.commit([recordsOf(options, { change, revision })], signal)
      } catch (error) {
        failed.reject(error)
        throw session.fate === 'aborted' || isNothing(change) ? unwritten(error, process) : error
      }
      await follower.until(() => follower.fold.state.revision >= revision, signal)
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

function recordsOf(
  { follower, group, process, topic, clock }: LogLeadershipOptions,
  { change, revision }: { readonly change: ServiceChange; readonly revision: number },
): readonly ProducerRecord[] {
  const timestamp = clock.now()
  const recordOf = (key: Buffer, value: Buffer | null): ProducerRecord => ({
    topic,
    partition: 0,
    key,
    value,
    headers: [],
    timestamp,
  })
  const encoded = (record: ServiceRecord): ProducerRecord => {
    const { key, value } = encodeServiceRecord(record)
    return recordOf(key, value)
  }
  return [
    ...(follower.fold.isEmpty ? [encoded({ kind: 'identity', group })] : []),
    encoded({ kind: 'head', process, revision }),
    ...change.remove.map((name) => recordOf(Buffer.from(connectorKey(name)), null)),
    ...change.put.map((entry) => encoded({ kind: 'connector', entry })),
  ]
}

function isNothing({ put, remove }: ServiceChange): boolean {
  return put.length + remove.length === 0
}

/** Nothing of a change was written, and nothing will be. */
function unwritten(cause: unknown, process: string): unknown {
  if (cause instanceof TailraceError && (cause.code === 'RECORD_TOO_LARGE' || cause.code === 'KAFKA_AUTHORIZATION')) {
    return cause
  }
  return new TailraceError('SERVICE_CHANGING', `process ${process} leads the service no longer`, { cause })
}
