import { compareProgress } from './lane-state.ts'
import type { LaneState, ShardState } from './lane-state.ts'

/** One shard as the whole ledger knows it: the greatest of what its lanes say, and the lane that says so. */
export interface LedgerShard {
  readonly lane: number
  readonly shard: ShardState
}

/** A shard and the shards that follow it. A child of several parents stands under the first of them only. */
export interface LineageNode extends LedgerShard {
  readonly children: readonly LineageNode[]
}

/** Every shard that some lane knows, by the name that lane states use. Index of `ledgers` = lane. */
export function shardsOfLedger(ledgers: readonly LaneState[]): ReadonlyMap<string, LedgerShard> {
  const greatest = new Map<string, LedgerShard>()
  for (const [lane, ledger] of ledgers.entries()) {
    for (const [key, shard] of ledger.shards) {
      const known = greatest.get(key)
      if (known === undefined || compareProgress(shard, known.shard) > 0) greatest.set(key, { lane, shard })
    }
  }
  return greatest
}

/**
 * The shards of one stream as trees, parents above their children, siblings by name (which is by age). A parent that the
 * ledger has forgotten, or never knew, leaves its children as roots.
 */
export function lineageOf(shards: Iterable<LedgerShard>): readonly LineageNode[] {
  const known = new Map<string, LedgerShard>()
  for (const one of shards) known.set(one.shard.shardId, one)
  const followers = childrenByParent(known)
  const placed = new Set<string>()
  const grow = (one: LedgerShard): LineageNode => {
    placed.add(one.shard.shardId)
    const children = (followers.get(one.shard.shardId) ?? []).filter((id) => !placed.has(id))
    return { ...one, children: children.flatMap((id) => growIfNew(id)) }
  }
  const growIfNew = (shardId: string): readonly LineageNode[] => {
    const one = known.get(shardId)
    return one === undefined || placed.has(shardId) ? [] : [grow(one)]
  }
  const isChild = new Set([...followers.values()].flat())
  const ids = [...known.keys()].sort()
  const roots = ids.filter((id) => !isChild.has(id)).flatMap(growIfNew)
  // A circle cannot come from a service; were there one, its shards would still be shown.
  return [...roots, ...ids.flatMap(growIfNew)]
}

/** The names of all shards that descend from one, itself not included, as far as the ledger knows them. */
export function descendantsOf(shardId: string, shards: Iterable<LedgerShard>): ReadonlySet<string> {
  const known = new Map<string, LedgerShard>()
  for (const one of shards) known.set(one.shard.shardId, one)
  const followers = childrenByParent(known)
  const found = new Set<string>()
  const open = [shardId]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const child of followers.get(next) ?? []) {
      if (found.has(child) || child === shardId) continue
      found.add(child)
      open.push(child)
    }
  }
  return found
}

/** Both witnesses: the parent's END names its children, the child's `begin` its parents. Only known shards. */
function childrenByParent(known: ReadonlyMap<string, LedgerShard>): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, Set<string>>()
  const link = (parent: string, child: string): void => {
    if (!known.has(parent) || !known.has(child)) return
    const siblings = children.get(parent) ?? new Set<string>()
    children.set(parent, siblings.add(child))
  }
  for (const { shard } of known.values()) {
    for (const child of shard.at?.children ?? []) link(shard.shardId, child)
    for (const parent of shard.parents) link(parent, shard.shardId)
  }
  return new Map([...children].map(([parent, ids]) => [parent, [...ids].sort()]))
}
