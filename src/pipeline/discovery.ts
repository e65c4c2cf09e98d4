import type { Shard } from '../change/shard.ts'
import { beginnableShards, discoveryEntries } from '../lanes/discovery-gate.ts'
import { forgettableEntries } from '../lanes/forgetting.ts'
import { shardKey } from '../lanes/lane-state.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import type { Coordination } from './coordination.ts'

/** Lists each stream in full, begins what passes the gate, and forgets what is long over. */
export async function discoverShards(coordination: Coordination, signal: AbortSignal): Promise<void> {
  for (const table of coordination.session.state.tables.values()) {
    if (table.status.kind === 'streaming') await discoverTable(coordination, table, signal)
  }
}

async function discoverTable(coordination: Coordination, table: TableEntry, signal: AbortSignal): Promise<void> {
  const { environment, ledger, write } = coordination
  const { lanes } = environment.identity
  const { shards } = await environment.source.listShards(table.table.streamArn, signal)
  // Ledgers after listing: a parent that ended in between is then seen as ended.
  const ledgers = await ledger.refresh(signal)
  const candidates = beginnableShards(table, shards, ledgers)
  const begun = await withoutHiddenParents(coordination, { table, candidates, shards, ledgers }, signal)
  await write(discoveryEntries(table, begun, lanes))
  const name = table.table.name
  environment.onEvent({ kind: 'shards-discovered', table: name, listed: shards.length, begun: begun.length })

  const listed = new Set(shards.map((shard) => shard.shardId))
  const tombstones = forgettableEntries(table.table.streamArn, listed, ledgers, environment.clock.now())
  await write(tombstones)
  if (tombstones.length > 0)
    environment.onEvent({ kind: 'shards-forgotten', table: name, tombstones: tombstones.length })
}

/**
 * A parent that is absent from the listing counts as trimmed, but listings are eventually consistent: a shard that is only
 * hidden would be read after its children. So the parent itself is asked for, and its children wait for a better listing.
 */
async function withoutHiddenParents(
  { environment: { source } }: Coordination,
  parts: {
    readonly table: TableEntry
    readonly candidates: readonly Shard[]
    readonly shards: readonly Shard[]
    readonly ledgers: readonly LaneState[]
  },
  signal: AbortSignal,
): Promise<readonly Shard[]> {
  const { streamArn } = parts.table.table
  const listed = new Set(parts.shards.map(({ shardId }) => shardId))
  const isKnown = (shardId: string): boolean =>
    listed.has(shardId) || parts.ledgers.some(({ shards }) => shards.has(shardKey(streamArn, shardId)))
  const absent = new Set(parts.candidates.flatMap(({ parents }) => parents).filter((parent) => !isKnown(parent)))
  const hidden = new Set<string>()
  for (const parent of absent) if (await source.hasShard(streamArn, parent, signal)) hidden.add(parent)
  return parts.candidates.filter(({ parents }) => !parents.some((parent) => hidden.has(parent)))
}
