import type { Arrival, ChangeFacts } from './arrival.ts'
import { RememberedChanges } from './remembered-changes.ts'
import type { RememberedChange, Tally } from './remembered-changes.ts'
import { RememberedItem } from './remembered-item.ts'
import type { ItemMemory } from './remembered-item.ts'
import type { RepairMemory } from './repair-memory.ts'

/** The items of a shard within the window. */
export interface ItemMemories {
  /** Changes that were created before this moment are out of the window. Microseconds; only grows. */
  readonly floorMicros: number
  of(item: string): ItemMemory | undefined
  /** Remembers a change of an item; `id` is its place in the shard that `owner` stands for. */
  remember(arrival: Arrival, facts: ChangeFacts, owner: object): ItemMemory
  /** Moves the floor up, and forgets what is below it. */
  raiseFloor(toMicros: number): void
  /** Forgets the oldest change that is remembered, and whatever is not younger; false if there is none. */
  forgetOldest(): boolean
  /** The place of the oldest record that is still remembered of a shard; undefined if there is none. */
  firstRemembered(owner: object): string | undefined
  /** To be asked when something of the item was handed out: it is forgotten if nothing holds it. */
  tidy(item: ItemMemory): void
  clear(): void
}

/** What a change costs besides its texts, measured on heaps of a million. */
const entryBytes = 300

export function createItemMemories(floorMicros: number, memory: RepairMemory): ItemMemories {
  return new MemoryOfItems(floorMicros, memory)
}

class MemoryOfItems implements ItemMemories {
  readonly #memory: RepairMemory
  readonly #items = new Map<string, RememberedItem>()
  readonly #queue = new RememberedChanges()
  readonly #tallies = new Map<object, Tally>()
  /** Of the owner that came last, which is mostly the next one's, too. */
  #tally: Tally | undefined
  #floor: number

  constructor(floorMicros: number, memory: RepairMemory) {
    this.#floor = floorMicros
    this.#memory = memory
  }

  get floorMicros(): number {
    return this.#floor
  }

  of(item: string): ItemMemory | undefined {
    return this.#items.get(item)
  }

  remember({ id }: Arrival, { item, eventId, createdAtMicros }: ChangeFacts, owner: object): ItemMemory {
    let known = this.#items.get(item)
    if (known === undefined) this.#items.set(item, (known = new RememberedItem(item)))
    known.events.add(eventId)
    const tally = this.#tallyOf(owner)
    tally.count++
    this.#queue.push(known, { id, eventId, createdAtMicros }, tally)
    this.#memory.add(bytesOf(item, eventId))
    return known
  }

  raiseFloor(toMicros: number): void {
    this.#floor = Math.max(this.#floor, toMicros)
    for (;;) {
      const { oldestMicros } = this.#queue
      if (oldestMicros === undefined || oldestMicros >= this.#floor) return
      this.#forget(this.#queue.shift())
    }
  }

  forgetOldest(): boolean {
    const { oldestMicros } = this.#queue
    if (oldestMicros === undefined) return false
    // What was created no later than what is forgotten must be late from now on: nobody could tell whether it repeats it.
    this.raiseFloor(oldestMicros + 1)
    return true
  }

  firstRemembered(owner: object): string | undefined {
    const tally = this.#tallies.get(owner)
    return tally === undefined || tally.count === 0 ? undefined : this.#queue.firstOf(tally)
  }

  tidy(item: ItemMemory): void {
    const known = this.#items.get(item.item)
    if (known !== item || known.held.length > 0 || !known.events.isEmpty) return
    if (known.newest !== undefined && known.newest.createdAtMicros >= this.#floor) return
    this.#items.delete(item.item)
  }

  clear(): void {
    for (let oldest = this.#queue.shift(); oldest !== undefined; oldest = this.#queue.shift())
      this.#memory.add(-bytesOf(oldest.item.item, oldest.eventId))
    this.#items.clear()
    this.#tallies.clear()
    this.#tally = undefined
  }

  #tallyOf(owner: object): Tally {
    if (this.#tally?.owner === owner) return this.#tally
    const tally = this.#tallies.get(owner) ?? { owner, count: 0 }
    this.#tallies.set(owner, tally)
    this.#tally = tally
    return tally
  }

  #forget(oldest: RememberedChange | undefined): void {
    if (oldest === undefined) return
    const { item, eventId, tally } = oldest
    item.events.delete(eventId)
    this.tidy(item)
    this.#memory.add(-bytesOf(item.item, eventId))
    tally.count--
  }
}

function bytesOf(item: string, eventId: string): number {
  return entryBytes + item.length + eventId.length
}
