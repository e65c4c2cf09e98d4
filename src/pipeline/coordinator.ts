import { backoffDelay } from '../async/backoff.ts'
import { TailraceError } from '../errors.ts'
import { countWithoutIdentity } from '../lanes/identity.ts'
import type { LaneSession } from '../lanes/lane-session.ts'
import { createLedgerView } from '../lanes/ledger-view.ts'
import type { AddressedEntry } from '../lanes/ledger-entry.ts'
import { initializedMark } from './admission.ts'
import type { Coordination, CoordinatorOptions } from './coordination.ts'
import { discoverShards } from './discovery.ts'
import type { LaneInbox } from './lane-inbox.ts'
import { findTables, lookAtTables, settleStops } from './table-watch.ts'

const retryBackoff = { baseMs: 500, capMs: 30_000 }

/**
 * The owner of lane 0 finds tables, watches them, lists their streams now and then and begins what nobody has begun.
 * It only ever adds. Rejects when the pipeline must not go on (a refused configuration, a lost ledger).
 */
export async function coordinate(
  options: CoordinatorOptions,
  session: LaneSession,
  inbox: LaneInbox,
  signal: AbortSignal,
): Promise<void> {
  const { lanes } = options.environment.identity
  const write = (entries: readonly AddressedEntry[]): Promise<void> =>
    entries.length === 0 ? Promise.resolve() : inbox.submit(entries)
  const coordination: Coordination = {
    ...options,
    session,
    ledger: createLedgerView(options.kafka, options.ledgerTopic, lanes),
    write,
    writeTable: (entry) => write(Array.from({ length: lanes }, (_, lane) => ({ lane, entry }))),
  }
  await ensureIdentity(coordination, signal)
  await takeOverTables(coordination, signal)
  await discoverShards(coordination, signal)
  await watch(coordination, signal)
}

/** The first start writes the identity into all partitions; later ones make sure that none has lost it. */
async function ensureIdentity(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { environment, ledger } = coordination
  const { identity } = environment
  const without = countWithoutIdentity(await ledger.refresh(signal))
  if (without > 0) {
    await coordination.write(Array.from({ length: identity.lanes }, (_, lane) => ({ lane, entry: identity })))
  }
}

/** A first start refuses a wrong configuration; a pipeline that runs is not stopped by one table that went away. */
async function takeOverTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  try {
    await findTables(coordination, 'taken-over', signal)
  } catch (error) {
    const isRunning = coordination.session.state.tables.size > 0
    if (!isRunning || !(error instanceof TailraceError) || error.policy !== 'refuse') throw error
    reportFailure(coordination, error, coordination.tuning.tableCheckMs)
  }
}

/**
 * A mark in the consumer group says that this pipeline has run: an empty ledger is then a lost one (admission.ts). It is
 * left once in each life of the coordinator, because a group without members forgets its offsets after some days.
 */
function createMarking(coordination: Coordination, signal: AbortSignal): () => Promise<void> {
  const { environment, kafka, group, ledgerTopic } = coordination
  const metadata = `${initializedMark} ${environment.identity.topicId}`
  let isLeft = false
  return async () => {
    const { member } = environment.membership
    if (isLeft || member === undefined) return
    await kafka.commitGroupOffset({ group, topic: ledgerTopic, partition: 0, offset: 0n, metadata, member }, signal)
    isLeft = true
  }
}

/** Each duty on its own clock; a duty that fails is tried again and does not hold up the others. */
async function watch(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { tuning } = coordination
  const duties: readonly [number, () => Promise<void>][] = [
    [tuning.stopCheckMs, () => settleStops(coordination)],
    [tuning.markCheckMs, createMarking(coordination, signal)],
    [tuning.tableCheckMs, () => lookAtTables(coordination, signal)],
    [tuning.listingMs, () => discoverShards(coordination, signal)],
  ]
  await Promise.all(duties.map(([everyMs, duty]) => repeat(coordination, everyMs, duty, signal)))
}

async function repeat(
  coordination: Coordination,
  everyMs: number,
  duty: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, rng } = coordination.environment
  let failures = 0
  for (;;) {
    // A little jitter, so that the duties of many pipelines do not march in step.
    const pauseMs = failures > 0 ? backoffDelay(retryBackoff, failures, rng) : everyMs * (0.9 + 0.2 * rng.next())
    await clock.sleep(pauseMs, signal)
    try {
      await duty()
      failures = 0
    } catch (error) {
      if (signal.aborted || isFatal(error)) throw error
      failures++
      reportFailure(coordination, error, backoffDelay(retryBackoff, failures, rng))
    }
  }
}

function isFatal(error: unknown): boolean {
  return error instanceof TailraceError && error.policy === 'stop-worker'
}

function reportFailure(coordination: Coordination, error: unknown, retryInMs: number): void {
  const known =
    error instanceof TailraceError
      ? error
      : new TailraceError('KAFKA_PROTOCOL', 'the coordinator met an error', { cause: error })
  coordination.environment.onEvent({ kind: 'coordinator-failed', error: known, retryInMs })
}
