import { beginnableShards, discoveryEntries } from '../lanes/discovery-gate.ts'
import { forgettableEntries } from '../lanes/forgetting.ts'
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
  const begun = beginnableShards(table, shards, ledgers)
  await write(discoveryEntries(table, begun, lanes))
  const name = table.table.name
  environment.onEvent({ kind: 'shards-discovered', table: name, listed: shards.length, begun: begun.length })

  const listed = new Set(shards.map((shard) => shard.shardId))
  const tombstones = forgettableEntries(table.table.streamArn, listed, ledgers, environment.clock.now())
  await write(tombstones)
  if (tombstones.length > 0)
    environment.onEvent({ kind: 'shards-forgotten', table: name, tombstones: tombstones.length })
}
