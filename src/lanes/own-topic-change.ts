import type { LaneState } from './lane-state.ts'
import type { AddressedEntry } from './ledger-entry.ts'
import type { TopicNow } from './topic-pins.ts'

/**
 * Takes the own topic of tables as it is now. `ledgers` must be fresh (index = lane) and the pipeline must stand still. Nothing
 * where nothing has changed.
 */
export function acceptOwnTopic(
  ledgers: readonly Pick<LaneState, 'tables'>[],
  { topic, topicId, partitions }: TopicNow,
): readonly AddressedEntry[] {
  const tables = [...(ledgers[0]?.tables.values() ?? [])].filter((entry) => entry.topic === topic)
  return tables
    .filter((entry) => entry.topicPartitions !== partitions || entry.topicId !== topicId)
    .flatMap((entry) =>
      ledgers.map((_, lane) => ({
        lane,
        entry: { ...entry, version: entry.version + 1, topicPartitions: partitions, topicId },
      })),
    )
}
