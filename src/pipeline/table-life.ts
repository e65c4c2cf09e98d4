import type { Table } from '../change/table.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { StopEntry, TableEntry } from '../lanes/ledger-entry.ts'
import { isLoss } from './loss.ts'
import { isOver } from './snapshot/snapshot-mode.ts'
import type { SnapshotMode } from './snapshot/snapshot-mode.ts'

/**
 * What the coordinator writes about a table next, as pure decisions over its present entry. `undefined` = nothing.
 *
 *             found                     replaced (id or stream ARN differs)
 *   (none) ─────────▶ streaming ───────────────────────────────▶ draining
 *                      ▲     │ stop request of a lane                │ every shard of the old stream has ended
 *       lane 0 taken   │     ▼                                       ▼
 *       anew           └── stopped ◀──────────────────────────── stopped (SOURCE_REPLACED: stays, until a snapshot that
 *                                                                         regains, or an operator, says where to go on)
 *
 * Under `snapshot.mode: only` a table is `loading` instead of streaming: its stream is not read. A table that is not meant
 * any more is `retired`, whatever it was, until it is meant again: see table-retirement.ts.
 */
export type TableDecision = TableEntry | undefined

/** What decides whether a table's stream is read. */
export interface LoadingRules {
  readonly mode: SnapshotMode
  /** Set where tables are loaded from exports first. */
  readonly exports: unknown
}

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
export function afterLookingAgain(known: TableEntry, now: Table, nowMs: number): TableDecision {
  const isSame = known.table.id === now.id && known.table.streamArn === now.streamArn
  if (isSame) return undefined
  // Of a stream that is not read nothing is left to be drained.
  if (known.status.kind === 'loading') return replaced(known, now.streamArn, nowMs)
  if (known.status.kind !== 'streaming') return undefined
  return { ...known, version: known.version + 1, status: { kind: 'draining', replacedBy: now.streamArn } }
}

/**
 * A pipeline that only loads reads no streams: a table that was streamed will lack what happens from now on. Once it is to
 * stream, it is as one that is met for the first time, but for what its topic holds.
 */
export function afterModeChange(known: TableEntry, rules: LoadingRules, nowMs: number): TableDecision {
  const { snapshot, status } = known
  const version = known.version + 1
  if (rules.mode === 'only') {
    if (status.kind !== 'streaming') return undefined
    return { ...known, version, status: { kind: 'loading' }, lossAtMs: known.lossAtMs ?? nowMs }
  }
  if (status.kind !== 'loading') return undefined
  const isBeingLoaded =
    snapshot === undefined
      ? rules.exports !== undefined && rules.mode !== 'never'
      : snapshot.exports !== undefined && !isOver(snapshot)
  if (isBeingLoaded) return undefined
  return { ...known, version, status: { kind: 'streaming' }, lossAtMs: nowMs, homeLane: undefined, snapshot: undefined }
}

/** An entry that does not know its topic's id yet, after a reset or from an older version, takes the present one. */
export function afterSeeingTopic(known: TableEntry, topicId: string): TableDecision {
  return known.topicId === undefined ? { ...known, version: known.version + 1, topicId } : undefined
}

/** A stream that keeps changes for longer than before, or not as long. */
export function afterSeeingRetention(known: TableEntry, { streamArn, retentionMs }: Table): TableDecision {
  const { table, version } = known
  if (table.streamArn !== streamArn || table.retentionMs === retentionMs) return undefined
  return { ...known, version: version + 1, table: { ...table, retentionMs } }
}

/** A replaced stream of which nothing is left to read. `ledgers` must be fresh. */
export function afterDraining(known: TableEntry, ledgers: readonly LaneState[], nowMs: number): TableDecision {
  if (known.status.kind !== 'draining' || hasUnfinishedShards(known, ledgers)) return undefined
  return replaced(known, known.status.replacedBy, nowMs)
}

/** True if something of the table's stream is still to be read. */
export function hasUnfinishedShards(known: TableEntry, ledgers: readonly LaneState[]): boolean {
  return unfinishedShards(known, ledgers).length > 0
}

/** The ids of the shards of the table's stream that were not read to their end, in order. */
export function unfinishedShards({ table }: TableEntry, ledgers: readonly LaneState[]): readonly string[] {
  const ids = ledgers.flatMap((ledger) =>
    [...ledger.shards.values()]
      .filter(({ streamArn, status }) => streamArn === table.streamArn && (status === 'open' || status === 'waiting'))
      .map(({ shardId }) => shardId),
  )
  return [...new Set(ids)].sort()
}

function replaced(known: TableEntry, by: string, nowMs: number): TableEntry {
  const reason = `its stream ${known.table.streamArn} was replaced by ${by}`
  return stopped(known, { code: 'SOURCE_REPLACED', reason, shardId: undefined, atMs: nowMs })
}

/** A lane asks to stop the table; requests that were made under an older version are void. */
export function afterStopRequest(known: TableEntry, request: StopEntry): TableDecision {
  if (known.status.kind === 'stopped' || known.status.kind === 'retired' || request.tableVersion !== known.version)
    return undefined
  return stopped(known, request)
}

/** Where changes were lost, a snapshot under way is void: what it has scanned may be out of date for good. */
function stopped(
  known: TableEntry,
  {
    code,
    reason,
    shardId,
    atMs,
  }: Pick<StopEntry, 'code' | 'reason' | 'atMs'> & { readonly shardId: string | undefined },
): TableEntry {
  const status = { kind: 'stopped', code, reason, shardId } as const
  const entry: TableEntry = { ...known, version: known.version + 1, status }
  if (!isLoss(code)) return entry
  const { snapshot } = known
  const isUnderWay = snapshot !== undefined && !isOver(snapshot)
  return {
    ...entry,
    lossAtMs: atMs,
    homeLane: undefined,
    snapshot: isUnderWay ? { ...snapshot, state: 'failed', code, reason, endedAtMs: atMs } : snapshot,
  }
}

/** Lane 0 was taken anew (a restart, mostly after somebody mended the cause): stopped tables are tried again. */
export function afterTakeOver(known: TableEntry, { mode }: Pick<LoadingRules, 'mode'>): TableDecision {
  if (known.status.kind !== 'stopped' || known.status.code === 'SOURCE_REPLACED') return undefined
  return { ...known, version: known.version + 1, status: { kind: mode === 'only' ? 'loading' : 'streaming' } }
}
