import { backoffDelay } from '../async/backoff.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { countWithoutIdentity } from '../lanes/identity.ts'
import type { LaneSession } from '../lanes/lane-session.ts'
import { createLedgerView } from '../lanes/ledger-view.ts'
import { missingTables } from '../lanes/missing-tables.ts'
import { createCoordinatedWrite } from './coordinated-write.ts'
import { reportFailure } from './coordination.ts'
import type { Coordination, CoordinatorOptions } from './coordination.ts'
import { discoverShards } from './discovery.ts'
import type { LaneInbox } from './lane-inbox.ts'
import { watchReplication } from './replication-duty.ts'
import { beginSignals, signalDuties } from './signals/signal-duties.ts'
import { advanceExports } from './snapshot/export-duties.ts'
import {
  beginSnapshots,
  regainTables,
  retrySnapshots,
  settleReports,
  tellIfLoaded,
} from './snapshot/snapshot-duties.ts'
import { settleRequests } from './settle-requests.ts'
import { rulesFor } from './snapshot/snapshot-life.ts'
import { createAbsenceWatch } from './table-retirement.ts'
import { findTables, lookAtTables, retireTables, settleStops } from './table-watch.ts'

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
  const { clock, identity } = options.environment
  const { lanes } = identity
  const { notifier, snapshots } = options
  const isSkipping = (table: Table): boolean => rulesFor(snapshots, table).mode === 'never'
  const write = createCoordinatedWrite({ state: session.state, inbox, clock, isSkipping, notifier, signal })
  const coordination: Coordination = {
    ...options,
    session,
    found: new Set(),
    absences: createAbsenceWatch(),
    goneStreams: createAbsenceWatch(),
    lastLook: { seen: undefined, isPartial: false, hasTakenOver: false },
    ledger: createLedgerView(options.kafka, options.ledgerTopic, lanes),
    write,
    writeTables: (entries) =>
      write(entries.flatMap((entry) => Array.from({ length: lanes }, (_, lane) => ({ lane, entry })))),
  }
  await ensureIdentity(coordination, signal)
  await repairTables(coordination, signal)
  await beginSignals(coordination, signal)
  await takeUpTables(coordination, signal)
  await discoverShards(coordination, signal)
  const isPipelineStart = options.isPipelineStart()
  // What goes wrong with a snapshot must not keep the others, nor the pipeline, from starting: the duties try again.
  for (const begin of [
    () => retrySnapshots(coordination, signal),
    () => beginSnapshots(coordination, signal, { isPipelineStart }),
    () => regainTables(coordination, signal),
  ])
    await tolerantly(coordination, begin, signal)
  tellIfLoaded(coordination)
  await watch(coordination, signal)
}

/** A pipeline that has tables goes on with them, whatever a look meets that is no refusal: the looks that follow try again. */
async function takeUpTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const isFirst = coordination.session.state.tables.size === 0
  try {
    await findTables(coordination, 'taken-over', signal)
    await retireTables(coordination, 'taken-over', signal)
  } catch (error) {
    const isRefusal = error instanceof TailraceError && error.policy === 'refuse'
    if (isFirst || isRefusal || signal.aborted || isFatal(error)) throw error
    reportFailure(coordination, error, coordination.tuning.tableCheckMs)
  }
}

async function tolerantly(coordination: Coordination, duty: () => Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await duty()
  } catch (error) {
    if (signal.aborted || isFatal(error)) throw error
    reportFailure(coordination, error, coordination.tuning.tableCheckMs)
  }
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

/**
 * Without transactions a table's entry may have reached only some of the partitions before a coordinator died: the lanes
 * without it would leave their shards unread. The greatest version that any partition holds goes to those that lack it.
 */
async function repairTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  await coordination.write(missingTables(await coordination.ledger.refresh(signal)))
}

/** Each duty on its own clock; a duty that fails is tried again and does not hold up the others. */
async function watch(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { tuning, replication, environment } = coordination
  const duties: [number, () => Promise<void>][] = [
    [tuning.stopCheckMs, () => settleStops(coordination, signal)],
    [tuning.stopCheckMs, () => settleReports(coordination, signal)],
    [tuning.stopCheckMs, () => settleRequests(coordination, signal)],
    [tuning.exportCheckMs, () => advanceExports(coordination, signal)],
    [tuning.tableCheckMs, () => lookAtTables(coordination, signal)],
    [tuning.listingMs, () => discoverShards(coordination, signal).then(() => beginSnapshots(coordination, signal))],
    ...signalDuties(coordination, signal),
  ]
  if (replication !== undefined)
    duties.push([tuning.replicationMs, () => watchReplication(replication, environment.onEvent, signal)])
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
      if (isOutdated(error)) continue
      reportFailure(coordination, error, backoffDelay(retryBackoff, failures, rng))
    }
  }
}

/** Another duty was quicker: this one decides anew. */
function isOutdated(error: unknown): boolean {
  return error instanceof TailraceError && error.code === 'DECISION_OUTDATED'
}

function isFatal(error: unknown): boolean {
  return error instanceof TailraceError && error.policy === 'stop-worker'
}
