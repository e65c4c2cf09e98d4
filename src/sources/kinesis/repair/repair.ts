import type { KinesisRecord } from '../../../change/kinesis-record.ts'
import type { Arrival, ChangeFacts } from './arrival.ts'
import { HeldQueue } from './held-queue.ts'
import { createItemMemories } from './item-memory.ts'
import type { ItemMemories } from './item-memory.ts'
import {
  firstOf,
  isOvertaken,
  isProven,
  mayBeNext,
  newestBehind,
  newestRecalled,
  newestWith,
} from './order-of-changes.ts'
import type { HeldChange, ItemMemory } from './remembered-item.ts'
import type { RepairMemory } from './repair-memory.ts'
import type { TailPlace } from './shard-tail.ts'

/** How changes of a stream are put right. */
export interface RepairRules {
  /** Duplicates and disorder within it are repaired; of what is older than that the order is gone. Milliseconds. */
  readonly windowMs: number
  /** How long a change waits that nothing proves to be the next one of its item. Milliseconds, at most the window. */
  readonly delayMs: number
}

/** What repair has met since it was asked last. */
export interface RepairCounts {
  /** Repeats that were dropped. */
  duplicates: number
  /** Changes that were held back and handed out behind one that came later. */
  reordered: number
  /** Changes that came later than the window. */
  late: number
  /** Changes that came within the window, but behind a newer one of their item that had not waited for them. */
  overtaken: number
  /** How often something was forgotten or let go early, for want of memory. */
  shortened: number
}

/**
 * Puts the changes of one shard in order, item by item, and drops repeats. DynamoDB writes into Kinesis what it has to repeat a
 * second time, and not always in the order of the changes.
 *
 * Creation times decide; of changes that share one, the chain of images. A change that begins with the image in which the last
 * one of its item ended goes out at once. One of an item that was not met within the window waits for `delayMs`; one that
 * begins elsewhere than the last one ended waits for its predecessor, for as long as the window. So the order is right
 * for all changes that come within the delay, and within the window for items that were met in it; what comes even so behind
 * a newer change of its item is handed out as `isLate`.
 *
 * Time is the shard's: how far it was read, not the clock of this process. Not safe for use after `close`.
 */
export interface Repair {
  /** The next record of the shard. What is held back is handed out by `release`. */
  accept(arrival: Arrival, place: TailPlace, owner: object): void
  /** A record that was held back when an earlier reader stopped. */
  resume(arrival: Arrival, place: TailPlace, owner: object): void
  /** A record that was dealt with before this reader began. */
  recall(arrival: Arrival, owner: object): void
  /**
   * What may go out, in order; `readUpToMs` is the moment up to which the shard was read. Of what has waited long enough not
   * much more than a page is handed out at once; the rest stays held back until it is asked for again.
   */
  release(readUpToMs: number): readonly KinesisRecord[]
  /**
   * Lets go of what is held back and for which `isAffected` is true, in the best order there is. False if there is more of it
   * than fits a page: to be called again behind `release`.
   */
  letGo(isAffected: (record: KinesisRecord) => boolean): boolean
  /** True if `release` has left something that is due. */
  readonly hasMore: boolean
  /** Where the shard must be read again from, so that everything that is remembered is met again. */
  firstRemembered(owner: object): string | undefined
  readonly bounds: RepairBounds
  takeCounts(): RepairCounts
  /** Creation time of the newest change that was handed out. Milliseconds; 0 before the first. */
  readonly handedOutMs: number
  close(): void
}

/** The window, as it is written down. Microseconds. */
export interface RepairBounds {
  readonly frontierMicros: number
  readonly floorMicros: number
}

/** Bytes of parsed images for a byte of the record, about. */
const heldFactor = 4

/** What is let go beyond what has just come, at once. */
const mostRecords = 5_000
const mostBytes = 8 * 1024 * 1024

export function createRepair(rules: RepairRules, memory: RepairMemory, bounds: RepairBounds): Repair {
  return new ShardRepair(rules, memory, bounds)
}

class ShardRepair implements Repair {
  readonly #rules: RepairRules
  readonly #memory: RepairMemory
  readonly #items: ItemMemories
  readonly #held = new Set<HeldChange>()
  /** Those that wait for the delay, and those that wait for the window, by the time they came. */
  readonly #unproven = new HeldQueue()
  readonly #missing = new HeldQueue()
  #out: KinesisRecord[] = []
  #outBytes = 0
  #counts = noCounts()
  #frontier: number
  #lastArrivalMs = 0
  #heldBytes = 0
  handedOutMs = 0
  hasMore = false

  constructor(rules: RepairRules, memory: RepairMemory, { frontierMicros, floorMicros }: RepairBounds) {
    this.#rules = rules
    this.#memory = memory
    this.#frontier = frontierMicros
    this.#items = createItemMemories(floorMicros, memory)
  }

  get bounds(): RepairBounds {
    return { frontierMicros: this.#frontier, floorMicros: this.#items.floorMicros }
  }

  accept(arrival: Arrival, place: TailPlace, owner: object): void {
    const { record, facts } = arrival
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, record.arrivedAtMs)
    if (facts === undefined) return this.#handOut(record, place)
    this.#moveFrontier(facts, record)
    // First, so that what is late does not depend on what happens to be remembered still.
    if (facts.createdAtMicros < this.#items.floorMicros) {
      this.#counts.late++
      return this.#handOut({ ...record, isLate: true }, place)
    }
    if (this.#isKnown(facts)) {
      this.#counts.duplicates++
      place.deal()
      return
    }
    this.#makeRoom()
    const item = this.#items.remember(arrival, facts, owner)
    if (isOvertaken(facts, item)) {
      this.#noteOvertaken(item, facts)
      return this.#handOut({ ...record, isLate: true }, place)
    }
    if (item.held.length === 0 && (isProven(facts, item) || this.#waitMs(facts, item) === 0)) {
      this.#noteNewest(item, facts)
      this.#items.tidy(item)
      return this.#handOut(record, place)
    }
    this.#hold(record, facts, item, place)
    this.#settle(item, Number.NEGATIVE_INFINITY)
  }

  resume(arrival: Arrival, place: TailPlace, owner: object): void {
    const { record, facts } = arrival
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, record.arrivedAtMs)
    if (facts === undefined) return this.#handOut(record, place)
    // It came in time: that the window has moved on meanwhile does not make it late.
    this.#hold(record, facts, this.#items.remember(arrival, facts, owner), place)
  }

  recall({ record, facts, ...rest }: Arrival, owner: object): void {
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, record.arrivedAtMs)
    if (facts === undefined || facts.createdAtMicros < this.#items.floorMicros) return
    if (this.#isKnown(facts)) return
    const item = this.#items.remember({ record, facts, ...rest }, facts, owner)
    item.newest = newestRecalled(facts, item.newest)
    this.#noteTime(item)
    this.#items.tidy(item)
  }

  release(readUpToMs: number): readonly KinesisRecord[] {
    this.hasMore = false
    const dueIn = (queue: HeldQueue, waitMs: number): void => {
      for (;;) {
        const { first } = queue
        if (first === undefined || (!first.isReleased && readUpToMs - first.sinceMs < waitMs)) return
        this.hasMore = this.#isPageFull
        if (this.hasMore) return
        queue.shift()
        if (!first.isReleased) this.#due(first, readUpToMs)
      }
    }
    dueIn(this.#unproven, this.#rules.delayMs)
    dueIn(this.#missing, this.#rules.windowMs)
    const out = this.#out
    this.#out = []
    this.#outBytes = 0
    return out
  }

  letGo(isAffected: (record: KinesisRecord) => boolean): boolean {
    for (const change of this.#held) {
      if (this.#isPageFull) return false
      const item = this.#items.of(change.facts.item)
      if (item === undefined || change.isReleased || !isAffected(change.record)) continue
      while (item.held.some((held) => isAffected(held.record))) this.#letGoFirst(item)
    }
    return true
  }

  /** A page is one transaction: what has gathered over minutes must not go out in one. */
  get #isPageFull(): boolean {
    return this.#out.length >= mostRecords || this.#outBytes >= mostBytes
  }

  firstRemembered(owner: object): string | undefined {
    return this.#items.firstRemembered(owner)
  }

  takeCounts(): RepairCounts {
    const counts = this.#counts
    this.#counts = noCounts()
    return counts
  }

  close(): void {
    this.#items.clear()
    this.#memory.add(-this.#heldBytes)
    this.#heldBytes = 0
  }

  #isKnown({ item, eventId }: ChangeFacts): boolean {
    const known = this.#items.of(item)
    if (known?.knows(eventId) !== true) return false
    this.#items.tidy(known)
    return true
  }

  /** A clock that is ahead of Kinesis' own must not make everything else late. */
  #moveFrontier({ createdAtMicros }: ChangeFacts, { arrivedAtMs }: KinesisRecord): void {
    this.#frontier = Math.max(this.#frontier, Math.min(createdAtMicros, arrivedAtMs * 1000))
    this.#items.raiseFloor(this.#frontier - this.#rules.windowMs * 1000)
  }

  #makeRoom(): void {
    while (this.#memory.isFull) {
      const first = this.#unproven.first ?? this.#missing.first
      const item = first === undefined ? undefined : this.#items.of(first.facts.item)
      if (first !== undefined && (first.isReleased || item === undefined)) {
        ;(this.#unproven.first === first ? this.#unproven : this.#missing).shift()
        continue
      }
      if (item !== undefined) this.#letGoFirst(item)
      else if (!this.#items.forgetOldest()) return
      this.#counts.shortened++
    }
  }

  #hold(record: KinesisRecord, facts: ChangeFacts, item: ItemMemory, place: TailPlace): void {
    const bytes = record.data.length * heldFactor
    const isUnproven = mayBeNext(facts, item)
    const since = { sinceMs: this.#lastArrivalMs, bytes, isReleased: false, isUnproven }
    // As a part of its page it would keep all of that.
    const own = { ...record, data: Buffer.from(record.data) }
    const change: HeldChange = { record: own, facts, place, ...since }
    this.#held.add(change)
    this.#heldBytes += bytes
    this.#memory.add(bytes)
    item.hold(change)
    ;(isUnproven ? this.#unproven : this.#missing).push(change)
  }

  #due(change: HeldChange, readUpToMs: number): void {
    const item = this.#items.of(change.facts.item)
    if (item === undefined) return
    this.#settle(item, readUpToMs)
    if (change.isReleased) return
    // Another change of the item went out meanwhile: it is known now that something is missing in front of this one.
    change.isUnproven = false
    this.#missing.push(change)
  }

  /** Hands out what is proven, and what has waited long enough by `nowMs`. */
  #settle(item: ItemMemory, nowMs: number): void {
    for (;;) {
      const first = firstOf(item)
      if (first === undefined) return
      if (isProven(first.facts, item)) {
        this.#handOutHeld(first, item)
        continue
      }
      const waitMs = this.#waitMs(first.facts, item)
      if (item.held.some(({ sinceMs }) => waitMs === 0 || nowMs - sinceMs >= waitMs)) this.#letGoFirst(item)
      else return this.#waitAnew(first, mayBeNext(first.facts, item))
    }
  }

  /** How long a change waits that is not proven to be the item's next one. */
  #waitMs(facts: ChangeFacts, item: ItemMemory): number {
    return mayBeNext(facts, item) ? this.#rules.delayMs : this.#rules.windowMs
  }

  /** What waited for the window, because something was missing in front of it, may turn out to be next without a proof. */
  #waitAnew(change: HeldChange, isNext: boolean): void {
    if (!isNext || change.isUnproven) return
    change.isUnproven = true
    this.#unproven.push(change)
  }

  #letGoFirst(item: ItemMemory): void {
    const first = firstOf(item)
    if (first !== undefined) this.#handOutHeld(first, item)
  }

  #handOutHeld(change: HeldChange, item: ItemMemory): void {
    if (item.held[0] !== change) this.#counts.reordered++
    item.letGo(change)
    change.isReleased = true
    this.#heldBytes -= change.bytes
    this.#memory.add(-change.bytes)
    const isLate = isOvertaken(change.facts, item)
    if (isLate) this.#noteOvertaken(item, change.facts)
    else this.#noteNewest(item, change.facts)
    const { record } = change
    this.#held.delete(change)
    this.#handOut(isLate ? { ...record, isLate } : record, change.place)
    this.#items.tidy(item)
  }

  #noteNewest(item: ItemMemory, facts: ChangeFacts): void {
    item.newest = newestWith(facts, item.newest)
    this.#noteTime(item)
  }

  #noteOvertaken(item: ItemMemory, facts: ChangeFacts): void {
    this.#counts.overtaken++
    if (item.newest !== undefined) item.newest = newestBehind(facts, item.newest)
  }

  #noteTime({ newest }: ItemMemory): void {
    this.handedOutMs = Math.max(this.handedOutMs, Math.floor((newest?.createdAtMicros ?? 0) / 1000))
  }

  #handOut(record: KinesisRecord, place: TailPlace): void {
    place.deal()
    this.#out.push(record)
    this.#outBytes += record.data.length
  }
}

function noCounts(): RepairCounts {
  return { duplicates: 0, reordered: 0, late: 0, overtaken: 0, shortened: 0 }
}
