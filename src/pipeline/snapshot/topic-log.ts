import type { FetchedRecord, PartitionOffsets } from '../../kafka/kafka.ts'

/** Topics of the output, read back as their readers see them. Nothing is retried here. */
export interface TopicLog {
  offsets(topic: string, partition: number, signal: AbortSignal): Promise<PartitionOffsets>
  /** Committed records in offset order, a page at a time, up to `until`; waits for transactions that are open below it. */
  committed(range: LogRange, signal: AbortSignal): AsyncIterable<LogPage>
}

/** A part of a partition. */
export interface LogRange {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  /** The first offset that is not wanted. */
  readonly until: bigint
}

/** What one answer held. */
export interface LogPage {
  /** Keys and values are views into the answer's bytes. */
  readonly records: readonly FetchedRecord[]
  /** Where reading goes on. */
  readonly nextOffset: bigint
}
