import { answersOwed, movesOwed } from '../lanes/hand-over.ts'
import type { LaneContext } from '../lanes/hand-over.ts'
import { requireWay } from '../lanes/way.ts'
import { compareIdentity } from '../lanes/identity.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { AddressedEntry, IdentityEntry } from '../lanes/ledger-entry.ts'
import { leftovers, reportsOwed } from '../lanes/snapshot-progress.ts'

/**
 * True if the ledger is that of this pipeline, at this epoch: nothing of a foreign or newer one may be read or written.
 * Throws WAY_CONFLICT where it is not the workers' turn.
 */
export function isLedgerOf({ identity, way }: LaneState, own: IdentityEntry): boolean {
  requireWay(way, 'worker', own.pipeline)
  return identity !== undefined && compareIdentity(identity, own) === 'same'
}

/**
 * What a lane has to write because of what others wrote. Moves come first and alone: until they are committed, the lane still
 * holds what it is to answer for.
 */
export function dutiesOf(state: LaneState, context: LaneContext): readonly AddressedEntry[] {
  const moves = movesOwed(state, context)
  if (moves.length > 0) return moves
  return [...answersOwed(state, context), ...reportsOwed(state, context), ...leftovers(state, context)]
}

/** A ledger with an older epoch of our own configuration: whoever meets it first raises it everywhere. */
export function raisedEpoch({ identity }: LaneState, own: IdentityEntry): readonly AddressedEntry[] {
  return identity === undefined ? [] : Array.from({ length: own.lanes }, (_, lane) => ({ lane, entry: own }))
}
