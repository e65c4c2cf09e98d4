import type { ProducerRecord } from '../kafka/kafka.ts'
import type { LaneContext } from '../lanes/hand-over.ts'
import { topicKey } from '../lanes/lane-state.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { AddressedEntry, TopicEntry } from '../lanes/ledger-entry.ts'
import { inAllLanes } from '../lanes/topic-pins.ts'
import type { TopicPins } from './stages.ts'

/** What a lane knows of topics besides the tables' own while it prepares one transaction. */
export interface LaneTopics {
  ofTable(tableArn: string): TopicPins
  /** These records of a table will be written: what was met of their topics goes into the ledger with them. */
  keep(tableArn: string, records: readonly ProducerRecord[]): void
  /** What the transaction has to say of topics that the lane did not know. */
  readonly entries: readonly AddressedEntry[]
}

/**
 * Topics as the lane's state has them, and as the pages of this transaction have met them. Changes nothing of the state: what
 * is not written is forgotten with the transaction.
 */
export function createLaneTopics(
  state: Pick<LaneState, 'topics'>,
  { lane, lanes }: Pick<LaneContext, 'lane' | 'lanes'>,
): LaneTopics {
  const met = new Map<string, TopicEntry>()
  const kept = new Map<string, TopicEntry>()
  return {
    ofTable: (tableArn) => ({
      of: (topic) => {
        const key = topicKey({ tableArn, topic })
        return met.get(key) ?? state.topics.get(key)
      },
      meet: (topic, { topicId, partitions }) => {
        const key = topicKey({ tableArn, topic })
        const known = state.topics.get(key)
        if (met.has(key) || (known !== undefined && known.topicId === topicId)) return
        const version = (known?.version ?? 0) + 1
        met.set(key, { kind: 'topic', tableArn, topic, writer: lane, version, partitions, topicId })
      },
    }),
    keep: (tableArn, records) => {
      if (met.size === kept.size) return
      for (const topic of new Set(records.map((record) => record.topic))) {
        const key = topicKey({ tableArn, topic })
        const entry = met.get(key)
        if (entry !== undefined) kept.set(key, entry)
      }
    },
    get entries() {
      return [...kept.values()].flatMap((entry) => inAllLanes(entry, lanes))
    },
  }
}
