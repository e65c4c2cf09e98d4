import { compareSequenceNumbers } from '../change/sequence-number.ts'
import { TailraceError } from '../errors.ts'
import { tombstonesOf } from './forgetting.ts'
import { shardKey } from './lane-state.ts'
import type { LaneState, ShardState } from './lane-state.ts'
import { descendantsOf, shardsOfLedger } from './ledger-shards.ts'
import type { LedgerShard } from './ledger-shards.ts'
import { moveShard } from './offset-change.ts'
import type { OffsetChange, ShardChange } from './offset-change.ts'

/** Where one shard is to stand. */
export interface ShardWish {
  readonly tableArn: string
  readonly streamArn: string
  readonly shardId: string
  readonly to: PositionWish
}

/** `end`: the shard is to stay ended. `forgotten`: it begins again where the configuration says, behind its parents. */
export type PositionWish =
  | { readonly kind: 'at'; readonly after: string | undefined }
  | { readonly kind: 'end'; readonly after: string | undefined }
  | { readonly kind: 'forgotten' }

/**
 * Moves several shards at once: all or none. What stands where it is to stand is left alone, so that the same call again, after
 * a crash that has left a part of it, does the rest. What descends from a shard that is read again, or forgotten, is forgotten.
 *
 * `ledgers` must be fresh (index = lane) and the pipeline must stand still. Throws OFFSET_INVALID for what cannot be wished.
 */
export function alterShards(ledgers: readonly LaneState[], wishes: readonly ShardWish[], nowMs: number): OffsetChange {
  const all = shardsOfLedger(ledgers)
  const wished = byShard(wishes)
  const changed = wishes.filter((wish) => !standsThere(knownOf(all, wish).shard, wish.to))
  for (const wish of changed) refuseContradiction(wish, wished, all)
  const changes = changed.map((wish) => changeOf(wish, { ledgers, all, nowMs }))
  const shards = new Map<string, ShardChange>()
  for (const shard of changes.flatMap((change) => change.shards)) {
    const key = shardKey(shard.streamArn, shard.shardId)
    if (!shards.has(key) || shard.becomes.kind === 'moved') shards.set(key, shard)
  }
  return { entries: changes.flatMap(({ entries }) => entries), shards: [...shards.values()] }
}

type AllShards = ReadonlyMap<string, LedgerShard>

function byShard(wishes: readonly ShardWish[]): ReadonlyMap<string, ShardWish> {
  const found = new Map<string, ShardWish>()
  for (const wish of wishes) {
    const key = shardKey(wish.streamArn, wish.shardId)
    if (found.has(key)) throw invalid(`shard ${wish.shardId} is named twice`)
    found.set(key, wish)
  }
  return found
}

function knownOf(all: AllShards, { streamArn, shardId }: ShardWish): LedgerShard {
  const known = all.get(shardKey(streamArn, shardId))
  if (known === undefined) throw invalid(`the ledger knows no shard ${shardId} of stream ${streamArn}`)
  return known
}

function standsThere(shard: ShardState, to: PositionWish): boolean {
  if (to.kind === 'forgotten') return false
  const isSame =
    to.after === undefined || shard.after === undefined ? to.after === shard.after : isEqual(to.after, shard.after)
  return isSame && (to.kind === 'end') === (shard.status === 'end')
}

function isEqual(a: string, b: string): boolean {
  return compareSequenceNumbers(a, b) === 0
}

/** A shard cannot keep its place behind one that is read again: an item's older changes would come after newer ones. */
function refuseContradiction(wish: ShardWish, wished: ReadonlyMap<string, ShardWish>, all: AllShards): void {
  const { shard } = knownOf(all, wish)
  const { shardId, to, streamArn } = wish
  if (to.kind === 'end')
    throw invalid(`shard ${shardId} is ${shard.status}, not at its end: a position can be set, an end cannot`)
  if (to.kind === 'at' && shard.status === 'waiting')
    throw invalid(`shard ${shardId} waits for its parents: move those`)
  if (to.kind === 'at' && shard.status !== 'end') return
  for (const id of descendantsOf(shardId, siblingsOf(all, streamArn))) {
    const other = wished.get(shardKey(streamArn, id))
    if (other !== undefined && other.to.kind !== 'forgotten')
      throw invalid(
        `shard ${id} descends from shard ${shardId}, which is to be read again: leave it out, or give null for it`,
      )
  }
}

function siblingsOf(all: AllShards, streamArn: string): readonly LedgerShard[] {
  return [...all.values()].filter(({ shard }) => shard.streamArn === streamArn)
}

function changeOf(
  wish: ShardWish,
  parts: { readonly ledgers: readonly LaneState[]; readonly all: AllShards; readonly nowMs: number },
): OffsetChange {
  const { ledgers, all, nowMs } = parts
  const { shardId, streamArn, tableArn, to } = wish
  const table = ledgers[0]?.tables.get(tableArn)
  if (table?.table.streamArn !== streamArn)
    throw invalid(`stream ${streamArn} is not the present one of its table: reset the whole table instead`)
  if (to.kind !== 'forgotten') return moveShard(ledgers, { table, shardId, after: to.after, nowMs })
  const ids = [shardId, ...descendantsOf(shardId, siblingsOf(all, streamArn))]
  return {
    entries: ids.flatMap((id) => forget(ledgers, shardKey(streamArn, id))),
    shards: ids.flatMap((id) => forgotten(all.get(shardKey(streamArn, id))?.shard)),
  }
}

function forget(ledgers: readonly LaneState[], key: string): OffsetChange['entries'] {
  return ledgers.flatMap((ledger, lane) => {
    const held = ledger.shards.get(key)
    return held === undefined ? [] : tombstonesOf(held, lane)
  })
}

function forgotten(shard: ShardState | undefined): readonly ShardChange[] {
  if (shard === undefined) return []
  const { shardId, streamArn, status, after } = shard
  return [{ shardId, streamArn, was: { status, after }, becomes: { kind: 'forgotten' } }]
}

function invalid(message: string): TailraceError {
  return new TailraceError('OFFSET_INVALID', message)
}
