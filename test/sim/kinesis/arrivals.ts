import type { ServedKinesis } from '../../servers/kinesis-simulator/kinesis-service.ts'
import type { StoredKinesisRecord } from '../../servers/kinesis-simulator/kinesis-shard.ts'

/** One delivery of a change into the stream, as somebody sees it who sees everything. */
export interface ArrivedChange {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly eventId: string
  /** As the record tells it. Microseconds. */
  readonly createdAtMicros: number
  /** As the record tells it, which may be earlier than it was. Milliseconds. */
  readonly arrivedAtMs: number
  /** It came more than the window behind the newest change of its shard, or of one that its shard followed. */
  readonly isLate: boolean
}

/** Everything that has arrived, and what of it came too late. */
export interface Arrivals {
  /** Reads on. */
  advance(): void
  /** By sequence number, which is unique in the stream. */
  readonly all: ReadonlyMap<string, ArrivedChange>
  /** The deliveries of each change. */
  readonly byEvent: ReadonlyMap<string, readonly ArrivedChange[]>
}

/**
 * Follows a stream's shards themselves, in the order in which they were made. Lateness follows from what came before in the
 * shard and in the shards that it follows, and from nothing that a reader does. Changes of tables that nobody wants do not count.
 */
export function followArrivals(
  kinesis: ServedKinesis,
  { stream: name, windowMs, isWanted }: ArrivalsOptions,
): Arrivals {
  const all = new Map<string, ArrivedChange>()
  const byEvent = new Map<string, ArrivedChange[]>()
  const frontiers = new Map<string, { micros: number; next: number }>()
  const take = (record: StoredKinesisRecord, shardId: string, frontier: { micros: number }): void => {
    const { tableName, ...change } = readChange(record)
    if (!isWanted(tableName)) return
    const isLate = change.createdAtMicros < frontier.micros - windowMs * 1_000
    const arrived = { shardId, sequenceNumber: record.sequenceNumber, isLate, ...change }
    frontier.micros = Math.max(frontier.micros, Math.min(change.createdAtMicros, change.arrivedAtMs * 1_000))
    all.set(record.sequenceNumber, arrived)
    const deliveries = byEvent.get(change.eventId) ?? []
    byEvent.set(change.eventId, deliveries)
    deliveries.push(arrived)
  }
  return {
    all,
    byEvent,
    advance: () => {
      kinesis.settle()
      for (const { shardId, parents, records } of kinesis.stream(name).shards) {
        const inherited = (): number => Math.max(0, ...parents.map((parent) => frontiers.get(parent)?.micros ?? 0))
        const frontier = frontiers.get(shardId) ?? { micros: inherited(), next: 0 }
        frontiers.set(shardId, frontier)
        for (const record of records.slice(frontier.next)) take(record, shardId, frontier)
        frontier.next = records.length
      }
    },
  }
}

/** Which arrivals count, and how far apart they may be. */
export interface ArrivalsOptions {
  readonly stream: string
  readonly windowMs: number
  readonly isWanted: (table: string) => boolean
}

interface WireChange {
  readonly eventID: string
  readonly tableName: string
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number
    readonly ApproximateCreationDateTimePrecision?: string
  }
}

function readChange({
  data,
  json,
}: StoredKinesisRecord): Omit<ArrivedChange, 'shardId' | 'sequenceNumber' | 'isLate'> & { readonly tableName: string } {
  const { eventID: eventId, tableName, dynamodb } = JSON.parse(data.toString()) as WireChange
  const { ApproximateArrivalTimestamp: seconds } = JSON.parse(json) as { readonly ApproximateArrivalTimestamp: number }
  const { ApproximateCreationDateTime: time, ApproximateCreationDateTimePrecision: unit } = dynamodb
  const createdAtMicros = unit === 'MICROSECOND' ? time : time * 1_000
  return { eventId, tableName, createdAtMicros, arrivedAtMs: Math.round(seconds * 1_000) }
}
