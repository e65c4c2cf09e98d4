import { TailraceError } from '../errors.ts'
import { movesOwed } from './hand-over.ts'
import type { LaneState } from './lane-state.ts'
import { shardsOfLedger } from './ledger-shards.ts'
import type { AddressedEntry, TableEntry, Way, WayEntry } from './ledger-entry.ts'

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

/**
 * What brings each shard's position to where a function looks for it: into its registrar's lane. Throws SWITCH_REFUSED if
 * the positions do not say all that a function must know. `ledgers` must be owned.
 */
export function positionsForFunction(ledgers: readonly LaneState[], nowMs: number): readonly AddressedEntry[] {
  for (const table of ledgers[0]?.tables.values() ?? []) refuseUnsettled(table)
  for (const { shard } of shardsOfLedger(ledgers).values()) {
    if (shard.note === undefined && shard.inherited === undefined) continue
    throw refusal(
      `shard ${shard.shardId} was read with its order repaired: a function would not know what is held back`,
    )
  }
  const lanes = ledgers.length
  return ledgers.flatMap((state, lane) => movesOwed(state, { lane, lanes, nowMs }))
}

function refuseUnsettled({ table, status, homeLane, snapshot }: TableEntry): void {
  if (status.kind !== 'streaming') throw refusal(`table ${table.name} is ${status.kind}`)
  const isUnderWay = snapshot !== undefined && ['exporting', 'running', 'paused', 'parked'].includes(snapshot.state)
  if (isUnderWay || homeLane !== undefined) throw refusal(`a snapshot of table ${table.name} is under way`)
}

function refusal(why: string): TailraceError {
  return new TailraceError('SWITCH_REFUSED', why)
}
