import { decodeEntry } from '../../../src/lanes/ledger-codec.ts'
import type { TableEntry } from '../../../src/lanes/ledger-entry.ts'
import type { Topic } from '../kafka/cluster-state.ts'
import { committedReader } from './output-scan.ts'

/** The tables by name, as lane 0's partition of the ledger says them; each call reads on. */
export function createTableWatch(ledger: () => Topic | undefined): () => ReadonlyMap<string, TableEntry> {
  const tables = new Map<string, TableEntry>()
  let read: ReturnType<typeof committedReader> | undefined
  return () => {
    const partition = ledger()?.partitions[0]
    if (partition === undefined) return tables
    read ??= committedReader(partition)
    read(({ key, value }) => {
      const record = decodeEntry(key, value)
      if (record.kind === 'entry' && record.entry.kind === 'table') tables.set(record.entry.table.name, record.entry)
    })
    return tables
  }
}

/** Names of the tables whose snapshot is complete. */
export function createSnapshotWatch(ledger: () => Topic | undefined): () => ReadonlySet<string> {
  const watch = createTableWatch(ledger)
  return () => new Set([...watch()].filter(([, { snapshot }]) => snapshot?.state === 'completed').map(([name]) => name))
}
