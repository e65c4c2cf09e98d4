import { mapBounded } from '../async/map-bounded.ts'
import type { Table } from '../change/table.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { TailraceError } from '../errors.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import { isResting } from '../lanes/table-rest.ts'
import { loadedByAnother } from '../lanes/take-over.ts'
import type { SearchListener } from '../sources/source.ts'
import { reportFailure } from './coordination.ts'
import type { Coordination } from './coordination.ts'
import { discoverShards } from './discovery.ts'
import { isToBeExported } from './snapshot/snapshot-context.ts'
import { beginSnapshots, regainTables } from './snapshot/snapshot-duties.ts'
import { rulesFor } from './snapshot/snapshot-life.ts'
import { notBeforeOf } from './start-position.ts'
import {
  afterDraining,
  afterLookingAgain,
  afterModeChange,
  afterSeeingRetention,
  afterSeeingTopic,
  afterStopRequest,
  afterTakeOver,
  firstEntry,
} from './table-life.ts'
import type { TableDecision } from './table-life.ts'
import { afterAbsence, afterReturn } from './table-retirement.ts'
import type { SkippedTable } from './pipeline-event.ts'
import { refuseRenaming, refuseTopicChange } from './topic-change.ts'
import type { ProvidedTopic } from './topic-provisioner.ts'

/**
 * Holds the configured tables against the ledger: new ones get their topic and their entry, replaced ones begin to
 * drain, those that are meant again go on. `taken-over` also tries stopped tables again. Returns the ARNs of tables whose
 * streams are to be listed now.
 */
export async function findTables(
  coordination: Coordination,
  occasion: 'taken-over' | 'looking-again',
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { session, topics, environment } = coordination
  const found = await tablesNow(coordination, signal)
  coordination.found.clear()
  for (const { arn } of found) coordination.found.add(arn)
  topics.refuseCollisions(found)
  const unknown = found.filter(({ arn }) => !session.state.tables.has(arn))
  const earlier = found.filter(({ arn }) => session.state.tables.has(arn))
  await startTables(coordination, unknown, signal)
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
  return [...unknown.map(({ arn }) => arn), ...returned]
}

/** What can happen to a table under a pipeline that runs; it must not hold up the others. */
const goneCodes: ReadonlySet<ErrorCode> = new Set(['TABLE_NOT_FOUND', 'STREAM_DISABLED', 'STREAM_VIEW_TYPE'])

/**
 * The tables that the configuration means now. A first start refuses a table that cannot be read; a pipeline that has run
 * goes on with the tables it knows, as far as they can be seen, and tells of the others.
 */
async function tablesNow(coordination: Coordination, signal: AbortSignal): Promise<readonly Table[]> {
  const { environment, session, tuning } = coordination
  const skipped: SkippedTable[] = []
  const missing = (error: TailraceError): void => reportFailure(coordination, error, tuning.tableCheckMs)
  const listener: SearchListener = {
    skipped: (table, code) => skipped.push({ table, code }),
    ...(session.state.tables.size === 0 ? {} : { missing }),
  }
  const orReport = async <T>(work: Promise<T>, otherwise: () => Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      const isGone = error instanceof TailraceError && goneCodes.has(error.code)
      if (!isGone || session.state.tables.size === 0) throw error
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
  const all = await orReport(environment.source.findTables(signal, listener), each)
  const refused: TailraceError[] = []
  const found = all.filter((table) => {
    const error = refusalOf(coordination, table)
    if (error === undefined) return true
    refused.push(error)
    skipped.push({ table: table.name, code: error.code })
    return false
  })
  tellOfLook(coordination, found, skipped)
  for (const error of refused) reportFailure(coordination, error, tuning.tableCheckMs)
  return found
}

/** Why a new table is not begun: its topic is reserved. One that is known stops at its next change, by the stages. Neither holds up the others. */
function refusalOf({ topics, session }: Coordination, table: Table): TailraceError | undefined {
  if (session.state.tables.has(table.arn)) return undefined
  try {
    topics.refuseReserved(topics.nameOf(table))
    return undefined
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
}

/** Once, and whenever something is different. */
function tellOfLook(coordination: Coordination, found: readonly Table[], skipped: readonly SkippedTable[]): void {
  const { lastLook, environment } = coordination
  const seen = JSON.stringify([found.length, skipped])
  if (lastLook.seen === seen) return
  lastLook.seen = seen
  environment.onEvent({ kind: 'tables-looked-for', tables: found.length, skipped })
}

/**
 * Tables that were not found are asked for one by one, and retired if they are not meant any more, or gone. Never because
 * a listing lacks them.
 */
export async function retireTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const { session, found, absences, environment, ledger } = coordination
  for (const { table, status } of session.state.tables.values()) {
    const isAbsent = status.kind !== 'retired' && !found.has(table.arn)
    absences.note(table.arn, isAbsent ? await environment.source.whyAbsent?.(table, signal) : undefined)
  }
  const certain = absences.certain()
  if (certain.size === 0) return
  const ledgers = await ledger.refresh(signal)
  for (const [arn, absence] of certain) {
    const known = session.state.tables.get(arn)
    if (known === undefined) continue
    await decide(coordination, afterAbsence(known, absence, { ledgers, nowMs: environment.clock.now() }))
  }
}

/** The regular look: tables that match a pattern only now, replaced streams, streams that are drained. */
export async function lookAtTables(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const started = await findTables(coordination, 'looking-again', signal)
  if (started.length > 0) {
    await discoverShards(coordination, signal)
    await beginSnapshots(coordination, signal)
  }
  await retireTables(coordination, signal)
  const draining = [...coordination.session.state.tables.values()].filter((table) => table.status.kind === 'draining')
  if (draining.length > 0) await settleDraining(coordination, draining, signal)
  await regainTables(coordination, signal)
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

/** Stop requests that lanes have written into lane 0's partition. */
export async function settleStops(coordination: Coordination): Promise<void> {
  const { stops, tables } = coordination.session.state
  for (const request of stops.values()) {
    const known = tables.get(request.tableArn)
    if (known !== undefined) await decide(coordination, afterStopRequest(known, request))
  }
}

/** Tables whose topics are looked for at the same time, and whose entries go into one transaction. */
const tablesAtOnce = 20

async function startTables(coordination: Coordination, tables: readonly Table[], signal: AbortSignal): Promise<void> {
  const { environment, topics, writeTables } = coordination
  for (let at = 0; at < tables.length; at += tablesAtOnce) {
    const entries = await mapBounded(tables.slice(at, at + tablesAtOnce), tablesAtOnce, async (table) =>
      newTable(coordination, table, {
        provided: await topics.provide(table, signal),
        isLoading: await isToBeLoaded(coordination, table, signal),
      }),
    )
    await writeTables(entries)
    for (const { table, topic } of entries)
      environment.onEvent({ kind: 'table-started', table: table.name, topic, streamArn: table.streamArn })
  }
}

function newTable(
  { environment, start, session }: Coordination,
  table: Table,
  { provided, isLoading }: { readonly provided: ProvidedTopic; readonly isLoading: boolean },
): TableEntry {
  const nowMs = environment.clock.now()
  const entry = firstEntry(table, provided, notBeforeOf(start, nowMs))
  return isLoading
    ? { ...entry, status: { kind: 'loading' } }
    : { ...entry, snapshot: loadedByAnother(session.state, table, nowMs) }
}

/** Nothing of its stream is read for now: it is only to be loaded, or begins with an export. */
async function isToBeLoaded(
  { snapshots, environment: { source } }: Coordination,
  table: Table,
  signal: AbortSignal,
): Promise<boolean> {
  const { mode, exports } = rulesFor(snapshots, table)
  if (mode === 'only') return true
  return mode !== 'never' && exports !== undefined && (await isToBeExported(exports, source, table, signal))
}

async function decide(coordination: Coordination, decision: TableDecision): Promise<void> {
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
    onEvent({ kind: 'table-retired', table: table.name, why: status.why, reason: status.reason })
}
