import type { Arrival, ChangeFacts } from './arrival.ts'
import { packed, unpacked } from './packed-item.ts'
import { RememberedChanges } from './remembered-changes.ts'
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
  /**
   * To be asked when something of the item was handed out: it is forgotten if nothing holds it, and takes less room if it is at
   * rest. It may be another object from then on.
   */
  tidy(item: ItemMemory): void
  clear(): void
}

/** What a change costs besides its texts: about 160 bytes at rest and 390 otherwise, measured on heaps of half a million; most are at rest. */
const entryBytes = 300

export function createItemMemories(floorMicros: number, memory: RepairMemory): ItemMemories {
  return new MemoryOfItems(floorMicros, memory)
}

class MemoryOfItems implements ItemMemories {
  readonly #memory: RepairMemory
  /** Texts are items at rest: see `packed`. */
  readonly #items = new Map<string, RememberedItem | string>()
  readonly #changes = new RememberedChanges()
  #bytes = 0
  #floor: number

  constructor(floorMicros: number, memory: RepairMemory) {
    this.#floor = floorMicros
    this.#memory = memory
  }

  get floorMicros(): number {
    return this.#floor
  }

  of(item: string): RememberedItem | undefined {
    const found = this.#items.get(item)
    if (typeof found !== 'string') return found
    const { eventId, newest } = unpacked(found)
    const known = new RememberedItem(item)
    known.events.add(eventId)
    known.newest = newest
    this.#items.set(item, known)
    return known
  }

  remember({ id }: Arrival, { item, eventId, createdAtMicros }: ChangeFacts, owner: object): ItemMemory {
    let known = this.of(item)
    if (known === undefined) this.#items.set(item, (known = new RememberedItem(item)))
    if (known.knows(eventId)) return known
    known.events.add(eventId)
    this.#changes.push(item, { id, createdAtMicros }, owner)
    this.#account(bytesOf(item, eventId))
    return known
  }

  raiseFloor(toMicros: number): void {
    this.#floor = Math.max(this.#floor, toMicros)
    for (;;) {
      const { oldestMicros } = this.#changes
      if (oldestMicros === undefined || oldestMicros >= this.#floor) return
      this.#forget(this.#changes.shift())
    }
  }

  forgetOldest(): boolean {
    const { oldestMicros } = this.#changes
    if (oldestMicros === undefined) return false
    // What was created no later than what is forgotten must be late from now on: nobody could tell whether it repeats it.
    this.raiseFloor(oldestMicros + 1)
    return true
  }

  firstRemembered(owner: object): string | undefined {
    return this.#changes.firstOf(owner)
  }

  tidy({ item }: ItemMemory): void {
    const known = this.#items.get(item)
    if (known === undefined || typeof known === 'string' || known.held.length > 0) return
    const { newest, events } = known
    if (events.isEmpty && (newest === undefined || newest.createdAtMicros < this.#floor)) {
      this.#items.delete(item)
      return
    }
    const eventId = events.only
    const atRest = eventId === undefined || newest === undefined ? undefined : packed({ eventId, newest })
    if (atRest !== undefined) this.#items.set(item, atRest)
  }

  clear(): void {
    this.#account(-this.#bytes)
    this.#items.clear()
    while (this.#changes.shift() !== undefined);
  }

  /** The changes of an item are forgotten in the order in which they came, as those of all items are. */
  #forget(item: string | undefined): void {
    const known = item === undefined ? undefined : this.of(item)
    const eventId = known?.events.shift()
    if (known === undefined || eventId === undefined) return
    this.#account(-bytesOf(known.item, eventId))
    this.tidy(known)
  }

  #account(bytes: number): void {
    this.#bytes += bytes
    this.#memory.add(bytes)
  }
}

function bytesOf(item: string, eventId: string): number {
  return entryBytes + item.length + eventId.length
}
