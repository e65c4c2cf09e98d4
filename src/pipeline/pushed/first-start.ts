import type { Clock } from '../../async/clock.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { compareIdentity, countWithoutIdentity } from '../../lanes/identity.ts'
import type { LaneSession, LaneTaker } from '../../lanes/lane-session.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import type { AddressedEntry, IdentityEntry, LedgerEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { requireWay } from '../../lanes/way.ts'
import type { PipelineEventSink } from '../pipeline-event.ts'
import { notBeforeOf } from '../start-position.ts'
import type { StartPosition } from '../start-position.ts'
import { firstEntry } from '../table-life.ts'
import type { TopicProvisioner } from '../topic-provisioner.ts'
import type { PushedBatch } from './pushed-batch.ts'

/** Writes what the ledger must know before the first batch of a pipeline, of a table, or of a table's new stream. */
export interface FirstStart {
  /**
   * Everything that takes time and needs no lane, by what the ledger says to whoever has a shard of it: looks the table up and
   * makes its topic. Rejects with LAMBDA_WRONG_STREAM for a stream that is not the table's present one.
   */
  prepare(
    identity: IdentityEntry,
    batch: PushedBatch,
    seen: Pick<LaneSession, 'lane' | 'state'>,
    signal: AbortSignal,
  ): Promise<PreparedStart>
}

/** A first start that has not been written yet. */
export interface PreparedStart {
  /**
   * Through lane 0, as a coordinator would: identity, way and table go into all partitions in one transaction, so of several
   * who do this at once one is last, and each of the others is fenced (KAFKA_FENCED) or finds it done.
   */
  settle(signal: AbortSignal): Promise<void>
}

export interface FirstStartOptions {
  readonly taker: LaneTaker
  readonly topics: TopicProvisioner
  /** The table, or the stream that stands in its place, as it is now. */
  readonly describe: (batch: PushedBatch, signal: AbortSignal) => Promise<Table>
  readonly start: StartPosition
  readonly ledgerTopic: string
  /**
   * Fences everybody who may hold a shard of a stream that a table has gone on from: what they would still write is older than
   * what the new stream shows.
   */
  readonly fenceStream: (streamArn: string, signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly onEvent: PipelineEventSink
}

export function createFirstStart(options: FirstStartOptions): FirstStart {
  return {
    prepare: async (identity, batch, { lane, state: seen }, signal) => {
      pipelineEntries(seen, identity, options.clock.now())
      const table = await tableEntry(seen, batch, options, signal)
      const seenVersion = seen.tables.get(batch.tableArn)?.version
      return { settle: (s) => settle({ identity, batch, table, seenVersion, lane }, options, s) }
    },
  }
}

interface Prepared {
  readonly identity: IdentityEntry
  readonly batch: PushedBatch
  readonly table: NewTable | undefined
  /** Of the table's entry, when it was looked up. */
  readonly seenVersion: number | undefined
  /** The lane of whoever needs it. */
  readonly lane: number
}

interface NewTable {
  readonly entry: TableEntry
  readonly isFirst: boolean
  /** The stream from which the table goes on. */
  readonly replaced?: string
}

async function settle(prepared: Prepared, options: FirstStartOptions, signal: AbortSignal): Promise<void> {
  const { identity, batch, seenVersion } = prepared
  const { taker, topics, clock, onEvent } = options
  await using session = await taker.take(0, signal)
  const { state } = session
  const about = pipelineEntries(state, identity, clock.now())
  if (state.identity === undefined) await refuseOtherLedger(identity, options, signal)
  // What was prepared stands for what is there now, unless somebody has written about the table meanwhile.
  const isSame = state.tables.get(batch.tableArn)?.version === seenVersion
  if (isSame && prepared.table?.isFirst === true) refuseCollisions(topics, prepared.table.entry, state)
  const table = isSame ? prepared.table : await tableEntry(state, batch, options, signal)
  const entries = [...about, ...(table === undefined ? [] : [table.entry])]
  const known = entries.length > 0 ? [] : knownOf(state, batch).map((entry) => ({ lane: prepared.lane, entry }))
  const change = { output: [], entries: [...everywhere(entries, identity.lanes), ...known] }
  if (change.entries.length > 0) await session.commit(change, signal)
  if (table === undefined) return
  if (table.replaced !== undefined) {
    // Taken again, which waits for the markers: everybody who takes a shard from here on reads the entry.
    await using _again = await taker.take(0, signal)
    await options.fenceStream(table.replaced, signal)
  }
  const { name, streamArn } = table.entry.table
  onEvent({ kind: 'table-started', table: name, topic: table.entry.topic, streamArn })
}

/** The ledger may have been deleted, and made anew, while this process was at it. */
async function refuseOtherLedger(
  { topicId }: IdentityEntry,
  { topics, ledgerTopic }: FirstStartOptions,
  signal: AbortSignal,
): Promise<void> {
  const now = await topics.look(ledgerTopic, signal)
  if (now?.id === topicId) return
  throw new TailraceError(
    'LEDGER_LOST',
    `ledger topic ${ledgerTopic} was ${now === undefined ? 'deleted' : 'made anew'}`,
  )
}

/** What lane 0 knows and the lane that asks does not: a start without transactions was cut short. Joins do not mind repeats. */
function knownOf({ identity, way, tables }: LaneState, { tableArn }: PushedBatch): readonly LedgerEntry[] {
  return [identity, way, tables.get(tableArn)].filter((entry) => entry !== undefined)
}

function pipelineEntries(state: LaneState, own: IdentityEntry, nowMs: number): readonly LedgerEntry[] {
  const { identity, way } = state
  if (identity === undefined) {
    // An identity that is missing although something is there was lost.
    countWithoutIdentity([state])
    return [own, { kind: 'way', version: (way?.version ?? 0) + 1, way: 'lambda', atMs: nowMs }]
  }
  const comparison = compareIdentity(identity, own)
  requireWay(way, 'lambda', own.pipeline)
  return comparison === 'outdated' ? [own] : []
}

async function tableEntry(
  state: LaneState,
  batch: PushedBatch,
  options: FirstStartOptions,
  signal: AbortSignal,
): Promise<NewTable | undefined> {
  const { describe, topics, start, clock } = options
  const known = state.tables.get(batch.tableArn)
  if (known !== undefined && known.table.streamArn >= batch.streamArn) {
    refuseOldStream(known, batch)
    return undefined
  }
  const table = await describe(batch, signal)
  if (table.streamArn !== batch.streamArn) {
    const present = `the present stream of ${table.name} is ${table.streamArn}`
    throw new TailraceError('LAMBDA_WRONG_STREAM', `a batch is of ${batch.streamArn}, but ${present}`)
  }
  // The old stream's mapping has handed over all of it, or whoever made the new mapping gave up what is left.
  if (known !== undefined) {
    refuseOtherTable(known, table)
    const entry = { ...known, version: known.version + 1, table }
    return { entry, isFirst: false, replaced: known.table.streamArn }
  }
  refuseCollisions(topics, { table }, state)
  const provided = await topics.provide(table, signal)
  return { entry: firstEntry(table, provided, notBeforeOf(start, clock.now())), isFirst: true }
}

/** Another table under the same name: what the topic holds of the old one would stay there, and its keys may be others. */
function refuseOtherTable({ table: known }: TableEntry, { name, id, keySchema }: Table): void {
  if (known.id === id && JSON.stringify(known.keySchema) === JSON.stringify(keySchema)) return
  throw new TailraceError('SOURCE_REPLACED', `${name} was deleted and made anew: it was ${known.id}, and is ${id}`)
}

function refuseCollisions(topics: TopicProvisioner, { table }: Pick<TableEntry, 'table'>, { tables }: LaneState): void {
  topics.refuseCollisions([table, ...[...tables.values()].map((entry) => entry.table)])
}

function everywhere(entries: readonly LedgerEntry[], lanes: number): readonly AddressedEntry[] {
  return entries.flatMap((entry) => Array.from({ length: lanes }, (_, lane): AddressedEntry => ({ lane, entry })))
}

/**
 * Streams of a table follow on each other, and their names with them. What is left of an older one is older than what the
 * newer one has shown already.
 */
export function refuseOldStream({ table }: TableEntry, { streamArn, tableName }: PushedBatch): void {
  if (table.streamArn === streamArn) return
  throw new TailraceError(
    'LAMBDA_WRONG_STREAM',
    `a batch is of ${streamArn}, but table ${tableName} has gone on to ${table.streamArn}`,
  )
}
