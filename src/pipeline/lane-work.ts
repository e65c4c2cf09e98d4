import { createBell } from '../async/bell.ts'
import { createGrace } from '../async/grace.ts'
import type { ProducerRecord } from '../kafka/kafka.ts'
import type { LaneContext } from '../lanes/hand-over.ts'
import type { LaneSession } from '../lanes/lane-session.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { AddressedEntry } from '../lanes/ledger-entry.ts'
import type { Delivery } from './delivery.ts'
import { emptyReadingsOwed } from './empty-readings.ts'
import { dutiesOf, isLedgerOf, raisedEpoch } from './lane-duties.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import { createLaneFeeds } from './lane-feeds.ts'
import type { FeedBatch, LaneFeeds } from './lane-feeds.ts'
import { createLaneHeartbeats } from './heartbeats.ts'
import { createLaneInbox } from './lane-inbox.ts'
import type { LaneInboxOwner } from './lane-inbox.ts'
import { settled } from './attachments.ts'
import { prepareTransaction } from './lane-transaction.ts'
import type { LaneTransaction, LaneWork } from './lane-transaction.ts'
import { createLaneScans } from './snapshot/lane-scans.ts'
import type { LaneScans, ScanBatch } from './snapshot/lane-scans.ts'
import type { RowDelivery } from './snapshot/row-delivery.ts'

/** What runs beside the loop while a session lives: lane 0's coordinator. */
export type LaneCompanion = (session: LaneSession, inbox: LaneInboxOwner, signal: AbortSignal) => Promise<void>

/**
 * Works one session of a lane until `signal` aborts (then a running commit is finished first) or the session is in
 * doubt (then it rejects and everything that was read but not committed is thrown away).
 */
export async function workLane(
  session: LaneSession,
  environment: LaneEnvironment,
  companion: LaneCompanion | undefined,
  signal: AbortSignal,
): Promise<void> {
  const bell = createBell(environment.clock)
  const scope = new AbortController()
  const live = AbortSignal.any([signal, scope.signal])
  const inbox = createLaneInbox(bell.ring)
  await using feeds = createLaneFeeds(session.lane, environment, bell.ring)
  await using scans = createLaneScans(session.lane, environment, feeds, bell.ring)
  let mustFollow = true
  const unlisten = environment.nudges.listen(session.lane, () => {
    mustFollow = true
    bell.ring()
  })
  let companionFailure: { readonly error: unknown } | undefined
  const accompanying = companion?.(session, inbox, live).catch((error: unknown) => {
    if (!live.aborted) companionFailure = { error }
    bell.ring()
  })
  const step = createStep({ session, environment, feeds, scans, inbox, live })
  try {
    let followAt = 0
    while (!signal.aborted) {
      if (companionFailure !== undefined) throw companionFailure.error
      const now = environment.clock.monotonic()
      if (mustFollow || now >= followAt) {
        mustFollow = false
        followAt = now + environment.tuning.followIntervalMs
        await step.follow()
      }
      if (!(await step.commitWhatIsReady()))
        await bell.wait(Math.max(1, followAt - environment.clock.monotonic()), live)
    }
  } finally {
    unlisten()
    scope.abort(signal.reason)
    inbox.close(signal.reason ?? new Error('the lane was released'))
    await accompanying
  }
}

interface StepParts {
  readonly session: LaneSession
  readonly environment: LaneEnvironment
  readonly feeds: LaneFeeds
  readonly scans: LaneScans
  readonly inbox: LaneInboxOwner
  readonly live: AbortSignal
}

interface LaneStep {
  follow(): Promise<void>
  /** One transaction, if there is anything to write; false if there was nothing. */
  commitWhatIsReady(): Promise<boolean>
}

function createStep(parts: StepParts): LaneStep {
  const { session, environment, feeds, scans, inbox, live } = parts
  const { identity, tuning, clock } = environment
  const { lane, state } = session
  const heartbeats = createLaneHeartbeats(environment.heartbeats, { ...environment, lane, lanes: identity.lanes })
  let isStale = true
  const contextNow = (): LaneContext => ({ lane, lanes: identity.lanes, nowMs: clock.now() })
  const commit = async (work: LaneWork): Promise<boolean> => {
    const context = contextNow()
    const transaction = await prepareTransaction(work, state, { context, environment, scans, signal: live })
    const { delivery, rows, entries } = transaction
    for (const { tableArn, version } of delivery.halts) feeds.haltTable(tableArn, version)
    for (const { tableArn, version } of rows.halts) scans.halt(tableArn, version)
    for (const scan of rows.reopen) scans.reopen(scan)
    isStale = isStale || !transaction.isPlain
    // Now it is known what of that which was taken is delivered with this transaction.
    const beats = heartbeats.due(state, feeds, live)
    if (transaction.isEmpty && beats.length === 0) return false
    const startedAt = clock.monotonic()
    using grace = createGrace(clock, live, tuning.stopGraceMs)
    await settled([...delivery.attachments, ...rows.attachments], session, () =>
      session.commit(withBeats(transaction, beats), grace.signal),
    )
    scans.delivered(delivery.progress)
    for (const images of rows.images) scans.remember(images)
    report(delivery, rows, entries, { environment, lane, tookMs: clock.monotonic() - startedAt })
    return true
  }
  return {
    follow: async () => {
      isStale = (await session.follow(live)) || isStale
    },
    commitWhatIsReady: async () => {
      if (isStale && isLedgerOf(state, identity)) {
        isStale = false
        // Shards that are to move must not be read on: their feeds close before the move is committed.
        await Promise.all([feeds.sync(state), scans.sync(state)])
      }
      const { owed, batch, scanned } = takeWork(parts, contextNow())
      // From here on somebody waits for these entries: whatever happens, they are settled.
      const requests = inbox.takeAll()
      try {
        const hasCommitted = await commit({ ...requests, entries: [...requests.entries, ...owed], batch, scanned })
        requests.settle()
        return hasCommitted
      } catch (error) {
        requests.fail(error)
        throw error
      } finally {
        for (const { share } of batch.pages) share.release()
        for (const page of scanned.pages) page.release()
      }
    },
  }
}

function withBeats(transaction: LaneTransaction, beats: readonly ProducerRecord[]): LaneTransaction {
  return beats.length === 0 ? transaction : { ...transaction, output: [...transaction.output, ...beats] }
}

/** What is here for one transaction, and what the lane owes by itself. */
function takeWork(
  { session: { state }, environment: { identity, tuning }, feeds, scans }: StepParts,
  context: LaneContext,
): Omit<LaneWork, 'entries' | 'told'> & { readonly owed: readonly AddressedEntry[] } {
  if (!isLedgerOf(state, identity)) return { owed: raisedEpoch(state, identity), batch: noBatch, scanned: noScans }
  const empty = emptyReadingsOwed(feeds.emptyReadings(), state, context)
  const batch = feeds.takeBatch()
  const scanned = scans.takeBatch(tuning.maxScanBytes, batch.pages.length > 0)
  return { owed: [...empty, ...owedNow(state, context, scans)], batch, scanned }
}

/** A snapshot is not over while changes that its last rows contain are still expected here. */
function owedNow(state: LaneState, context: LaneContext, scans: LaneScans): readonly AddressedEntry[] {
  return dutiesOf(state, context).filter(
    ({ entry, isTombstone }) => entry.kind !== 'report' || isTombstone === true || !scans.isSettling(entry.tableArn),
  )
}

const noBatch: FeedBatch = { pages: [], ends: [], failures: [] }
const noScans: ScanBatch = { baselines: [], pages: [], failures: [] }

function report(
  delivery: Delivery,
  rows: RowDelivery,
  entries: readonly AddressedEntry[],
  parts: { readonly environment: LaneEnvironment; readonly lane: number; readonly tookMs: number },
): void {
  const { environment, lane } = parts
  for (const target of new Set(entries.map((entry) => entry.lane)))
    if (target !== lane) environment.nudges.nudge(target)
  environment.onEvent({
    kind: 'transaction-committed',
    lane,
    changes: delivery.changes,
    records: delivery.output.length + rows.output.length,
    bytes: delivery.bytes + rows.bytes,
    tookMs: parts.tookMs,
    shards: delivery.progress,
  })
  for (const event of [...delivery.events, ...rows.events]) environment.onEvent(event)
}
