import type { ProducerRecord } from './kafka.ts'
import { batchHeaderBytes, recordBytes } from './record-batch-encoder.ts'

/** The records of one partition that go out as one batch. */
export interface PartitionRecords {
  readonly topic: string
  readonly partition: number
  readonly records: readonly ProducerRecord[]
  /** Upper bound of the uncompressed size. */
  readonly bytes: number
}

/** What goes out at once: at most one batch a partition. The next round follows when this one is acknowledged. */
export type ProduceRound = readonly PartitionRecords[]

/** How large a batch of a topic may become. Learns from refusals; shared by the sessions of a process. */
export interface BatchLimits {
  maxBytes(topic: string): number
  /** The broker refused a batch of this size although it held several records: make them half as large. */
  refused(topic: string, bytes: number): void
}

/** Makes limits that begin at `maxBatchBytes` for every topic, or below, where a topic is known to take less. */
export function createBatchLimits(
  maxBatchBytes: number,
  topicBytes: (topic: string) => number | undefined = () => undefined,
): BatchLimits {
  const learned = new Map<string, number>()
  return {
    maxBytes: (topic) =>
      Math.min(learned.get(topic) ?? maxBatchBytes, (topicBytes(topic) ?? maxBatchBytes) - batchHeaderBytes),
    refused: (topic, bytes) => void learned.set(topic, Math.max(1, Math.floor(bytes / 2))),
  }
}

/**
 * Cuts records into rounds. Within a partition the order stays as given: a later record is in the same batch, or in a
 * later round. A record that is larger than the limit goes alone, or with its tail: the tombstone of a delete, which
 * shares the delete's key, must stand right behind it, and between two batches another lane's records can come.
 */
export function cutRounds(records: Iterable<ProducerRecord>, limits: BatchLimits): readonly ProduceRound[] {
  const rounds: OpenBatch[][] = []
  const topics = new Map<string, Map<number, OpenBatch>>()
  for (const record of records) {
    const partitions = topics.get(record.topic) ?? new Map<number, OpenBatch>()
    if (partitions.size === 0) topics.set(record.topic, partitions)
    const bytes = recordBytes(record)
    const open = partitions.get(record.partition)
    if (open !== undefined && (open.bytes + bytes <= open.limit || isTail(record, open.records.at(-1)))) {
      open.records.push(record)
      open.bytes += bytes
      continue
    }
    const { topic, partition } = record
    const round = open === undefined ? 0 : open.round + 1
    const batch = { topic, partition, records: [record], bytes, round, limit: open?.limit ?? limits.maxBytes(topic) }
    partitions.set(partition, batch)
    const batches = rounds[round] ?? []
    batches.push(batch)
    rounds[round] = batches
  }
  return rounds
}

/** How many changes a batch holds: a delete and its tombstone are one. */
export function changesIn(records: readonly ProducerRecord[]): number {
  return records.filter((record, index) => !isTail(record, records[index - 1])).length
}

/** The same key bytes in the same buffer: records of one change. */
function isTail(record: ProducerRecord, before: ProducerRecord | undefined): boolean {
  return record.value === null && record.key !== null && record.key === before?.key
}

interface OpenBatch extends PartitionRecords {
  readonly records: ProducerRecord[]
  bytes: number
  readonly round: number
  readonly limit: number
}
