import { awaitedSince, retentionOf } from '../change/retention.ts'
import type { Shard } from '../change/shard.ts'
import { bornAfter, inheritedFrom } from './hand-over.ts'
import type { LaneContext } from './hand-over.ts'
import { shardKey } from './lane-state.ts'
import type { LaneState, ShardState } from './lane-state.ts'
import type { AddressedEntry, TableEntry } from './ledger-entry.ts'
import { registrarOf } from './registrar.ts'

/**
 * The shards of a complete listing that nobody has begun and that may be begun: each of their parents is END in a
 * ledger, or is absent from the listing while no ledger holds it unfinished. Only ever adds; a shard whose parent is
 * still to be read is begun by that parent's end.
 *
 * `ledgers` must have been read after the listing was complete: a parent that ended in between is then seen.
 */
export function beginnableShards(
  table: TableEntry,
  listing: readonly Shard[],
  ledgers: readonly LaneState[],
): readonly Shard[] {
  const streamArn = table.table.streamArn
  const listed = new Set(listing.map((shard) => shard.shardId))
  const stateOf = (shardId: string): 'unknown' | 'unfinished' | 'end' => {
    const key = shardKey(streamArn, shardId)
    let seen: 'unknown' | 'unfinished' = 'unknown'
    for (const ledger of ledgers) {
      const shard = ledger.shards.get(key)
      if (shard?.status === 'end') return 'end'
      if (shard !== undefined) seen = 'unfinished'
    }
    return seen
  }
  const mayFollow = (parent: string): boolean => {
    const state = stateOf(parent)
    return state === 'end' || (state === 'unknown' && !listed.has(parent))
  }
  return listing.filter((shard) => stateOf(shard.shardId) === 'unknown' && shard.parents.every(mayFollow))
}

/** The `begin` of shards that passed the gate, addressed to their registrars. `ledgers` are those of the gate. */
export function discoveryEntries(
  table: TableEntry,
  shards: readonly Shard[],
  { lanes, nowMs, ledgers }: Pick<LaneContext, 'lanes' | 'nowMs'> & { readonly ledgers: readonly LaneState[] },
): readonly AddressedEntry[] {
  return shards.map((shard) => ({
    lane: registrarOf(table.table.streamArn, shard.shardId, lanes),
    entry: {
      kind: 'begin',
      tableArn: table.table.arn,
      streamArn: table.table.streamArn,
      shardId: shard.shardId,
      generation: 0,
      parent: undefined,
      parents: [],
      after: undefined,
      notBeforeMs: table.notBeforeMs,
      // How old its first changes are, only reading them tells; what comes from now on gets older from now on.
      sinceMs: table.notBeforeMs ?? nowMs,
      begunAtMs: begunSince(table, shard, { nowMs, ledgers }),
      inherited: inheritedFrom(endedParentsOf(table, shard, ledgers)),
    },
  }))
}

/**
 * A shard whose parents have ended here goes on with what they left; one without a known past is awaited from the moment it
 * was met. What is trimmed of that past before it can be read was never promised.
 */
function begunSince(
  table: TableEntry,
  shard: Shard,
  { nowMs, ledgers }: { readonly nowMs: number; readonly ledgers: readonly LaneState[] },
): number {
  const ends = endedParentsOf(table, shard, ledgers).flatMap(({ begunAtMs }) => begunAtMs ?? [])
  if (ends.length > 0) return bornAfter(shard.shardId, Math.max(...ends), { nowMs })
  return awaitedSince(table.notBeforeMs, nowMs, retentionOf(table.table))
}

function endedParentsOf(table: TableEntry, { parents }: Shard, ledgers: readonly LaneState[]): readonly ShardState[] {
  return parents
    .flatMap((parent) => ledgers.map(({ shards }) => shards.get(shardKey(table.table.streamArn, parent))))
    .filter((shard) => shard !== undefined)
    .filter(({ status }) => status === 'end')
}
