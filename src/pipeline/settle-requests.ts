import { TailraceError } from '../errors.ts'
import type { RequestEntry, SnapshotAction, TableAction, TableEntry } from '../lanes/ledger-entry.ts'
import { isResting } from '../lanes/table-rest.ts'
import { reportFailure } from './coordination.ts'
import type { Coordination } from './coordination.ts'
import { discoverShards, tableEntries } from './discovery.ts'
import { withImpatience } from './impatient-source.ts'
import { contextFor, contextNow } from './snapshot/snapshot-context.ts'
import { beginSnapshots, tell } from './snapshot/snapshot-duties.ts'
import { afterRequest, rulesFor } from './snapshot/snapshot-life.ts'
import type { RequestOutcome } from './snapshot/snapshot-life.ts'
import { hasStream } from './stream-presence.ts'
import { afterTableRequest } from './table-target.ts'
import type { TableRequestContext } from './table-target.ts'

/**
 * Requests, from lane 0's partition, each table's in the order in which they were written. What becomes of one and that it is
 * settled are one transaction, so that it is carried out once; whoever asked finds the answer in the table's entry. A source that
 * does not answer holds up only what asks it: others of that kind wait for the next round, one at a time.
 */
export async function settleRequests(coordination: Coordination, signal: AbortSignal): Promise<void> {
  const impatient = withImpatience(coordination)
  /** ARNs of tables whose requests wait for the next round. */
  const waiting = new Set<string>()
  for (const entry of coordination.session.state.requests.values()) {
    if (waiting.has(entry.tableArn)) continue
    if (impatient.isSourceSilent() && asksSource(entry.action)) {
      waiting.add(entry.tableArn)
      continue
    }
    try {
      await settle(impatient, entry, signal)
    } catch (error) {
      if (signal.aborted || !(error instanceof TailraceError) || error.code !== 'AWS_UNREACHABLE') throw error
      waiting.add(entry.tableArn)
      reportFailure(coordination, error, coordination.tuning.stopCheckMs)
    }
  }
}

async function settle(coordination: Coordination, entry: RequestEntry, signal: AbortSignal): Promise<void> {
  const known = coordination.session.state.tables.get(entry.tableArn)
  const tombstone = { lane: 0, entry, isTombstone: true }
  if (known === undefined) {
    await coordination.write([tombstone])
    return
  }
  const outcome = await outcomeOf(coordination, { known, entry }, signal)
  const settled = { request: entry.id, refusal: outcome.kind === 'refused' ? outcome.reason : undefined }
  const table: TableEntry =
    outcome.kind === 'done' ? { ...outcome.table, settled } : { ...known, version: known.version + 1, settled }
  await coordination.write([...(await tableEntries(coordination, table, signal)), tombstone])
  if (outcome.kind === 'refused') return
  if (!isOfTable(entry.action)) {
    tell(coordination, table)
    return
  }
  tellOfTable(coordination, known, table)
  if (!isResting(table)) await beginAgain(coordination, entry.tableArn, signal)
}

/** While it stood still nobody has begun what is new in its stream, nor the snapshot that it is to have. */
async function beginAgain(coordination: Coordination, tableArn: string, signal: AbortSignal): Promise<void> {
  const only = new Set([tableArn])
  await discoverShards(coordination, signal, only)
  await beginSnapshots(coordination, signal, { only })
}

/** What becomes of it, or what follows on it, depends on what the source says. */
function asksSource(action: SnapshotAction | TableAction): boolean {
  return isOfTable(action) ? action.kind === 'restart' || action.target === 'RUNNING' : action.kind === 'start'
}

async function outcomeOf(
  coordination: Coordination,
  { known, entry }: { readonly known: TableEntry; readonly entry: RequestEntry },
  signal: AbortSignal,
): Promise<RequestOutcome> {
  const { action } = entry
  if (isOfTable(action)) {
    const context = await requestContext(coordination, known, { action, signal })
    return afterTableRequest(known, action, context)
  }
  const isStart = action.kind === 'start'
  const context = isStart ? await contextFor(coordination, known, signal) : contextNow(coordination, known)
  return afterRequest(known, action, context)
}

function isOfTable(action: SnapshotAction | TableAction): action is TableAction {
  return action.kind === 'target' || action.kind === 'restart'
}

/**
 * The source is asked only about a table that is to be restarted. Of one that is away, or has not answered in time, nothing is
 * waited for: the table is tried again without it.
 */
async function requestContext(
  { snapshots, environment: { identity, clock, source } }: Coordination,
  { table }: TableEntry,
  { action, signal }: { readonly action: TableAction; readonly signal: AbortSignal },
): Promise<TableRequestContext> {
  const { mode } = rulesFor(snapshots, table)
  const context = { mode, lanes: identity.lanes, nowMs: clock.now() }
  if (action.kind !== 'restart') return { ...context, present: undefined, problem: undefined }
  try {
    return { ...context, present: await source.describeTable(table.arn, signal), problem: undefined }
  } catch (error) {
    if (signal.aborted || !(error instanceof TailraceError)) throw error
    // What is left of the stream of a deleted table is delivered, too.
    const isReadable = error.code === 'TABLE_NOT_FOUND' && (await hasStream(source, table.streamArn, signal)) === true
    const isBearable = error.policy === 'retry' || isReadable
    return { ...context, present: undefined, problem: isBearable ? undefined : error.message }
  }
}

function tellOfTable({ environment: { onEvent } }: Coordination, before: TableEntry, after: TableEntry): void {
  const { table, rest, status } = after
  if (rest !== undefined) onEvent({ kind: 'table-resting', table: table.name, target: rest.target })
  else if (status.kind === 'draining' && before.status.kind !== 'draining')
    onEvent({
      kind: 'table-replaced',
      table: table.name,
      oldStream: table.streamArn,
      newStream: status.replacedBy,
    })
  else if (status.kind !== 'stopped' && status.kind !== 'retired') onEvent({ kind: 'table-resumed', table: table.name })
}
