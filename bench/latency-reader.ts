import { systemClock } from '../src/async/system-clock.ts'
import { systemRng } from '../src/async/system-rng.ts'
import { TailraceError, isAbort } from '../src/errors.ts'
import { createCommittedReader } from '../src/kafka/committed-reader.ts'
import type { FetchedRecord } from '../src/kafka/kafka.ts'
import { createWireKafka } from '../src/kafka/wire-kafka.ts'
import { readableAtMsOf } from './replay-live.ts'

/** A change that a read_committed reader has met. */
export interface SeenChange {
  readonly readableAtMs: number
  readonly latencyMs: number
}

/** Follows a topic of live changes, a connection for each partition; rows of snapshots are passed over. */
export async function followChanges(
  {
    bootstrapServers,
    topic,
    partitions,
  }: { readonly bootstrapServers: string; readonly topic: string; readonly partitions: number },
  onChange: (change: SeenChange) => void,
  signal: AbortSignal,
): Promise<void> {
  const take = (records: readonly FetchedRecord[]): void => {
    const nowMs = systemClock.now()
    for (const { headers, value } of records) {
      const sequenceNumber = headers.find(([name]) => name === 'tailrace.seq')?.[1]
      // A tombstone belongs to the delete in front of it.
      if (sequenceNumber === undefined || sequenceNumber === null || value === null) continue
      const readableAtMs = readableAtMsOf(sequenceNumber.toString())
      onChange({ readableAtMs, latencyMs: nowMs - readableAtMs })
    }
  }
  const follow = async (partition: number): Promise<void> => {
    const connection = { brokers: [bootstrapServers] }
    await using kafka = createWireKafka({ connection, clock: systemClock, rng: systemRng })
    // The worker makes the topic; until then there is nothing to read.
    while ((await kafka.topics([topic], signal)).size === 0) await systemClock.sleep(50, signal)
    const reader = createCommittedReader({ kafka, topic, partition, from: 0n, maxBytes: 8 * 1024 * 1024 })
    while (!signal.aborted) {
      try {
        for await (const { records } of reader.read(signal)) take(records)
      } catch (error) {
        // A partition that was made a moment ago may have no leader yet.
        if (!(error instanceof TailraceError) || error.details['errorName'] !== 'NOT_LEADER_OR_FOLLOWER') throw error
        await systemClock.sleep(50, signal)
      }
    }
  }
  const follower = async (partition: number): Promise<void> => {
    try {
      await follow(partition)
    } catch (error) {
      if (!isAbort(error, signal)) throw error
    }
  }
  await Promise.all(Array.from({ length: partitions }, (_, partition) => follower(partition)))
}
