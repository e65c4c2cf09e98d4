import { tombstonesOf } from './forgetting.ts'
import type { LaneState } from './lane-state.ts'
import type { AddressedEntry, LedgerEntry, RequestEntry, TableEntry } from './ledger-entry.ts'
import { shardsOfLedger } from './ledger-shards.ts'
import type { OffsetChange } from './offset-change.ts'
import { forgetTopicIds } from './topic-pins.ts'

/**
 * Forgets every table, position and snapshot, so that the next start meets all tables for the first time: from the configured
 * start position, with the configured snapshots. What stays: whose ledger it is, whose turn it is, how far signals were carried out,
 * and which tables are to rest. Those are asked for anew, by requests that the next start carries out.
 *
 * `ledgers` must be fresh (index = lane) and the pipeline must stand still. `idOf` makes names of requests. The same again after a
 * crash does the rest.
 */
export function resetLedger(
  ledgers: readonly LaneState[],
  { nowMs, idOf }: { readonly nowMs: number; readonly idOf: () => string },
): OffsetChange {
  const tables = [...(ledgers[0]?.tables.values() ?? [])]
  const shards = [...shardsOfLedger(ledgers).values()]
  return {
    entries: [
      ...tables.flatMap((table) => restAgain(table, idOf(), nowMs)),
      ...tables.flatMap(({ table }) => forgetTopicIds(ledgers, table.arn)),
      ...ledgers.flatMap((state, lane) => forgottenIn(state, lane)),
    ],
    shards: shards.map(({ shard: { shardId, streamArn, status, after } }) => ({
      shardId,
      streamArn,
      was: { status, after },
      becomes: { kind: 'forgotten' },
    })),
  }
}

function restAgain({ table, rest }: TableEntry, id: string, nowMs: number): readonly AddressedEntry[] {
  if (rest === undefined) return []
  const action = { kind: 'target', target: rest.target } as const
  const entry: RequestEntry = { kind: 'request', id, tableArn: table.arn, action, atMs: nowMs }
  return [{ lane: 0, entry }]
}

/** Tables last: what is forgotten of them without transactions is found again as long as they are there. */
function forgottenIn(state: LaneState, lane: number): readonly AddressedEntry[] {
  const entries: readonly LedgerEntry[] = [
    ...state.stops.values(),
    ...state.answers.values(),
    ...state.scans.values(),
    ...state.reports.values(),
    ...state.baselines.values(),
    ...state.tables.values(),
  ]
  return [
    ...[...state.shards.values()].flatMap((shard) => tombstonesOf(shard, lane)),
    ...entries.map((entry): AddressedEntry => ({ lane, entry, isTombstone: true })),
  ]
}
