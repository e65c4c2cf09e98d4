import type { SkippedTable } from '../change/skipped-table.ts'
import type { Table } from '../change/table.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { TailraceError } from '../errors.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import { skippedEntry } from '../lanes/skipped-tables.ts'
import { isResting } from '../lanes/table-rest.ts'
import type { SearchListener } from '../sources/source.ts'
import { reportFailure } from './coordination.ts'
import type { Coordination } from './coordination.ts'
import { discoverShards } from './discovery.ts'
import { leaveOutCollisions, startTables } from './new-tables.ts'
import type { Admitted } from './new-tables.ts'
import { beginSnapshots, regainTables, tellIfLoaded } from './snapshot/snapshot-duties.ts'
import { rulesFor } from './snapshot/snapshot-life.ts'
import { hasStream } from './stream-presence.ts'
import {
  afterDraining,
  afterLookingAgain,
  afterModeChange,
  afterSeeingRetention,
  afterSeeingTopic,
  afterStopRequest,
  afterTakeOver,
  hasUnfinishedShards,
  unfinishedShards,
} from './table-life.ts'
import type { TableDecision } from './table-life.ts'
import { afterAbsence, afterReturn } from './table-retirement.ts'
import { refuseRenaming, refuseTopicChange } from './topic-change.ts'

/** When tables are looked at: when lane 0 was taken, or every now and then. */
export type LookOccasion = 'taken-over' | 'looking-again'

/**
 * Holds the configured tables against the ledger: new ones get their topic and their entry, replaced ones begin to
 * drain, those that are meant again go on. `taken-over` also tries stopped tables again. A new table that cannot be taken up is left
 * out until the next look; a first start, with nothing in the ledger, refuses it. Returns the ARNs of tables whose streams are to
 * be listed now.
 */
export async function findTables(
  coordination: Coordination,
  occasion: LookOccasion,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { session, topics, environment, lastLook } = coordination
  const isFirst = occasion === 'taken-over' && session.state.tables.size === 0
  const now = await tablesNow(coordination, isFirst, signal)
  coordination.found.clear()
  for (const { arn } of now.tables) coordination.found.add(arn)
  const found = isFirst ? { tables: now.tables, skipped: [] } : leaveOutCollisions(coordination, now.tables)
  topics.refuseCollisions(found.tables)
  const unknown = found.tables.filter(({ arn }) => !session.state.tables.has(arn))
  const earlier = found.tables.filter(({ arn }) => session.state.tables.has(arn))
  const started = await startTables(coordination, unknown, isFirst, signal)
  const skipped = [...now.skipped, ...found.skipped, ...started.skipped]
  await tellOfLook(coordination, found.tables.length - started.skipped.length, skipped)
  const returned: string[] = []
  for (const table of earlier) {
    const known = session.state.tables.get(table.arn)
    if (known === undefined) continue
    refuseRenaming(topics, known)
    const topicId = await refuseTopicChange(topics, known, signal)
    await decide(coordination, afterSeeingTopic(known, topicId))
    const nowMs = environment.clock.now()
    const entry = (): TableEntry => session.state.tables.get(table.arn) ?? known
    const renewed = afterSeeingRetention(entry(), table)
    if (renewed !== undefined) await coordination.writeTables([renewed])
    const back = afterReturn(entry())
    await decide(coordination, back)
    if (back !== undefined) returned.push(table.arn)
    await decide(coordination, afterLookingAgain(entry(), table, nowMs))
    if (occasion === 'looking-again' && back === undefined) continue
    const rules = rulesFor(coordination.snapshots, table)
    await decide(coordination, afterTakeOver(entry(), rules))
    await decide(coordination, afterModeChange(entry(), rules, nowMs))
  }
  lastLook.hasTakenOver = true
  return [...started.tables.map(({ arn }) => arn), ...returned]
}

/** What can happen to a table under a pipeline that runs; it must not hold up the others. */
const goneCodes: ReadonlySet<ErrorCode> = new Set(['TABLE_NOT_FOUND', 'STREAM_DISABLED', 'STREAM_VIEW_TYPE'])

/**
 * The tables that the configuration means now. A first start refuses a table that is named and cannot be read; a pipeline that has
 * run goes on with the tables it knows, as far as they can be seen, and tells of the others. That nothing matches a pattern, or
 * has the tags, is only told: something may later.
 */
async function tablesNow(coordination: Coordination, isFirst: boolean, signal: AbortSignal): Promise<Admitted> {
  const { environment, session, tuning, lastLook } = coordination
  let isPartial = false
  const skipped: SkippedTable[] = []
  const missing = (error: TailraceError): void => {
    reportFailure(coordination, error, tuning.tableCheckMs)
    skipped.push(...skippedFor(error))
  }
  const listener: SearchListener = {
    skipped: (table) => skipped.push(table),
    silent: () => void (isPartial = true),
    unmatched: (error) => skipped.push(...skippedFor(error)),
    ...(isFirst ? {} : { missing }),
  }
  const orReport = async <T>(work: Promise<T>, otherwise: () => Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      const isGone = error instanceof TailraceError && goneCodes.has(error.code)
      if (!isGone || isFirst) throw error
      reportFailure(coordination, error, tuning.tableCheckMs)
      return otherwise()
    }
  }
  const read = [...session.state.tables.values()].filter(({ status }) => status.kind !== 'retired')
  const known = read.map(({ table }) => table.arn)
  const each = (): Promise<readonly Table[]> =>
    Promise.all(known.map((arn) => orReport(describe(arn), () => Promise.resolve([])))).then((lists) => lists.flat())
  const describe = async (arn: string): Promise<readonly Table[]> => [
    await environment.source.describeTable(arn, signal),
  ]
  try {
    const tables = await orReport(environment.source.findTables(signal, listener), each)
    lastLook.isPartial = isPartial
    return { tables, skipped }
  } catch (error) {
    // Where nothing is left to read, what was skipped says why.
    if (!signal.aborted && skipped.length > 0) await tellOfLook(coordination, 0, skipped)
    throw error
  }
}

/** To whoever listens once, and whenever something is different; to whoever asks for a status, by the ledger. */
async function tellOfLook(coordination: Coordination, tables: number, skipped: readonly SkippedTable[]): Promise<void> {
  const { lastLook, environment, session, write } = coordination
  const seen = JSON.stringify([tables, skipped])
  if (lastLook.seen !== seen) environment.onEvent({ kind: 'tables-looked-for', tables, skipped })
  lastLook.seen = seen
  const entry = skippedEntry(session.state.skipped, skipped, environment.clock.now())
  if (entry !== undefined) await write([{ lane: 0, entry }])
}

/** What was asked for by name or pattern, and is left out; nothing if the error does not say what that is. */
function skippedFor({ code, message, details }: TailraceError): readonly SkippedTable[] {
  const what = details['table'] ?? details['pattern']
  if (typeof what !== 'string') return []
  const name = what.slice(what.indexOf('/') + 1)
  return [{ name, ...(what.startsWith('arn:') ? { arn: what } : {}), code, message }]
}

/**
 * Tables that were not found are asked for one by one, and retired if they are not meant any more, or gone. Never because
 * a listing lacks them. `taken-over` also tries stopped tables again that are gone, as long as their streams can be read.
 */
export async function retireTables(
  coordination: Coordination,
  occasion: LookOccasion,
  signal: AbortSignal,
): Promise<void> {
  const { session, found, absences, environment, ledger } = coordination
  for (const known of session.state.tables.values()) {
    const { table, status } = known
    const isAbsent = status.kind !== 'retired' && !found.has(table.arn)
    const absence = isAbsent ? await environment.source.whyAbsent?.(table, signal) : undefined
    absences.note(table.arn, absence)
    if (occasion === 'taken-over' && absence !== 'unknown' && absence?.kind === 'gone')
      await reviveGone(coordination, known, signal)
  }
  const certain = absences.certain()
  if (certain.size === 0) return
  const ledgers = await ledger.refresh(signal)
  for (const [arn, absence] of certain) {
    const isStreamGone = absence.kind === 'gone' && (await hasLostStream(coordination, { arn, ledgers }, signal))
    const known = session.state.tables.get(arn)
    if (known === undefined) continue
    const decision = afterAbsence(known, absence, { ledgers, isStreamGone, nowMs: environment.clock.now() })
    const isLoss = decision !== undefined && isStreamGone
    await decide(coordination, decision, isLoss ? unfinishedShards(known, ledgers) : [])
  }
}

/** What is left of its stream is delivered, if whatever it has stopped by is mended. */
async function reviveGone(coordination: Coordination, known: TableEntry, signal: AbortSignal): Promise<void> {
  const { snapshots, environment } = coordination
  const revived = afterTakeOver(known, rulesFor(snapshots, known.table))
  if (revived === undefined || (await hasStream(environment.source, known.table.streamArn, signal)) !== true) return
  await decide(coordination, revived)
}

/** True if two looks in succession have shown that there is no stream whose unread rest could be waited for. */
async function hasLostStream(
  { session, environment, goneStreams }: Coordination,
  { arn, ledgers }: { readonly arn: string; readonly ledgers: readonly LaneState[] },
  signal: AbortSignal,
): Promise<boolean> {
  const known = session.state.tables.get(arn)
  if (known === undefined || !hasUnfinishedShards(known, ledgers)) return false
  const { streamArn } = known.table
  const isThere = await hasStream(environment.source, streamArn, signal)
  const gone = { kind: 'gone', reason: `there is no stream ${streamArn}` } as const
  goneStreams.note(streamArn, isThere === undefined ? 'unknown' : isThere ? undefined : gone)
  return goneStreams.certain().has(streamArn)
}

/** The regular look: tables that match a pattern only now, replaced streams, streams that are drained. */
export async function lookAtTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const occasion = coordination.lastLook.hasTakenOver ? 'looking-again' : 'taken-over'
  const started = await findTables(coordination, occasion, signal)
  if (started.length > 0) {
    await discoverShards(coordination, signal)
    await beginSnapshots(coordination, signal)
  }
  await retireTables(coordination, occasion, signal)
  const draining = [...coordination.session.state.tables.values()].filter((table) => table.status.kind === 'draining')
  if (draining.length > 0) await settleDraining(coordination, draining, signal)
  await regainTables(coordination, signal)
  // The last report may have come while it was not certain yet what else is to be loaded.
  tellIfLoaded(coordination)
}

async function settleDraining(
  coordination: Coordination,
  draining: readonly TableEntry[],
  signal: AbortSignal,
): Promise<void> {
  const ledgers = await coordination.ledger.refresh(signal)
  for (const table of draining)
    await decide(coordination, afterDraining(table, ledgers, coordination.environment.clock.now()))
}

/**
 * Stop requests that lanes have written into lane 0's partition. What its configuration wants to be taken up again by a snapshot does
 * not wait for the next look: it may be a table whose first snapshot was to begin just now.
 */
export async function settleStops(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { stops, tables } = coordination.session.state
  let hasStopped = false
  for (const request of stops.values()) {
    const known = tables.get(request.tableArn)
    const decision = known === undefined ? undefined : afterStopRequest(known, request)
    hasStopped ||= decision !== undefined
    await decide(coordination, decision)
  }
  if (hasStopped) await regainTables(coordination, signal)
}

/** `unread`: the shards of a retired table that were not read to their end, and never will be. */
async function decide(
  coordination: Coordination,
  decision: TableDecision,
  unread: readonly string[] = [],
): Promise<void> {
  if (decision === undefined) return
  await coordination.writeTables([decision])
  const { onEvent } = coordination.environment
  const { table, status } = decision
  if (status.kind === 'stopped')
    onEvent({ kind: 'table-stopped', table: table.name, code: status.code, reason: status.reason })
  else if (status.kind === 'streaming' && !isResting(decision)) onEvent({ kind: 'table-resumed', table: table.name })
  else if (status.kind === 'draining')
    onEvent({ kind: 'table-replaced', table: table.name, oldStream: table.streamArn, newStream: status.replacedBy })
  else if (status.kind === 'retired')
    onEvent({ kind: 'table-retired', table: table.name, why: status.why, reason: status.reason, unread })
}
