import type { Clock } from '../../async/clock.ts'
import { TailraceError, isAbort } from '../../errors.ts'
import { createCommittedReader } from '../../kafka/committed-reader.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { readShopChange } from './shop-change.ts'
import type { ShopChange } from './shop-change.ts'

/** Whose partitions to read, and what to do with what is in them. */
export interface TopicReading {
  readonly kafka: KafkaApi
  readonly topic: string
  readonly partitions: number
  /** Called in offset order within a partition. */
  readonly onChange: (change: ShopChange) => void
}

const retryPauseMs = 250

/**
 * Follows all partitions from the beginning until `signal` aborts, as a read_committed consumer. What fails on the way
 * is tried again from the same offset; errors that trying again does not cure reject.
 */
export async function watchTopic(reading: TopicReading, clock: Clock, signal: AbortSignal): Promise<void> {
  const follow = async (partition: number): Promise<void> => {
    const reader = createCommittedReader({ kafka: reading.kafka, topic: reading.topic, partition, from: 0n })
    while (!signal.aborted) {
      try {
        for await (const { records } of reader.read(signal)) handOut(reading, partition, records)
      } catch (error) {
        if (isAbort(error, signal)) return
        if (!isBeingMade(error) && (!(error instanceof TailraceError) || error.policy !== 'retry')) throw error
        await clock.sleep(retryPauseMs, signal).catch(() => undefined) // an abort ends the loop
      }
    }
  }
  await Promise.all(partitionsOf(reading).map(follow))
}

/** Reads all partitions once, from the beginning to their ends of this moment. */
export async function readWholeTopic(reading: TopicReading, signal: AbortSignal): Promise<void> {
  const { kafka, topic } = reading
  const readOne = async (partition: number): Promise<void> => {
    const { logStart, highWatermark } = await kafka.offsets(topic, partition, signal)
    const reader = createCommittedReader({ kafka, topic, partition, from: logStart, until: highWatermark })
    for await (const { records } of reader.read(signal)) handOut(reading, partition, records)
  }
  await Promise.all(partitionsOf(reading).map(readOne))
}

/** The topic of a table whose changes come out of a Kinesis stream is made with its first record. */
const whileItIsMade: ReadonlySet<unknown> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
])

function isBeingMade(error: unknown): boolean {
  if (error instanceof KafkaError) return whileItIsMade.has(error.errorName)
  return error instanceof TailraceError && whileItIsMade.has(error.details['errorName'])
}

function handOut(
  { onChange }: TopicReading,
  partition: number,
  records: readonly Parameters<typeof readShopChange>[0][],
): void {
  for (const record of records) {
    const change = readShopChange(record, partition)
    if (change !== undefined) onChange(change)
  }
}

function partitionsOf({ partitions }: TopicReading): readonly number[] {
  return Array.from({ length: partitions }, (_, partition) => partition)
}
