import type { SerializedRecord } from '../serialize/serializer.ts'

/** What goes into one batch whatever its size is: an event and, if it has one, its tombstone. */
export interface RecordGroup {
  readonly event: SerializedRecord
  readonly tail: readonly SerializedRecord[]
}

/** The records of one change by what stays together. A tombstone has the key of its event, in the same buffer. */
export function groupsOf(records: readonly SerializedRecord[]): readonly RecordGroup[] {
  const groups: { event: SerializedRecord; tail: SerializedRecord[] }[] = []
  for (const record of records) {
    const last = groups.at(-1)
    const isTail = record.value === null && last?.event.key === record.key && last.event.topic === record.topic
    if (isTail) last.tail.push(record)
    else groups.push({ event: record, tail: [] })
  }
  return groups
}

/** The records of a group, in order. */
export function recordsOf({ event, tail }: RecordGroup): readonly SerializedRecord[] {
  return [event, ...tail]
}
