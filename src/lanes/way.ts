import { TailraceError } from '../errors.ts'
import { movesOwed } from './hand-over.ts'
import type { LaneState, ShardState } from './lane-state.ts'
import { shardsOfLedger } from './ledger-shards.ts'
import type { AddressedEntry, TableEntry, Way, WayEntry } from './ledger-entry.ts'
import { isResting } from './table-rest.ts'

/** Throws WAY_CONFLICT if the ledger says that it is somebody else's turn. A ledger that says nothing is its workers'. */
export function requireWay(found: WayEntry | undefined, own: 'worker' | 'lambda', pipeline: string): void {
  const turn = found?.way ?? 'worker'
  if (turn === own) return
  const mine = own === 'worker' ? 'workers' : 'a function'
  const theirs = turn === 'nobody' ? 'nobody until `tailrace switch` has ended' : `its ${turn}`
  throw new TailraceError('WAY_CONFLICT', `pipeline ${pipeline} is moved by ${theirs}, so not by ${mine}`)
}

/** Whose turn it is, of all that the lanes have heard. */
export function presentWay(ledgers: readonly LaneState[]): WayEntry {
  const none: WayEntry = { kind: 'way', version: 0, way: 'worker', atMs: 0 }
  return ledgers.reduce((newest, { way }) => (way !== undefined && way.version > newest.version ? way : newest), none)
}

/** The next turn, for every lane. */
export function wayEntries(ledgers: readonly LaneState[], way: Way, nowMs: number): readonly AddressedEntry[] {
  const entry: WayEntry = { kind: 'way', version: presentWay(ledgers).version + 1, way, atMs: nowMs }
  return ledgers.map((_, lane) => ({ lane, entry }))
}

/** True if the reader that left this note held nothing back. Throws for a text that no reader has left. */
export type IsSettled = (note: string) => boolean

/**
 * What brings each shard's position to where a function looks for it: into its registrar's lane. Throws SWITCH_REFUSED if
 * the positions do not say all that a function must know: it takes what is in front of a position for delivered. `ledgers` must be
 * owned.
 */
export function positionsForFunction(
  ledgers: readonly LaneState[],
  { nowMs, isSettled }: { readonly nowMs: number; readonly isSettled: IsSettled },
): readonly AddressedEntry[] {
  for (const table of ledgers[0]?.tables.values() ?? []) refuseUnsettled(table)
  const shards = [...shardsOfLedger(ledgers).values()].map(({ shard }) => shard)
  const holding = shards.find((shard) => !notesThatCount(shard, shards).every(isSettled))
  if (holding !== undefined) throw refusal(`changes of shard ${holding.shardId} are held back to be put in order`)
  const lanes = ledgers.length
  return ledgers.flatMap((state, lane) => movesOwed(state, { lane, lanes, nowMs }))
}

/** A reader's own note holds what came before it; without one, what its parents left counts. */
function notesThatCount(shard: ShardState, shards: readonly ShardState[]): readonly string[] {
  const { note, inherited, status } = shard
  if (status === 'end' && isTakenOver(shard, shards)) return []
  return note === undefined ? Object.values(inherited ?? {}) : [note.text]
}

/**
 * What is held back at a shard's end goes on with its children, once they are begun. A shard that ends has two, or shares one
 * with another; of two, one may not have been listed yet.
 */
function isTakenOver({ shardId, streamArn, at }: ShardState, shards: readonly ShardState[]): boolean {
  const named = new Set(at?.children ?? [])
  const heirs = shards.filter(
    (shard) =>
      shard.streamArn === streamArn && (named.has(shard.shardId) || Object.hasOwn(shard.inherited ?? {}, shardId)),
  )
  return heirs.length > 1 || heirs.some(({ parents }) => parents.length > 1)
}

function refuseUnsettled(entry: TableEntry): void {
  const { table, status, homeLane, snapshot } = entry
  if (isResting(entry)) throw refusal(`table ${table.name} is paused or stopped`)
  if (status.kind !== 'streaming') throw refusal(`table ${table.name} is ${status.kind}`)
  const isUnderWay = snapshot !== undefined && ['exporting', 'running', 'paused', 'parked'].includes(snapshot.state)
  if (isUnderWay || homeLane !== undefined) throw refusal(`a snapshot of table ${table.name} is under way`)
}

function refusal(why: string): TailraceError {
  return new TailraceError('SWITCH_REFUSED', why)
}
