import { TailraceError } from '../../errors.ts'
import type { AddressedEntry, SignalEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import { tableEntries } from '../discovery.ts'
import { withImpatience } from '../impatient-source.ts'
import { contextFor, contextNow } from '../snapshot/snapshot-context.ts'
import { tell } from '../snapshot/snapshot-duties.ts'
import type { SnapshotContext } from '../snapshot/snapshot-life.ts'
import { afterSignal, tablesMeant } from './after-signal.ts'
import type { SignalOutcome } from './after-signal.ts'
import { refusalOf } from './notification.ts'
import { readSignal } from './signal.ts'
import type { Signal } from './signal.ts'

/** A signal as it was found. */
export interface FoundSignal {
  readonly bytes: Uint8Array
  /** Where it stands, for people; and what it is called if it has no name of its own. */
  readonly place: string
  /** Says that everything up to and with this signal is dealt with. */
  readonly position: SignalEntry
}

/**
 * Deals with one signal: what it causes, that it is dealt with, and what is told of it are one transaction. A signal that
 * cannot be carried out is passed over, and told as refused.
 */
export async function carryOut(patient: Coordination, found: FoundSignal, signal: AbortSignal): Promise<void> {
  // The signals behind it must not wait for a source that does not answer.
  const coordination = withImpatience(patient)
  const { session, environment } = coordination
  const { id = found.place, outcome: read } = readSignal(found.bytes)
  const contexts = 'problem' in read ? noContexts : await contextsFor(coordination, read, signal)
  // Decided over the entries as they are now: if another duty is quicker, the write is refused and all of this repeated.
  const outcome = outcomeOf(coordination, { id, read, contexts })
  const written: AddressedEntry[] = []
  for (const entry of outcome.tables) written.push(...(await tableEntries(coordination, entry, signal)))
  const entries: readonly AddressedEntry[] = [...written, { lane: 0, entry: found.position }]
  await coordination.write(entries, (context) => outcome.refusals.map((refusal) => refusalOf(id, refusal, context)))
  const { onEvent } = environment
  for (const { code, reason, table } of outcome.refusals) {
    const error = new TailraceError(code, table === undefined ? reason : `table ${table}: ${reason}`)
    onEvent({ kind: 'signal-refused', id, place: found.place, error })
  }
  for (const { table } of outcome.tables) {
    const present = session.state.tables.get(table.arn)
    if (present !== undefined) tell(coordination, present)
  }
  if ('problem' in read || outcome.refusals.length > 0) return
  const message = read.type === 'log' ? read.message : undefined
  onEvent({ kind: 'signal-settled', id, place: found.place, type: read.type, tables: outcome.tables.length, message })
}

function outcomeOf(
  coordination: Coordination,
  parts: {
    readonly id: string
    readonly read: Signal | { readonly problem: string }
    readonly contexts: Contexts
  },
): SignalOutcome {
  const { id, read, contexts } = parts
  if ('problem' in read)
    return { tables: [], refusals: [{ code: 'SIGNAL_INVALID', reason: read.problem, table: undefined }] }
  const tables = [...coordination.session.state.tables.values()]
  return afterSignal(read, id, tables, (known) => contexts.get(known.table.arn) ?? contextNow(coordination, known))
}

/** By the ARNs of the tables that are to be scanned. */
type Contexts = ReadonlyMap<string, SnapshotContext>

const noContexts: Contexts = new Map()

async function contextsFor(coordination: Coordination, read: Signal, signal: AbortSignal): Promise<Contexts> {
  const contexts = new Map<string, SnapshotContext>()
  if (read.type !== 'execute-snapshot') return contexts
  for (const known of tablesMeant(read, coordination.session.state.tables.values()))
    contexts.set(known.table.arn, await contextFor(coordination, known, signal))
  return contexts
}
