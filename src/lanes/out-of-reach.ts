import type { Shard } from '../change/shard.ts'
import { endEntries, passOverEntries } from './hand-over.ts'
import type { LaneState, ShardState } from './lane-state.ts'
import type { AddressedEntry } from './ledger-entry.ts'
import { shardsOfLedger } from './ledger-shards.ts'
import type { LedgerShard } from './ledger-shards.ts'

/** A stream as it is when a function's positions in it are given over to workers. */
export interface StreamSight {
  readonly streamArn: string
  /** A complete listing. */
  readonly listed: readonly Shard[]
  /** Shards that the ledger has unfinished, and that are neither listed nor there. */
  readonly gone: ReadonlySet<string>
  /** Open shards that are there, but what is left of them begins behind their position. */
  readonly trimmed: ReadonlySet<string>
}

/** What becomes of shards that cannot be read on from where a function was. */
export interface PassedOver {
  readonly entries: readonly AddressedEntry[]
  /** Ids of those of which nothing says that all of them was handed over. */
  readonly unproved: readonly string[]
}

/** The shards of a stream that are not ended, as the whole ledger knows them. */
export function unfinishedShards(ledgers: readonly LaneState[], streamArn: string): readonly LedgerShard[] {
  return [...shardsOfLedger(ledgers).values()].filter(
    ({ shard }) => shard.streamArn === streamArn && (shard.status === 'open' || shard.status === 'waiting'),
  )
}

/**
 * A function never ends a shard: nobody tells it that there is nothing more. So its positions stay where they are when shards
 * leave their stream, and a worker would take that for a loss. What is gone counts as read here, and begins its children; what is
 * trimmed is read on from what is left of it, all of which is newer than the position.
 *
 * Lambda hands a parent over before its children. So a shard was handed over if anything behind it has a position: a child, a
 * child of that, or, where the lineage is forgotten, everything that can be behind it. `ledgers` must be owned, and no
 * function may be left that could add to them.
 */
export function passOverUnreachable(
  ledgers: readonly LaneState[],
  sight: StreamSight,
  { nowMs, retentionMs }: { readonly nowMs: number; readonly retentionMs: number },
): PassedOver {
  const { streamArn, gone, trimmed } = sight
  const lineage = lineageOf(ledgers, sight)
  const entries: AddressedEntry[] = []
  const unproved = new Set<string>()
  for (const { lane, shard } of unfinishedShards(ledgers, streamArn)) {
    const { shardId } = shard
    if (!gone.has(shardId) && !trimmed.has(shardId)) continue
    const context = { lane, lanes: ledgers.length, nowMs, retentionMs }
    const children = gone.has(shardId) ? lineage.toBegin(shardId) : []
    // Of what is behind a shard that is gone nothing was awaited before: there counting begins.
    entries.push(
      ...(gone.has(shardId) ? endEntries(shard, children, context, nowMs) : passOverEntries(shard, true, context)),
    )
    if (!lineage.isHandedOver(shardId)) unproved.add(shardId)
    for (const child of children.filter((one) => !lineage.isReached(one.shardId))) unproved.add(child.shardId)
  }
  return { entries, unproved: [...unproved].toSorted() }
}

interface Lineage {
  /** True if it, or anything that descends from it, has a position. */
  isReached(shardId: string): boolean
  /** True if what is handed over in order has passed it. */
  isHandedOver(shardId: string): boolean
  /** Children that wait for this shard's end, or that nobody has begun. */
  toBegin(shardId: string): readonly Shard[]
}

function lineageOf(ledgers: readonly LaneState[], { streamArn, listed, gone }: StreamSight): Lineage {
  const known = new Map<string, ShardState>()
  for (const { shard } of shardsOfLedger(ledgers).values())
    if (shard.streamArn === streamArn) known.set(shard.shardId, shard)
  const shards = new Map<string, Shard>(listed.map((shard) => [shard.shardId, shard]))
  for (const [shardId, { parents }] of known)
    if (!shards.has(shardId) && parents.length > 0) shards.set(shardId, { ...unseen, shardId, parents })
  const children = new Map<string, Shard[]>()
  for (const shard of shards.values())
    for (const parent of shard.parents) children.set(parent, [...(children.get(parent) ?? []), shard])
  const childrenOf = (shardId: string): readonly Shard[] => children.get(shardId) ?? []

  const reached = new Map<string, boolean>()
  const isReached = (shardId: string): boolean => {
    const found = reached.get(shardId)
    if (found !== undefined) return found
    // A circle cannot come from a service; were there one, this ends.
    reached.set(shardId, false)
    const state = known.get(shardId)
    const isOwn = state !== undefined && (state.after !== undefined || state.status === 'end')
    const is = isOwn || childrenOf(shardId).some((child) => isReached(child.shardId))
    reached.set(shardId, is)
    return is
  }
  const ids = new Set(listed.map(({ shardId }) => shardId))
  // Whatever is gone is an ancestor of some of these.
  const oldest = listed.filter(({ parents }) => parents.some((parent) => !ids.has(parent)))
  const areAllReached = oldest.length > 0 && oldest.every(({ shardId }) => isReached(shardId))
  const waits = (shardId: string): boolean => {
    const state = known.get(shardId)
    return (state === undefined || state.status === 'waiting') && !gone.has(shardId)
  }
  return {
    isReached,
    isHandedOver: (shardId) =>
      childrenOf(shardId).some((child) => isReached(child.shardId)) || (gone.has(shardId) && areAllReached),
    toBegin: (shardId) => childrenOf(shardId).filter((child) => waits(child.shardId)),
  }
}

const unseen = { startingSequenceNumber: undefined, endingSequenceNumber: undefined } as const
