import { createBell } from '../async/bell.ts'
import { createGrace } from '../async/grace.ts'
import { answersOwed, movesOwed } from '../lanes/hand-over.ts'
import type { LaneContext } from '../lanes/hand-over.ts'
import { compareIdentity } from '../lanes/identity.ts'
import type { LaneSession } from '../lanes/lane-session.ts'
import type { AddressedEntry } from '../lanes/ledger-entry.ts'
import { leftovers, reportsOwed } from '../lanes/snapshot-progress.ts'
import { prepareDelivery } from './delivery.ts'
import type { Delivery } from './delivery.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import { createLaneFeeds } from './lane-feeds.ts'
import type { FeedBatch, LaneFeeds } from './lane-feeds.ts'
import { createLaneInbox } from './lane-inbox.ts'
import type { InboxBatch, LaneInboxOwner } from './lane-inbox.ts'
import { createLaneScans } from './snapshot/lane-scans.ts'
import type { LaneScans, ScanBatch } from './snapshot/lane-scans.ts'
import { prepareRows } from './snapshot/row-delivery.ts'
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
  await using scans = createLaneScans(session.lane, environment, bell.ring)
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
  const { lane } = session
  let isStale = true
  const contextNow = (): LaneContext => ({ lane, lanes: environment.identity.lanes, nowMs: environment.clock.now() })

  /** Identity first: nothing of a foreign or newer pipeline may be read or written. */
  const isOurs = (): boolean => {
    const { identity } = session.state
    return identity !== undefined && compareIdentity(identity, environment.identity) === 'same'
  }
  const follow = async (): Promise<void> => {
    isStale = (await session.follow(live)) || isStale
  }
  const commitWhatIsReady = async (): Promise<boolean> => {
    const isReadable = isOurs()
    if (isStale && isReadable) {
      isStale = false
      // Shards that are to move must not be read on: their feeds close before the move is committed.
      await Promise.all([feeds.sync(session.state), scans.sync(session.state)])
    }
    const owed = isReadable ? duties(session, contextNow()) : raiseEpoch(session, environment)
    const batch = isReadable ? feeds.takeBatch() : { pages: [], ends: [], failures: [] }
    const scanned = isReadable ? scans.takeBatch(environment.tuning.maxScanBytes) : { pages: [], failures: [] }
    // From here on somebody waits for these entries: whatever happens, they are settled.
    const requests = inbox.takeAll()
    try {
      return await commit({ requests, owed, batch, scanned })
    } catch (error) {
      requests.fail(error)
      throw error
    } finally {
      for (const { share } of batch.pages) share.release()
      for (const { share, recent, request } of scanned.pages) {
        share.release()
        recent.settle(request)
      }
    }
  }
  const commit = async (work: {
    readonly requests: InboxBatch
    readonly owed: readonly AddressedEntry[]
    readonly batch: FeedBatch
    readonly scanned: ScanBatch
  }): Promise<boolean> => {
    const context = contextNow()
    const parts = { context, environment, signal: live }
    const delivery = await prepareDelivery(work.batch, session.state, { ...parts, onRecords: scans.note })
    const rows = await prepareRows(work.scanned, session.state, parts)
    const entries = [...work.requests.entries, ...work.owed, ...delivery.entries, ...rows.entries]
    for (const { tableArn, version } of delivery.halts) feeds.haltTable(tableArn, version)
    for (const { tableArn, version } of rows.halts) scans.halt(tableArn, version)
    for (const scan of rows.reopen) scans.reopen(scan)
    isStale = isStale || rows.reopen.length > 0
    if (entries.length === 0 && delivery.output.length === 0) return false
    const startedAt = environment.clock.monotonic()
    using grace = createGrace(environment.clock, live, environment.tuning.stopGraceMs)
    await session.commit({ output: [...delivery.output, ...rows.output], entries }, grace.signal)
    work.requests.settle()
    scans.delivered(delivery.progress)
    isStale = isStale || entries.length > delivery.progress.length
    report(delivery, rows, entries, { environment, lane, tookMs: environment.clock.monotonic() - startedAt })
    return true
  }
  return { follow, commitWhatIsReady }
}

function duties(session: LaneSession, context: LaneContext): readonly AddressedEntry[] {
  const moves = movesOwed(session.state, context)
  if (moves.length > 0) return moves
  const { state } = session
  return [...answersOwed(state, context), ...reportsOwed(state, context), ...leftovers(state, context)]
}

/** A ledger with an older epoch of our own configuration: whoever meets it first raises it everywhere. */
function raiseEpoch(session: LaneSession, environment: LaneEnvironment): readonly AddressedEntry[] {
  if (session.state.identity === undefined) return []
  return Array.from({ length: environment.identity.lanes }, (_, lane) => ({ lane, entry: environment.identity }))
}

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
