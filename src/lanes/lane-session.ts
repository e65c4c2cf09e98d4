import type { FetchedRecord, KafkaApi, ProducerRecord } from '../kafka/kafka.ts'
import type { GroupMembership } from '../kafka/group-membership.ts'
import { createMarkerReader } from '../kafka/marker-reader.ts'
import type { MarkerReader } from '../kafka/marker-reader.ts'
import type { CommitFate, TransactionSession, TransactionSessions } from '../kafka/transaction-session.ts'
import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneFold, LaneState } from './lane-state.ts'
import { decodeEntry, encodeEntry, ledgerKey } from './ledger-codec.ts'
import type { AddressedEntry } from './ledger-entry.ts'

/**
 * One taking of one lane: the fence, what the ledger said after it, and the right to write. After any rejected `commit`
 * the session is worthless: dispose it and take the lane again.
 */
export interface LaneSession extends AsyncDisposable {
  readonly lane: number
  /** Folded from the lane's partition; changes only inside `follow` and `commit`. */
  readonly state: LaneState
  /** Reads what others have written into the lane's partition since. True if the state changed. */
  follow(signal: AbortSignal): Promise<boolean>
  /**
   * Writes records and ledger entries in one transaction, then folds the lane's own entries. One at a time.
   * In at-least-once mode: `topic`s, the output, then `begin`s and all else, then `at`s, each acknowledged before the next; a crash
   * in between repeats records and loses none.
   */
  commit(change: LaneCommit, signal: AbortSignal): Promise<void>
  /** Of the last commit, if it rejected: see {@link TransactionSession.fate}. */
  readonly fate: CommitFate
}

/** What one transaction of a lane carries. */
export interface LaneCommit {
  readonly output: readonly ProducerRecord[]
  readonly entries: readonly AddressedEntry[]
}

/** Takes lanes of one pipeline. */
export interface LaneTaker {
  /**
   * Fence → still assigned? → read the partition up to the high watermark seen after the fence → fold. Entries of a
   * foreign transaction that is still open come later, through `follow`. Rejects with KAFKA_FENCED if the group has
   * given the lane to somebody else meanwhile.
   */
  take(lane: number, signal: AbortSignal): Promise<LaneSession>
}

/** What taking a lane needs. */
export interface LaneTakerOptions {
  readonly kafka: KafkaApi
  readonly sessions: TransactionSessions
  readonly membership: Pick<GroupMembership, 'owns'>
  readonly pipeline: string
  readonly ledgerTopic: string
  readonly clock: Clock
}

/** The transactional id of a lane: one per lane, the same in every process. */
export function transactionalIdOf(pipeline: string, lane: number): string {
  return `tailrace.${pipeline}.${lane}`
}

/** Makes the taker of a pipeline's lanes. */
export function createLaneTaker(options: LaneTakerOptions): LaneTaker {
  const { pipeline, membership } = options
  const refuseLoss = (lane: number): void => {
    if (membership.owns(lane)) return
    throw new TailraceError('KAFKA_FENCED', `lane ${lane} was given to another worker while it was being taken`)
  }
  return {
    take: (lane, signal) => {
      const holder = { lane, transactionalId: transactionalIdOf(pipeline, lane), onFenced: () => refuseLoss(lane) }
      return takePartition(options, holder, signal)
    },
  }
}

/** Who takes a partition of the ledger, and what is to be asked once the fence is up; a throw gives it back. */
export interface PartitionHolder {
  readonly lane: number
  readonly transactionalId: string
  readonly onFenced?: () => void
}

/**
 * Fence the id → read the partition up to the high watermark seen after the fence → fold. What the session then writes is
 * fenced by that id alone: whoever takes the same partition under another id must not decide about the same shards.
 */
export async function takePartition(
  options: Pick<LaneTakerOptions, 'kafka' | 'sessions' | 'ledgerTopic' | 'clock'>,
  { lane, transactionalId, onFenced }: PartitionHolder,
  signal: AbortSignal,
): Promise<LaneSession> {
  const { kafka, ledgerTopic } = options
  const transactions = await options.sessions.open(transactionalId, signal)
  try {
    onFenced?.()
    const fold = createLaneFold()
    const reader = createMarkerReader({ kafka, topic: ledgerTopic, partition: lane })
    const { highWatermark } = await kafka.offsets(ledgerTopic, lane, signal)
    const entries = await readLedger(reader, { topic: ledgerTopic, lane, highWatermark }, signal)
    refuseUnsettled(reader, transactions, `${ledgerTopic}-${lane}`)
    foldAll(fold, entries)
    return openLaneSession({ lane, fold, reader, transactions, ledgerTopic, clock: options.clock })
  } catch (error) {
    await transactions[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * After the fence, every transaction of the lane's own id has its marker. A broker that has lost one (KAFKA-20734) would let
 * the next transaction decide about the old records, too: better to wait for somebody than to repeat or lose them.
 */
function refuseUnsettled(reader: MarkerReader, { producerId }: TransactionSession, partition: string): void {
  if (!reader.pendingProducers.has(producerId)) return
  throw new TailraceError(
    'KAFKA_MARKERS_LOST',
    `${partition} holds records of producer ${producerId} without a marker, although its transactions are settled`,
    { details: { partition, producerId: String(producerId) } },
  )
}

/**
 * Everything resolved up to a mark. A compacted topic keeps the newest record of every key, so its log begins at 0: if it
 * does not, somebody has deleted records, and positions with them (LEDGER_LOST).
 */
export async function readLedger(
  reader: MarkerReader,
  mark: { readonly topic: string; readonly lane: number; readonly highWatermark: bigint },
  signal: AbortSignal,
): Promise<readonly FetchedRecord[]> {
  const records = await reader.readTo(mark.highWatermark, signal)
  const { logStart = 0n } = reader
  if (logStart > 0n) {
    throw new TailraceError(
      'LEDGER_LOST',
      `records of ${mark.topic}-${mark.lane} before offset ${logStart} were deleted`,
    )
  }
  return records
}

interface LaneSessionParts {
  readonly lane: number
  readonly fold: LaneFold
  readonly reader: MarkerReader
  readonly transactions: TransactionSession
  readonly ledgerTopic: string
  readonly clock: Clock
}

function openLaneSession(parts: LaneSessionParts): LaneSession {
  const { lane, fold, reader, transactions } = parts
  return {
    lane,
    state: fold.state,
    get fate() {
      return transactions.fate
    },
    follow: async (signal) => foldAll(fold, await reader.poll(signal, 0)),
    commit: async (change, signal) => {
      await transactions.commit(phasesOf(change, parts), signal)
      for (const { entry, isTombstone } of change.entries.filter((addressed) => addressed.lane === lane)) {
        fold.apply(isTombstone === true ? { kind: 'forget', key: ledgerKey(entry) } : { kind: 'entry', entry })
      }
    },
    [Symbol.asyncDispose]: () => transactions[Symbol.asyncDispose](),
  }
}

function foldAll(fold: LaneFold, records: readonly FetchedRecord[]): boolean {
  let hasChanged = false
  for (const record of records) hasChanged = fold.apply(decodeEntry(record.key, record.value)) || hasChanged
  return hasChanged
}

/**
 * Positions come last, so that at least once means at least once: see {@link LaneSession.commit}. What is known of topics comes
 * first: records in a topic of which nobody knows how many partitions it had then could be overtaken in another one.
 */
function phasesOf(change: LaneCommit, parts: LaneSessionParts): readonly (readonly ProducerRecord[])[] {
  const timestamp = parts.clock.now()
  const records = (entries: readonly AddressedEntry[]): readonly ProducerRecord[] =>
    entries.map(({ lane, entry, isTombstone }) => {
      const { key, value } = encodeEntry(entry)
      return {
        topic: parts.ledgerTopic,
        partition: lane,
        key,
        value: isTombstone ? null : value,
        headers: [],
        timestamp,
      }
    })
  const isPosition = ({ entry }: AddressedEntry): boolean => entry.kind === 'at'
  const isTopic = ({ entry }: AddressedEntry): boolean => entry.kind === 'topic'
  return [
    records(change.entries.filter(isTopic)),
    change.output,
    records(change.entries.filter((addressed) => !isPosition(addressed) && !isTopic(addressed))),
    records(change.entries.filter(isPosition)),
  ]
}
