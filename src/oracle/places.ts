import type { ChangePosition, Delivery, RecordPlace } from './oracle.ts'

/** `topic-partition@offset`, as Kafka's own tools write it. */
export function textOfPlace({ topic, partition, offset }: RecordPlace): string {
  return `${topic}-${partition}@${offset}`
}

/** `shard@sequence number`, or nothing where there is none. */
export function textOfPosition(position: ChangePosition | undefined): string {
  return position === undefined ? '' : `${position.shardId}@${position.sequenceNumber}`
}

/** Names a change by its number in `written`, its version and position: never by its key, which is an item's value. */
export function textOfChange({ written }: Delivery, change: number): string {
  const { table = '', version = 0, position } = written[change] ?? {}
  const at = position === undefined ? '' : ` at ${textOfPosition(position)}`
  return `written change ${change} (${table}, version ${version}${at})`
}

/** Names a record by its place, and its position if it has one. */
export function textOfRecord({ delivered }: Delivery, record: number): string {
  const found = delivered[record]
  if (found === undefined) return `record ${record}`
  const from = found.position === undefined ? '' : ` from ${textOfPosition(found.position)}`
  return `record ${textOfPlace(found)}${from}`
}
