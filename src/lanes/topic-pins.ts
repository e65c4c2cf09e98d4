import { compareTopics, topicKey } from './lane-state.ts'
import type { LaneState } from './lane-state.ts'
import type { AddressedEntry, TopicEntry } from './ledger-entry.ts'

/** A topic as it is. */
export interface TopicNow {
  readonly topic: string
  readonly topicId: string
  readonly partitions: number
}

/** True if records may go there as before: an id that is not known any more is taken as it is. */
export function isSameTopic(known: Pick<TopicEntry, 'partitions' | 'topicId'>, now: Omit<TopicNow, 'topic'>): boolean {
  return known.partitions === now.partitions && (known.topicId === undefined || known.topicId === now.topicId)
}

/**
 * Every topic besides the tables' own that the ledger knows, in the order of their names: of each table's the greatest that any
 * lane knows. Index of `ledgers` = lane.
 */
export function topicsOfLedger(ledgers: readonly Pick<LaneState, 'topics'>[]): readonly TopicEntry[] {
  const greatest = new Map<string, TopicEntry>()
  for (const entry of ledgers.flatMap(({ topics }) => [...topics.values()])) {
    const known = greatest.get(topicKey(entry))
    if (known === undefined || compareTopics(entry, known) > 0) greatest.set(topicKey(entry), entry)
  }
  return [...greatest].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}

/** An entry of a topic, for every lane. */
export function inAllLanes(entry: TopicEntry, lanes: number): readonly AddressedEntry[] {
  return Array.from({ length: lanes }, (_, lane) => ({ lane, entry }))
}

/**
 * Takes a topic as it is now, for every table that records of were sent there. `ledgers` must be fresh (index = lane) and the
 * pipeline must stand still. Nothing where nothing has changed.
 */
export function acceptTopic(ledgers: readonly Pick<LaneState, 'topics'>[], now: TopicNow): readonly AddressedEntry[] {
  return topicsOfLedger(ledgers)
    .filter((entry) => entry.topic === now.topic && !(isSameTopic(entry, now) && entry.topicId === now.topicId))
    .flatMap((entry) =>
      inAllLanes({ ...entry, ...now, writer: writerOfPeople, version: entry.version + 1 }, ledgers.length),
    )
}

/** Forgets which topics records of a table were sent to, as a reset does with its own; their partitions still count. */
export function forgetTopicIds(
  ledgers: readonly Pick<LaneState, 'topics'>[],
  tableArn: string,
): readonly AddressedEntry[] {
  return topicsOfLedger(ledgers)
    .filter((entry) => entry.tableArn === tableArn && entry.topicId !== undefined)
    .flatMap((entry) =>
      inAllLanes({ ...entry, topicId: undefined, writer: writerOfPeople, version: entry.version + 1 }, ledgers.length),
    )
}

/** Commands write by lane 0's session, while no lane is anybody else's. */
const writerOfPeople = 0
