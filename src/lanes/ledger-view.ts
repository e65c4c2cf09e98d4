import type { KafkaApi } from '../kafka/kafka.ts'
import { createMarkerReader } from '../kafka/marker-reader.ts'
import { createLaneFold } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import { readLedger } from './lane-session.ts'
import { decodeEntry } from './ledger-codec.ts'

/** All partitions of a ledger, read without owning any: for the coordinator's gate and for people who ask. */
export interface LedgerView {
  /**
   * Reads every partition to the high watermark it has now; what stands in open transactions is not in it yet.
   * Index = lane. The same objects each time, folded further.
   */
  refresh(signal: AbortSignal): Promise<readonly LaneState[]>
}

/** Begins at the start of each partition; later refreshes read only what is new. */
export function createLedgerView(kafka: KafkaApi, ledgerTopic: string, lanes: number): LedgerView {
  const parts = Array.from({ length: lanes }, (_, partition) => ({
    partition,
    fold: createLaneFold(),
    reader: createMarkerReader({ kafka, topic: ledgerTopic, partition }),
  }))
  return {
    refresh: async (signal) => {
      await Promise.all(
        parts.map(async ({ partition, fold, reader }) => {
          const { highWatermark } = await kafka.offsets(ledgerTopic, partition, signal)
          const records = await readLedger(reader, { topic: ledgerTopic, lane: partition, highWatermark }, signal)
          for (const record of records) fold.apply(decodeEntry(record.key, record.value))
        }),
      )
      return parts.map(({ fold }) => fold.state)
    },
  }
}
