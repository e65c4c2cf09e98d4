import type { Arrival, ChangeFacts } from './arrival.ts'
import { EventIds } from './event-ids.ts'
import type { RepairMemory } from './repair-memory.ts'
import type { TailPlace } from './shard-tail.ts'

/** What is remembered of one item for as long as the window lasts. */
export interface ItemMemory {
  /** Ids of changes, held back or dealt with. */
  readonly events: EventIds
  /** The last change that was handed out in order. */
  newest: NewestChange | undefined
  readonly held: HeldChange[]
}

export interface NewestChange {
  readonly createdAtMicros: number
  readonly after: string | undefined
  /** All that are dealt with of this one time of creation, itself among them. */
  readonly links: readonly ImageLink[]
}

/** Where a change begins and ends. */
export interface ImageLink {
  readonly before: string | undefined
  readonly after: string | undefined
}

/** A change that waits for its turn. */
export interface HeldChange {
  readonly arrival: Arrival
  readonly facts: ChangeFacts
  readonly place: TailPlace
  /** When it came, by the time of the shard. Milliseconds; never smaller than that of one before it. */
  readonly sinceMs: number
  readonly bytes: number
  isReleased: boolean
  /** It waits for the delay; otherwise for the window. */
  isUnproven: boolean
}

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
  tidy(item: string): void
  clear(): void
}

interface Remembered {
  readonly item: string
  readonly eventId: string
  readonly createdAtMicros: number
  readonly id: string
  readonly owner: object
  readonly bytes: number
}

/** What an entry of the maps costs besides its texts, measured on heaps of a million. */
const entryBytes = 300

export function createItemMemories(floorMicros: number, memory: RepairMemory): ItemMemories {
  return new MemoryOfItems(floorMicros, memory)
}

class MemoryOfItems implements ItemMemories {
  readonly #memory: RepairMemory
  readonly #items = new Map<string, ItemMemory>()
  readonly #counts = new Map<object, number>()
  /** In the order in which they came; those before `head` are forgotten. */
  #queue: Remembered[] = []
  #head = 0
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
    if (known === undefined) this.#items.set(item, (known = { events: new EventIds(), newest: undefined, held: [] }))
    known.events.add(eventId)
    const bytes = entryBytes + item.length + eventId.length
    this.#queue.push({ item, eventId, createdAtMicros, id, owner, bytes })
    this.#memory.add(bytes)
    this.#counts.set(owner, (this.#counts.get(owner) ?? 0) + 1)
    return known
  }

  raiseFloor(toMicros: number): void {
    this.#floor = Math.max(this.#floor, toMicros)
    for (;;) {
      const oldest = this.#queue[this.#head]
      if (oldest === undefined || oldest.createdAtMicros >= this.#floor) return
      this.#forget(oldest)
    }
  }

  forgetOldest(): boolean {
    const oldest = this.#queue[this.#head]
    if (oldest === undefined) return false
    // What was created no later than what is forgotten must be late from now on: nobody could tell whether it repeats it.
    this.raiseFloor(oldest.createdAtMicros + 1)
    return true
  }

  firstRemembered(owner: object): string | undefined {
    if ((this.#counts.get(owner) ?? 0) === 0) return undefined
    let at = this.#head
    while (this.#queue[at] !== undefined && this.#queue[at]?.owner !== owner) at++
    return this.#queue[at]?.id
  }

  tidy(item: string): void {
    const known = this.#items.get(item)
    if (known === undefined || known.held.length > 0 || !known.events.isEmpty) return
    if (known.newest !== undefined && known.newest.createdAtMicros >= this.#floor) return
    this.#items.delete(item)
  }

  clear(): void {
    for (const { bytes } of this.#queue.slice(this.#head)) this.#memory.add(-bytes)
    this.#queue = []
    this.#head = 0
    this.#items.clear()
    this.#counts.clear()
  }

  #forget(oldest: Remembered): void {
    this.#head++
    this.#items.get(oldest.item)?.events.delete(oldest.eventId)
    this.tidy(oldest.item)
    this.#memory.add(-oldest.bytes)
    this.#counts.set(oldest.owner, (this.#counts.get(oldest.owner) ?? 0) - 1)
    if (this.#head <= 4096 || this.#head * 2 <= this.#queue.length) return
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }
}
