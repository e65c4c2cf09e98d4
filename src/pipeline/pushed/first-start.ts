import type { Clock } from '../../async/clock.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { compareIdentity, countWithoutIdentity } from '../../lanes/identity.ts'
import type { LaneTaker } from '../../lanes/lane-session.ts'
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
   * Through lane 0, as a coordinator would: identity, way and table go into all partitions in one transaction, so of several
   * who do this at once one is last, and each of the others is fenced (KAFKA_FENCED) or finds it done. `seen` is what the ledger
   * said before; all that takes time is done by it, before the lane is taken. Rejects with LAMBDA_WRONG_STREAM for a stream
   * that is not the table's present one.
   */
  settle(identity: IdentityEntry, batch: PushedBatch, seen: LaneState, signal: AbortSignal): Promise<void>
}

export interface FirstStartOptions {
  readonly taker: LaneTaker
  readonly topics: TopicProvisioner
  /** The table, or the stream that stands in its place, as it is now. */
  readonly describe: (batch: PushedBatch, signal: AbortSignal) => Promise<Table>
  readonly start: StartPosition
  readonly clock: Clock
  readonly onEvent: PipelineEventSink
}

export function createFirstStart(options: FirstStartOptions): FirstStart {
  const { taker, clock, onEvent } = options
  return {
    settle: async (identity, batch, seen, signal) => {
      pipelineEntries(seen, identity, clock.now())
      const ready = await tableEntry(seen, batch, options, signal)
      await using session = await taker.take(0, signal)
      const { state } = session
      const about = pipelineEntries(state, identity, clock.now())
      // What was made ready stands for what is there now, unless somebody has written about the table meanwhile.
      const isSame = state.tables.get(batch.tableArn)?.version === seen.tables.get(batch.tableArn)?.version
      if (isSame && ready?.isFirst === true) refuseCollisions(options.topics, ready.entry, state)
      const table = isSame ? ready : await tableEntry(state, batch, options, signal)
      const entries = [...about, ...(table === undefined ? [] : [table.entry])]
      if (entries.length > 0) await session.commit({ output: [], entries: everywhere(entries, identity.lanes) }, signal)
      if (table === undefined) return
      const { name, streamArn } = table.entry.table
      onEvent({ kind: 'table-started', table: name, topic: table.entry.topic, streamArn })
    },
  }
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
): Promise<{ readonly entry: TableEntry; readonly isFirst: boolean } | undefined> {
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
  if (known !== undefined) return { entry: { ...known, version: known.version + 1, table }, isFirst: false }
  refuseCollisions(topics, { table }, state)
  const provided = await topics.provide(table, signal)
  return { entry: firstEntry(table, provided, notBeforeOf(start, clock.now())), isFirst: true }
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
