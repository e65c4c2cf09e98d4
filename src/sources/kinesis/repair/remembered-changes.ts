import type { RememberedItem } from './remembered-item.ts'

/** How many changes of one owner are remembered. */
export interface Tally {
  readonly owner: object
  count: number
}

/** A change as it is taken out. */
export interface RememberedChange {
  readonly item: RememberedItem
  readonly eventId: string
  readonly tally: Tally
}

/** Of what was taken out, so much is kept at most before the rest is moved up. */
const mostTaken = 4096

/**
 * The changes that are remembered, in the order in which they came: a list for each member, because an object for each change
 * would be half the work of the garbage collector.
 */
export class RememberedChanges {
  #items: (RememberedItem | undefined)[] = []
  #eventIds: string[] = []
  #micros: number[] = []
  #ids: string[] = []
  #tallies: Tally[] = []
  #head = 0

  /** When the first one was made; undefined if there is none. */
  get oldestMicros(): number | undefined {
    return this.#micros[this.#head]
  }

  push(
    item: RememberedItem,
    change: { readonly id: string; readonly eventId: string; readonly createdAtMicros: number },
    tally: Tally,
  ): void {
    this.#items.push(item)
    this.#eventIds.push(change.eventId)
    this.#micros.push(change.createdAtMicros)
    this.#ids.push(change.id)
    this.#tallies.push(tally)
  }

  /** Takes the first one out; undefined if there is none. */
  shift(): RememberedChange | undefined {
    const at = this.#head
    const [item, eventId, tally] = [this.#items[at], this.#eventIds[at], this.#tallies[at]]
    if (item === undefined || eventId === undefined || tally === undefined) return undefined
    // What is forgotten must not be kept alive by its place here.
    this.#items[at] = undefined
    this.#head++
    if (this.#head === this.#items.length || (this.#head > mostTaken && this.#head * 2 > this.#items.length))
      this.#moveUp()
    return { item, eventId, tally }
  }

  /** The place in the shard of the first one of an owner; undefined if there is none. */
  firstOf(tally: Tally): string | undefined {
    const at = this.#tallies.indexOf(tally, this.#head)
    return at === -1 ? undefined : this.#ids[at]
  }

  #moveUp(): void {
    this.#items = this.#items.slice(this.#head)
    this.#eventIds = this.#eventIds.slice(this.#head)
    this.#micros = this.#micros.slice(this.#head)
    this.#ids = this.#ids.slice(this.#head)
    this.#tallies = this.#tallies.slice(this.#head)
    this.#head = 0
  }
}
