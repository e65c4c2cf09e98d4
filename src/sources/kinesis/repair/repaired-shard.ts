import type { KinesisRecord } from '../../../change/kinesis-record.ts'
import { compareIds } from './arrival.ts'
import type { Arrival } from './arrival.ts'
import { hashKeyOf, isWithin, overlapOf } from './hash-keys.ts'
import type { HashKeyRange } from '../listed-shard.ts'
import { inheritedNote } from './reader-notes.ts'
import type { NotedTail, OlderTail, RepairNote } from './reader-notes.ts'
import { createRepair } from './repair.ts'
import type { Repair, RepairCounts, RepairRules } from './repair.ts'
import type { RepairMemory } from './repair-memory.ts'
import { createShardTail, createTailReading } from './shard-tail.ts'
import type { ShardTail } from './shard-tail.ts'

/**
 * One shard together with what is still remembered of its ancestors: which of their records are dealt with, and the repair
 * of them all. Begins from a note by seeing the noted part of each shard again; knows nothing of how records are fetched.
 */
export interface RepairedShard {
  /** What must be seen again before the first new record, in this order. */
  readonly replays: readonly Replay[]
  /** The next new record. */
  accept(arrival: Arrival): void
  release(readUpToMs: number): readonly KinesisRecord[]
  /** At the end: what no child would take over is let go. False if there is more than fits a page. */
  letGo(isAffected: (record: KinesisRecord) => boolean): boolean
  note(readUpToMs: number): RepairNote
  readonly hasMore: boolean
  takeCounts(): RepairCounts
  readonly handedOutMs: number
  close(): void
}

/** A stretch of a shard that was read by somebody before. */
export interface Replay {
  readonly shardId: string
  /** The first record of it; its end is `through`. */
  readonly from: string
  readonly through: string
  see(arrival: Arrival): void
  /** To be asked at the end: false if something that was held back was not seen again, and is lost. */
  readonly isWhole: boolean
}

/** Where a shard's repair begins. */
export interface RepairStart {
  readonly shardId: string
  /** The last record that was accepted; undefined for a shard that begins. */
  readonly after: string | undefined
  readonly note: RepairNote | undefined
  readonly inherited: Readonly<Record<string, string>> | undefined
  /** The keys of the shard; needed where anything is inherited or noted of ancestors. */
  readonly range: HashKeyRange | undefined
}

interface Stretch {
  readonly shardId: string
  readonly tail: ShardTail
  readonly range: HashKeyRange | undefined
}

export function createRepairedShard(start: RepairStart, rules: RepairRules, memory: RepairMemory): RepairedShard {
  const begun = start.note ?? (start.inherited === undefined ? undefined : inheritedNote(start.inherited))
  const bounds = begun?.bounds ?? { frontierMicros: 0, floorMicros: 0 }
  const repair = createRepair(rules, memory, bounds)
  const ownFrom = start.note?.own.from
  const own: Stretch = {
    shardId: start.shardId,
    tail: createShardTail(ownFrom === undefined ? start.after : undefined),
    range: undefined,
  }
  const replays: Replay[] = []
  const older: Stretch[] = []
  for (const noted of begun?.older ?? []) {
    const range = start.range === undefined ? undefined : overlapOf(start.range, rangeOf(noted))
    const stretch: Stretch = { shardId: noted.shardId, tail: createShardTail(undefined), range }
    const replay = replayOf(noted, stretch, repair)
    if (replay === undefined) continue
    older.push(stretch)
    replays.push(replay)
  }
  const again = start.note === undefined ? undefined : replayOf(start.note.own, own, repair)
  if (again !== undefined) replays.push(again)
  return {
    replays,
    accept: (arrival) => repair.accept(arrival, own.tail.add(arrival.id), own),
    release: (readUpToMs) => repair.release(readUpToMs),
    letGo: (isAffected) => repair.letGo(isAffected),
    note: (readUpToMs) => ({
      readUpToMs,
      bounds: repair.bounds,
      own: notedTail(own, repair),
      older: older.flatMap((stretch) => notedOlder(stretch, repair)),
    }),
    takeCounts: () => repair.takeCounts(),
    get hasMore() {
      return repair.hasMore
    },
    get handedOutMs() {
      return repair.handedOutMs
    },
    close: () => repair.close(),
  }
}

function replayOf(noted: NotedTail, stretch: Stretch, repair: Repair): Replay | undefined {
  const { from, tail: note } = noted
  const through = note.last ?? note.base
  if (from === undefined || through === undefined) return undefined
  const reading = createTailReading(note)
  const { tail, range, shardId } = stretch
  return {
    shardId,
    from,
    through,
    get isWhole() {
      return reading.isWhole
    },
    see: (arrival) => {
      const place = tail.add(arrival.id)
      const state = reading.stateOf(arrival.id)
      const isOurs = range === undefined || isWithin(hashKeyOf(arrival.record.partitionKey), range)
      if (!isOurs) place.deal()
      else if (state === 'held') repair.resume(arrival, place, stretch)
      else {
        place.deal()
        repair.recall(arrival, stretch)
      }
    },
  }
}

function notedTail(stretch: Stretch, repair: Repair): NotedTail {
  const { tail } = stretch
  return { from: firstOf(repair.firstRemembered(stretch), tail.firstHeld), tail: tail.snapshot() }
}

function notedOlder(stretch: Stretch, repair: Repair): readonly OlderTail[] {
  const { shardId, range } = stretch
  const noted = notedTail(stretch, repair)
  if (noted.from === undefined) return []
  return [{ ...noted, shardId, range: range === undefined ? undefined : [String(range.from), String(range.to)] }]
}

function firstOf(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return compareIds(a, b) <= 0 ? a : b
}

function rangeOf({ range }: OlderTail): HashKeyRange | undefined {
  return range === undefined ? undefined : { from: BigInt(range[0]), to: BigInt(range[1]) }
}
