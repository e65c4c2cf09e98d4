import { mapBounded } from '../async/map-bounded.ts'
import type { SkippedTable } from '../change/skipped-table.ts'
import type { Table } from '../change/table.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { TailraceError } from '../errors.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import { loadedByAnother } from '../lanes/take-over.ts'
import type { Coordination } from './coordination.ts'
import { isToBeExported } from './snapshot/snapshot-context.ts'
import { rulesFor } from './snapshot/snapshot-life.ts'
import { notBeforeOf } from './start-position.ts'
import { firstEntry } from './table-life.ts'
import type { ProvidedTopic } from './topic-provisioner.ts'

/** Tables that can be read, and those that are left out until another look. */
export interface Admitted {
  readonly tables: readonly Table[]
  readonly skipped: readonly SkippedTable[]
}

/**
 * Leaves out what cannot go beside the tables that are read: of two that would meet in one topic the one that was met later, be it
 * new or meant again.
 */
export function leaveOutCollisions({ session, topics }: Coordination, found: readonly Table[]): Admitted {
  const known = session.state.tables
  const read = [...known.values()].filter(({ status }) => status.kind !== 'retired').map(({ table }) => table)
  const isRead = new Set(read.map(({ arn }) => arn))
  const tables: Table[] = []
  const added: Table[] = []
  const skipped: SkippedTable[] = []
  for (const table of found) {
    const error = isRead.has(table.arn) ? undefined : topics.refusalOf(table, [...read, ...added])
    if (error !== undefined) {
      skipped.push(skippedTable(table, error))
      continue
    }
    tables.push(table)
    if (!isRead.has(table.arn)) added.push(table)
  }
  return { tables, skipped }
}

/** Tables whose topics are looked for at the same time, and whose entries go into one transaction. */
const tablesAtOnce = 20

/** What keeps one table from being taken up: its topic may not be had, or it has just gone. */
const ofOneTable: ReadonlySet<ErrorCode> = new Set([
  'TOPIC_MISSING',
  'TOPIC_RESERVED',
  'KAFKA_AUTHORIZATION',
  // How brokers refuse a topic by a policy or a quota of theirs.
  'KAFKA_PROTOCOL',
  'TABLE_NOT_FOUND',
])

/**
 * Gives tables that the ledger does not know their topics and their entries. A table that cannot be taken up is left out, and the
 * others are started; on a first start (`isFirst`) it is thrown. Whatever else goes wrong is thrown when the others are started.
 */
export async function startTables(
  coordination: Coordination,
  tables: readonly Table[],
  isFirst: boolean,
  signal: AbortSignal,
): Promise<Admitted> {
  const { environment, writeTables } = coordination
  const started: Table[] = []
  const skipped: SkippedTable[] = []
  const failures: unknown[] = []
  const entryOf = async (table: Table): Promise<readonly TableEntry[]> => {
    try {
      return [await newEntry(coordination, table, signal)]
    } catch (error) {
      if (isFirst || signal.aborted) throw error
      if (error instanceof TailraceError && ofOneTable.has(error.code)) skipped.push(skippedTable(table, error))
      else failures.push(error)
      return []
    }
  }
  for (let at = 0; at < tables.length; at += tablesAtOnce) {
    const entries = (await mapBounded(tables.slice(at, at + tablesAtOnce), tablesAtOnce, entryOf)).flat()
    if (entries.length === 0) continue
    await writeTables(entries)
    for (const { table, topic } of entries) {
      started.push(table)
      environment.onEvent({ kind: 'table-started', table: table.name, topic, streamArn: table.streamArn })
    }
  }
  if (failures.length > 0) throw failures[0]
  return { tables: started, skipped }
}

async function newEntry(coordination: Coordination, table: Table, signal: AbortSignal): Promise<TableEntry> {
  return newTable(coordination, table, {
    provided: await coordination.topics.provide(table, signal),
    isLoading: await isToBeLoaded(coordination, table, signal),
  })
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

function skippedTable({ name, arn }: Table, { code, message }: TailraceError): SkippedTable {
  return { name, arn, code, message }
}
