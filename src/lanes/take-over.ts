import { birthOf } from '../change/retention.ts'
import type { ForeignPosition } from '../change/foreign-position.ts'
import type { Shard } from '../change/shard.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { shardKey } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import { ledgerKey } from './ledger-codec.ts'
import type { AddressedEntry, AtEntry, BeginEntry, ScanEntry, SnapshotRun } from './ledger-entry.ts'
import { shardsOfLedger } from './ledger-shards.ts'
import type { LedgerShard } from './ledger-shards.ts'
import { registrarOf } from './registrar.ts'
import { noTotals } from './snapshot-progress.ts'

/** A stream and how far another product has read it. */
export interface ForeignReading {
  readonly table: Table
  /** A complete listing. */
  readonly listed: readonly Shard[]
  /** By shard id; of shards that the other one has left out, or has forgotten since, there is none. */
  readonly positions: ReadonlyMap<string, ForeignPosition>
  /** Wall clock, milliseconds. */
  readonly nowMs: number
}

/** What becomes of one listed shard. */
export interface TakenShard {
  readonly shardId: string
  /** `later`: it is begun, from its first change on, when its parents have ended, or by the first start's listing. */
  readonly becomes: 'open' | 'end' | 'later'
  /** Of an open one: the last change that counts as delivered. Undefined: none. */
  readonly after: string | undefined
  /** What it is awaited since, where nothing of it was delivered. Milliseconds; undefined = unknown. */
  readonly begunAtMs: number | undefined
}

/** What to write so that a pipeline goes on where another product has stopped, and what that means. */
export interface TakeOver {
  readonly entries: readonly AddressedEntry[]
  readonly shards: readonly TakenShard[]
}

/**
 * Carries positions of another product over into the ledger of a pipeline that has delivered nothing. A shard without a
 * position counts as read where something behind it was read: its position was tidied away. In doubt a shard is read again
 * rather than left out. `ledgers` must be owned. Throws LEASES_UNUSABLE for a shard that was read before its parent was:
 * the two would be read side by side here.
 */
export function takeOver(ledgers: readonly LaneState[], reading: ForeignReading): TakeOver {
  const { table, listed } = reading
  const known = shardsOfLedger(ledgers)
  const ended = endedShards(reading)
  const ids = new Set(listed.map(({ shardId }) => shardId))
  const shards = listed.map((shard): TakenShard => {
    const { shardId, parents } = shard
    if (ended.has(shardId)) return { shardId, becomes: 'end', after: undefined, begunAtMs: birthOf(shardId) }
    const position = reading.positions.get(shardId)
    const unread = parents.find((parent) => ids.has(parent) && !ended.has(parent))
    if (unread !== undefined && position?.kind === 'after') throw outOfOrder(shardId, unread)
    if (unread !== undefined || position === undefined)
      return { shardId, becomes: 'later', after: undefined, begunAtMs: undefined }
    const after = position.kind === 'after' ? position.sequenceNumber : undefined
    return { shardId, becomes: 'open', after, begunAtMs: after === undefined ? birthOf(shardId) : undefined }
  })
  const entries = shards.flatMap((shard) => {
    if (shard.becomes === 'later') return []
    return entriesOf(shard, reading, {
      held: known.get(shardKey(table.streamArn, shard.shardId)),
      lanes: ledgers.length,
    })
  })
  return { entries, shards }
}

/** True if nothing was delivered yet, so that positions can be given to the pipeline as if it had never run. */
export function hasDelivered(ledgers: readonly LaneState[]): boolean {
  return ledgers.some(({ tables, shards, scans }) => {
    // Before its first start a pipeline has no tables: whatever positions there are were taken over, and can be again.
    if (tables.size === 0) return false
    const isTouched = [...shards.values()].some(({ status, after }) => after !== undefined || status === 'end')
    const isScanned = [...scans.values()].some(({ run }) => run > 0)
    return isTouched || isScanned || [...tables.values()].some(({ snapshot }) => snapshot !== undefined)
  })
}

/**
 * Says in lane 0 whether the other product has delivered the table's items, so that no first snapshot is due. Told before the pipeline
 * has met the table: as a scan under the number 0, which no snapshot has.
 */
export function loadedEntry(tableArn: string, isLoaded: boolean): AddressedEntry {
  return { lane: 0, entry: scanOfAnother(tableArn), isTombstone: !isLoaded }
}

/** The first snapshot of a table that another product has loaded; undefined for all others. `state` is that of lane 0. */
export function loadedByAnother({ scans }: LaneState, { arn }: Table, nowMs: number): SnapshotRun | undefined {
  if (!scans.has(ledgerKey(scanOfAnother(arn)))) return undefined
  return {
    run: 0,
    kind: 'initial',
    segments: 1,
    filter: undefined,
    regains: false,
    state: 'completed',
    caution: 'its items were delivered by the product whose positions were taken over',
    reason: undefined,
    code: undefined,
    beganAtMs: nowMs,
    endedAtMs: nowMs,
    expectedItems: 0,
    totals: noTotals,
  }
}

function scanOfAnother(tableArn: string): ScanEntry {
  return {
    kind: 'scan',
    tableArn,
    run: 0,
    segment: 0,
    totalSegments: 1,
    lastKey: undefined,
    pages: 0,
    ...noTotals,
    isDone: true,
  }
}

function outOfOrder(shardId: string, parent: string): TailraceError {
  return new TailraceError(
    'LEASES_UNUSABLE',
    `shard ${shardId} has a position although its parent ${parent} was not read to its end`,
  )
}

/** Listed shards of which nothing is left to be read: they say so, or something behind them was read. */
function endedShards({ listed, positions }: ForeignReading): ReadonlySet<string> {
  const children = Map.groupBy(
    listed.flatMap(({ shardId, parents }) => parents.map((parent) => ({ parent, shardId }))),
    ({ parent }) => parent,
  )
  const isRead = (shardId: string): boolean => {
    const kind = positions.get(shardId)?.kind
    return kind === 'after' || kind === 'end' || isReadBehind(shardId)
  }
  const isReadBehind = (shardId: string): boolean =>
    (children.get(shardId) ?? []).some((child) => isRead(child.shardId))
  const isEnded = (shardId: string): boolean => {
    const position = positions.get(shardId)
    return position === undefined ? isReadBehind(shardId) : position.kind === 'end'
  }
  return new Set(listed.map(({ shardId }) => shardId).filter(isEnded))
}

function entriesOf(
  { shardId, becomes, after, begunAtMs }: TakenShard,
  { table, listed, nowMs }: ForeignReading,
  { held, lanes }: { readonly held: LedgerShard | undefined; readonly lanes: number },
): readonly AddressedEntry[] {
  const lane = held?.lane ?? registrarOf(table.streamArn, shardId, lanes)
  const of = {
    tableArn: table.arn,
    streamArn: table.streamArn,
    shardId,
    generation: held === undefined ? 0 : held.shard.generation + 1,
  }
  const begin: BeginEntry = {
    kind: 'begin',
    ...of,
    parent: undefined,
    parents: [],
    after,
    notBeforeMs: undefined,
    sinceMs: undefined,
    begunAtMs,
  }
  if (becomes !== 'end') return [{ lane, entry: begin }]
  const children = listed.filter(({ parents }) => parents.includes(shardId)).map((child) => child.shardId)
  const end: AtEntry = {
    kind: 'at',
    ...of,
    status: 'end',
    after: undefined,
    createdAtMs: undefined,
    committedAtMs: nowMs,
    movedTo: undefined,
    children,
    begunAtMs,
  }
  return [
    { lane, entry: begin },
    { lane, entry: end },
  ]
}
