import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { TailraceError } from '../../../src/errors.ts'
import { apiKeys } from '../../faults/kafka-apis.ts'
import { textOfNote } from './tended-workers.ts'
import type { WorkerNote } from './tended-workers.ts'
import type { TailraceRun } from './tailrace-run.ts'

/** Requests that tailrace sends, in the order of the published table. AddPartitionsToTxn is of transactions V1. */
export const struckApis = [
  'Produce',
  'EndTxn',
  'AddPartitionsToTxn',
  'InitProducerId',
  'FindCoordinator',
  'Metadata',
  'Fetch',
  'ListOffsets',
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
] as const satisfies readonly (keyof typeof apiKeys)[]

/** One of them. */
export type StruckApi = (typeof struckApis)[number]

/** Codes that brokers answer with, and one that they do not know; by number. */
export const struckCodes = {
  UNKNOWN_SERVER_ERROR: -1,
  OFFSET_OUT_OF_RANGE: 1,
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  REQUEST_TIMED_OUT: 7,
  BROKER_NOT_AVAILABLE: 8,
  MESSAGE_TOO_LARGE: 10,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  INVALID_TOPIC_EXCEPTION: 17,
  NOT_ENOUGH_REPLICAS: 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  INVALID_REQUEST: 42,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  INVALID_PRODUCER_ID_MAPPING: 49,
  CONCURRENT_TRANSACTIONS: 51,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  KAFKA_STORAGE_ERROR: 56,
  UNKNOWN_PRODUCER_ID: 59,
  FENCED_LEADER_EPOCH: 74,
  MEMBER_ID_REQUIRED: 79,
  INVALID_RECORD: 87,
  THROTTLING_QUOTA_EXCEEDED: 89,
  PRODUCER_FENCED: 90,
  TRANSACTION_ABORTABLE: 120,
} as const

/** What one API was made to answer. */
export interface CodeStrike {
  readonly api: StruckApi
  readonly codeName: keyof typeof struckCodes
}

/** What a strike was met with. */
export interface CodeOutcome extends CodeStrike {
  /** Answers with the code; 0: the request was not sent meanwhile. */
  readonly struck: number
  /** Of these, over the time of the refusal and all lanes of the one worker. */
  readonly perSecond: number
  /**
   * The strongest reaction: `stop-worker`, `stop-table`, `new-session` of a lane, `duty-repeated` of the coordinator,
   * `group-rejoined`, or `asked-again` without anything that an event tells.
   */
  readonly reaction:
    | 'stop-worker'
    | 'stop-table'
    | 'new-session'
    | 'duty-repeated'
    | 'group-rejoined'
    | 'asked-again'
    | 'not-asked'
  /** Codes of tailrace's errors that were reported, in alphabetical order. */
  readonly errors: readonly string[]
  /** From the end of the refusal until everything worked again; undefined if it did not in time. Milliseconds. */
  readonly recoveryMs: number | undefined
}

/** How long a code is answered. */
export const refusalMs = 3_000
const patienceMs = 40_000

/** Refuses an API for three seconds in a run of one worker, and leaves that run as it found it. */
export async function strikeWithCode(run: TailraceRun, strike: CodeStrike): Promise<CodeOutcome> {
  const { ground, workers, book } = run
  const [proxy] = ground.kafka.doors
  if (proxy === undefined) throw new Error('the broker has no door')
  const from = workers.notes.length
  const met = workers.state()
  const toxic = proxy.add({
    kind: 'answer-with-code',
    apiKey: apiKeys[strike.api],
    errorCode: struckCodes[strike.codeName],
  })
  provoke(run, strike.api)
  await clock.sleep(refusalMs)
  const { struck } = toxic
  book.struck('error-code', struck, met)
  await ground.heal()
  book.ended()
  const healedAt = clock.monotonic()
  const isBack = await untilWorking(run, from)
  const recoveryMs = isBack ? Math.round(clock.monotonic() - healedAt) : undefined
  const notes = workers.notes.slice(from)
  if (notes.some(({ event }) => event.kind !== 'transaction-committed')) await refreshed(run)
  return {
    ...strike,
    struck,
    perSecond: Math.round((struck / refusalMs) * 10_000) / 10,
    reaction: struck === 0 ? 'not-asked' : reactionIn(notes),
    errors: errorsIn(notes),
    recoveryMs,
  }
}

/** One line about an outcome, with the last errors of the run. */
export function describeStrike({ workers }: TailraceRun, outcome: CodeOutcome): string {
  const last = workers.notes.filter(({ event }) => 'error' in event || event.kind === 'table-stopped').slice(-2)
  const { api, codeName, reaction, errors, perSecond } = outcome
  return `${api} ${codeName}: ${reaction} ${errors.join(' ')}, ${perSecond}/s; ${last.map(textOfNote).join('; ')}`
}

/** Some requests are sent only after something has gone wrong: once, so that the API in question is asked at all. */
function provoke({ ground }: TailraceRun, api: StruckApi): void {
  const [proxy] = ground.kafka.doors
  if (api === 'InitProducerId' || api === 'ListOffsets' || api === 'FindCoordinator') {
    proxy?.add({ kind: 'drop-response', apiKey: apiKeys.EndTxn, count: 2 })
  } else if (api === 'JoinGroup' || api === 'SyncGroup') {
    proxy?.add({
      kind: 'answer-with-code',
      apiKey: apiKeys.Heartbeat,
      errorCode: struckCodes.REBALANCE_IN_PROGRESS,
      count: 1,
    })
  }
}

/** Waits of a lane grow while it is in doubt again and again: a new worker begins with short ones. */
async function refreshed(run: TailraceRun): Promise<void> {
  await run.workers.restartAll()
  await untilWorking(run, run.workers.notes.length)
}

/**
 * Does what an operator does: a stopped table is tried again when lane 0 is taken anew, so the worker is started again. Its
 * stop may come a moment after the refusal, on what was seen during it.
 */
async function untilWorking({ workers, ground }: TailraceRun, from: number): Promise<boolean> {
  const deadline = clock.monotonic() + patienceMs
  const hasCaughtUp = (): boolean => workers.state() === 'lanes-taken' && ground.watch.lagMs() < 1_500
  let seen = from
  for (;;) {
    const fresh = workers.notes.slice(seen)
    seen += fresh.length
    if (fresh.some(({ event }) => event.kind === 'table-stopped')) await workers.restartAll()
    else if (hasCaughtUp()) return true
    if (clock.monotonic() > deadline) return false
    await clock.sleep(50)
  }
}

function reactionIn(notes: readonly WorkerNote[]): CodeOutcome['reaction'] {
  const has = (kind: WorkerNote['event']['kind']): boolean => notes.some(({ event }) => event.kind === kind)
  if (has('worker-died')) return 'stop-worker'
  if (has('table-stopped')) return 'stop-table'
  if (has('lane-in-doubt')) return 'new-session'
  if (has('coordinator-failed')) return 'duty-repeated'
  if (has('lanes-assigned')) return 'group-rejoined'
  return 'asked-again'
}

function errorsIn(notes: readonly WorkerNote[]): readonly string[] {
  const codes = notes.flatMap(({ event }) => {
    const error: unknown = 'error' in event ? event.error : undefined
    return error instanceof TailraceError ? [error.code] : error === undefined ? [] : ['UNNAMED']
  })
  return [...new Set(codes)].toSorted()
}
