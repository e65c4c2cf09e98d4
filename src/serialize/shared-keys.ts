import type { SerializedRecord } from './serializer.ts'

/**
 * Gives records of one change that have equal keys in one topic the same buffer: by it they are known to belong together,
 * and a tombstone goes into the batch of its delete.
 */
export function withSharedKeys(records: readonly SerializedRecord[]): readonly SerializedRecord[] {
  const [first, ...others] = records
  if (first === undefined || others.length === 0) return records
  let last = first
  const shared = [first]
  for (const record of others) {
    last = record.topic === last.topic && record.key.equals(last.key) ? { ...record, key: last.key } : record
    shared.push(last)
  }
  return shared
}
