import { decodeEntry } from '../../../src/lanes/ledger-codec.ts'
import type { Topic } from '../kafka/cluster-state.ts'
import { committedReader } from './output-scan.ts'

/** Names of the tables whose snapshot is complete, as lane 0's partition of the ledger says it; each call reads on. */
export function createSnapshotWatch(ledger: () => Topic | undefined): () => ReadonlySet<string> {
  const completed = new Set<string>()
  let read: ReturnType<typeof committedReader> | undefined
  return () => {
    const partition = ledger()?.partitions[0]
    if (partition === undefined) return completed
    read ??= committedReader(partition)
    read(({ key, value }) => {
      const record = decodeEntry(key, value)
      if (record.kind !== 'entry' || record.entry.kind !== 'table') return
      const { table, snapshot } = record.entry
      if (snapshot?.state === 'completed') completed.add(table.name)
      else completed.delete(table.name)
    })
    return completed
  }
}
