import type { Table } from '../change/table.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { StopEntry, TableEntry } from '../lanes/ledger-entry.ts'

/**
 * What the coordinator writes about a table next, as pure decisions over its present entry. `undefined` = nothing.
 *
 *             found                     replaced (id or stream ARN differs)
 *   (none) ─────────▶ streaming ───────────────────────────────▶ draining
 *                      ▲     │ stop request of a lane                │ every shard of the old stream has ended
 *       lane 0 taken   │     ▼                                       ▼
 *       anew           └── stopped ◀──────────────────────────── stopped (SOURCE_REPLACED: stays, until an operator
 *                                                                         says where to go on)
 */
export type TableDecision = TableEntry | undefined

/** A table that the configuration names and the ledger does not know yet. */
export function firstEntry(
  table: Table,
  topic: { readonly topic: string; readonly partitions: number; readonly id: string },
  notBeforeMs: number | undefined,
): TableEntry {
  return {
    kind: 'table',
    version: 1,
    table,
    topic: topic.topic,
    topicPartitions: topic.partitions,
    topicId: topic.id,
    status: { kind: 'streaming' },
    notBeforeMs,
    homeLane: undefined,
    run: 0,
    snapshot: undefined,
    settled: undefined,
  }
}

/** A table that was looked at again: was it, or its stream, made anew? The old stream is then read to its end. */
export function afterLookingAgain(known: TableEntry, now: Table): TableDecision {
  const isSame = known.table.id === now.id && known.table.streamArn === now.streamArn
  if (isSame || known.status.kind !== 'streaming') return undefined
  return { ...known, version: known.version + 1, status: { kind: 'draining', replacedBy: now.streamArn } }
}

/** An entry that does not know its topic's id yet, after a reset or from an older version, takes the present one. */
export function afterSeeingTopic(known: TableEntry, topicId: string): TableDecision {
  return known.topicId === undefined ? { ...known, version: known.version + 1, topicId } : undefined
}

/** A replaced stream of which nothing is left to read. `ledgers` must be fresh. */
export function afterDraining(known: TableEntry, ledgers: readonly LaneState[]): TableDecision {
  if (known.status.kind !== 'draining') return undefined
  for (const ledger of ledgers) {
    for (const shard of ledger.shards.values()) {
      const isUnfinished = shard.status === 'open' || shard.status === 'waiting'
      if (shard.streamArn === known.table.streamArn && isUnfinished) return undefined
    }
  }
  const reason = `its stream ${known.table.streamArn} was replaced by ${known.status.replacedBy}`
  return {
    ...known,
    version: known.version + 1,
    status: { kind: 'stopped', code: 'SOURCE_REPLACED', reason, shardId: undefined },
  }
}

/** A lane asks to stop the table; requests that were made under an older version are void. */
export function afterStopRequest(known: TableEntry, request: StopEntry): TableDecision {
  if (known.status.kind === 'stopped' || request.tableVersion !== known.version) return undefined
  return {
    ...known,
    version: known.version + 1,
    status: { kind: 'stopped', code: request.code, reason: request.reason, shardId: request.shardId },
  }
}

/** Lane 0 was taken anew (a restart, mostly after somebody mended the cause): stopped tables are tried again. */
export function afterTakeOver(known: TableEntry): TableDecision {
  if (known.status.kind !== 'stopped' || known.status.code === 'SOURCE_REPLACED') return undefined
  return { ...known, version: known.version + 1, status: { kind: 'streaming' } }
}
