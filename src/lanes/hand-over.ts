import { awaitedSince, birthOf, clockDoubtMs } from '../change/retention.ts'
import type { ReaderNote, Shard } from '../change/shard.ts'
import type { LaneState, ShardState } from './lane-state.ts'
import { ledgerKey } from './ledger-codec.ts'
import type { AddressedEntry, AnswerEntry, AtEntry, BeginEntry, TableEntry } from './ledger-entry.ts'
import { registrarOf } from './registrar.ts'

/** Which lane, of how many, at what time: what every decision below needs besides the state. */
export interface LaneContext {
  readonly lane: number
  readonly lanes: number
  /** Wall clock, milliseconds; recorded, and compared with nothing but how long a source keeps changes. */
  readonly nowMs: number
}

/** The lane that is to read an open shard now: the table's home lane during a snapshot, the registrar otherwise. */
export function readerLaneOf(shard: ShardState, table: TableEntry | undefined, lanes: number): number {
  return table?.homeLane ?? registrarOf(shard.streamArn, shard.shardId, lanes)
}

/** Open shards that this lane is to read: their table is known here, and no other lane is their reader. */
export function shardsToRead(state: LaneState, context: LaneContext): readonly ShardState[] {
  const mine: ShardState[] = []
  for (const shard of state.shards.values()) {
    const table = state.tables.get(shard.tableArn)
    // Of a stream that was replaced nothing more is read: what it says is older than what the table shows now.
    if (shard.status !== 'open' || shard.streamArn !== table?.table.streamArn) continue
    if (readerLaneOf(shard, table, context.lanes) === context.lane) mine.push(shard)
  }
  return mine
}

/**
 * Moves that this lane owes: for each open shard whose reader is another lane, `moved` here and a `begin` of the next
 * generation there. To be committed in one transaction, before anything more of these shards is read.
 */
export function movesOwed(state: LaneState, context: LaneContext): readonly AddressedEntry[] {
  const entries: AddressedEntry[] = []
  for (const shard of state.shards.values()) {
    if (shard.status !== 'open') continue
    const reader = readerLaneOf(shard, state.tables.get(shard.tableArn), context.lanes)
    if (reader !== context.lane) entries.push(...moveEntries(shard, reader, context))
  }
  return entries
}

function moveEntries(shard: ShardState, taker: number, context: LaneContext): readonly AddressedEntry[] {
  const { after, createdAtMs, sinceMs, begunAtMs, note, inherited } = shard
  const begin = beginAgain(shard, { after, createdAtMs, sinceMs, begunAtMs, note, inherited })
  const moved: AtEntry = { ...atEntry(shard, shard.after, context.nowMs), status: 'moved', movedTo: taker }
  return [
    { lane: taker, entry: begin },
    { lane: context.lane, entry: moved },
  ]
}

/**
 * Answers that this lane owes to home lanes: it has no open shard of the table that it would have to move away. To be
 * asked after {@link movesOwed} is empty. Each is given once per run; the lane's own partition remembers it.
 */
export function answersOwed(state: LaneState, context: LaneContext): readonly AddressedEntry[] {
  const entries: AddressedEntry[] = []
  for (const table of state.tables.values()) {
    if (table.homeLane === undefined) continue
    const answer: AnswerEntry = { kind: 'answer', tableArn: table.table.arn, run: table.run, lane: context.lane }
    if (state.answers.has(ledgerKey(answer))) continue
    entries.push({ lane: context.lane, entry: answer })
    if (table.homeLane !== context.lane) entries.push({ lane: table.homeLane, entry: answer })
  }
  return entries
}

/** True once every lane has answered for the table's current run: nobody but the home lane emits its changes. */
export function isGathered(state: LaneState, table: TableEntry, lanes: number): boolean {
  for (let lane = 0; lane < lanes; lane++) {
    const key = ledgerKey({ kind: 'answer', tableArn: table.table.arn, run: table.run, lane })
    if (!state.answers.has(key)) return false
  }
  return true
}

/** The position of an open shard after a batch. Rides in the batch's transaction. */
export function progressEntry(
  shard: ShardState,
  last: {
    readonly sequenceNumber: string
    readonly createdAtMs: number | undefined
    readonly note?: ReaderNote | undefined
  },
  context: LaneContext,
): AddressedEntry {
  const { sequenceNumber, createdAtMs = shard.createdAtMs, note } = last
  const entry: AtEntry = { ...atEntry(shard, sequenceNumber, context.nowMs), createdAtMs, note }
  return { lane: context.lane, entry }
}

/**
 * An open shard that has shown nothing yet was read up to a moment. Without this, one that stays empty for longer than its
 * source keeps changes would look like one that nobody has read.
 */
export function emptyReadingEntry(shard: ShardState, readUpToMs: number, context: LaneContext): AddressedEntry {
  return { lane: context.lane, entry: { ...atEntry(shard, undefined, context.nowMs), begunAtMs: readUpToMs } }
}

/**
 * The end of a drained shard and the beginning of its children: one transaction. END also goes to the registrar's
 * partition where that is another lane's; each child's `begin` names this parent and all parents it waits for. Of the
 * shard itself everything that was written before `readUpToMs` has been delivered (undefined = nobody knows).
 */
export function endEntries(
  shard: ShardState,
  children: readonly Shard[],
  context: LaneContext,
  readUpToMs?: number,
): readonly AddressedEntry[] {
  const begunAtMs = childrenAwaitedSince(shard, readUpToMs, context)
  const begins = children.map((child): AddressedEntry => ({
    lane: registrarOf(shard.streamArn, child.shardId, context.lanes),
    entry: {
      kind: 'begin',
      tableArn: shard.tableArn,
      streamArn: shard.streamArn,
      shardId: child.shardId,
      generation: 0,
      parent: shard.shardId,
      parents: child.parents,
      after: undefined,
      notBeforeMs: shard.notBeforeMs,
      sinceMs: shard.sinceMs,
      begunAtMs: bornAfter(child.shardId, begunAtMs, context),
      inherited: inheritedFrom([shard]),
    },
  }))
  const end: AtEntry = {
    ...atEntry(shard, shard.after, context.nowMs),
    status: 'end',
    children: children.map((child) => child.shardId),
    begunAtMs,
  }
  const registrar = registrarOf(shard.streamArn, shard.shardId, context.lanes)
  const ends = registrar === context.lane ? [context.lane] : [registrar, context.lane]
  return [...begins, ...ends.map((lane): AddressedEntry => ({ lane, entry: end }))]
}

/**
 * A shard of which changes were lost is read on from the oldest that is left; one that no longer exists counts as read.
 * Only for changes that are not wanted (`isFromBefore`), and for tables of which every item is about to be read
 * (`mayPassOverGaps`).
 */
export function passOverEntries(
  shard: ShardState,
  isThere: boolean,
  context: LaneContext & { readonly retentionMs?: number },
): readonly AddressedEntry[] {
  // What was lost has been told, or was not wanted: from here on, and in what descends from the shard, counting is new.
  if (!isThere) return endEntries(shard, [], context, context.nowMs)
  const begunAtMs = awaitedSince(shard.notBeforeMs, context.nowMs, context.retentionMs)
  const entry = beginAgain(shard, { after: undefined, createdAtMs: undefined, sinceMs: context.nowMs, begunAtMs })
  return [{ lane: context.lane, entry }]
}

/** A shard that is open already, in its next generation: nothing has to be waited for. */
function beginAgain(
  shard: ShardState,
  from: Pick<BeginEntry, 'after' | 'createdAtMs' | 'sinceMs' | 'begunAtMs' | 'note' | 'inherited'>,
): BeginEntry {
  return {
    kind: 'begin',
    tableArn: shard.tableArn,
    streamArn: shard.streamArn,
    shardId: shard.shardId,
    generation: shard.generation + 1,
    parent: undefined,
    parents: [],
    after: from.after,
    createdAtMs: from.createdAtMs,
    notBeforeMs: shard.notBeforeMs,
    sinceMs: from.sinceMs,
    begunAtMs: from.begunAtMs,
    note: from.note,
    inherited: from.inherited,
  }
}

/**
 * What the readers of ended shards left for those of their children. Each child gets all of it: which part is its own,
 * only a reader knows.
 */
export function inheritedFrom(
  ended: readonly Pick<ShardState, 'shardId' | 'note'>[],
): Readonly<Record<string, string>> | undefined {
  const left = ended.flatMap(({ shardId, note }) => (note === undefined ? [] : [[shardId, note.text] as const]))
  return left.length === 0 ? undefined : Object.fromEntries(left)
}

/**
 * Children are younger than the last change of their parent, than the time up to which it was read, and than the moment
 * from which its own changes were awaited. The moment of the END says nothing: a lane may be a day behind.
 */
function childrenAwaitedSince(shard: ShardState, readUpToMs: number | undefined, { nowMs }: LaneContext): number {
  const known = [shard.begunAtMs, shard.createdAtMs, readUpToMs]
    .filter((ms) => ms !== undefined)
    // Into a Kinesis stream anybody may write, whatever his clock says: a time that is still to come says nothing.
    .filter((ms) => ms < nowMs + clockDoubtMs)
  return known.length === 0 ? nowMs : Math.max(...known)
}

/** A shard's own name may know better; a time that is still to come is none. */
export function bornAfter(shardId: string, awaitedSinceMs: number, { nowMs }: Pick<LaneContext, 'nowMs'>): number {
  const bornMs = birthOf(shardId)
  return bornMs === undefined || bornMs > nowMs ? awaitedSinceMs : Math.max(awaitedSinceMs, bornMs)
}

function atEntry(shard: ShardState, after: string | undefined, nowMs: number): AtEntry {
  return {
    kind: 'at',
    tableArn: shard.tableArn,
    streamArn: shard.streamArn,
    shardId: shard.shardId,
    generation: shard.generation,
    status: 'open',
    after,
    createdAtMs: shard.createdAtMs,
    note: after === shard.after ? shard.note : undefined,
    committedAtMs: nowMs,
    movedTo: undefined,
    children: undefined,
  }
}
