/** Of what was taken out, so much is kept at most before the rest is moved up. */
const mostTaken = 4096
/** A place in the shard is kept of one change in so many. */
const stride = 64

/** From this change on, by their number, changes are those of `owner`, and this was the place of the first. */
interface Mark {
  readonly from: number
  readonly owner: object
  readonly id: string
}

/**
 * The changes that are remembered, in the order in which they came: of which item, and when they were made. They are many, and stay for
 * minutes: an object for each would be work for the garbage collector.
 */
export class RememberedChanges {
  #items: (string | undefined)[] = []
  #micros: number[] = []
  #head = 0
  /** The number of the first one in the lists. */
  #base = 0
  /** In their order; the last one in front of the head, or at it, is the first of them. */
  #marks: Mark[] = []

  /** When the first one was made; undefined if there is none. Microseconds. */
  get oldestMicros(): number | undefined {
    return this.#micros[this.#head]
  }

  push(
    item: string,
    { id, createdAtMicros }: { readonly id: string; readonly createdAtMicros: number },
    owner: object,
  ): void {
    const number = this.#base + this.#items.length
    const last = this.#marks.at(-1)
    if (last === undefined || last.owner !== owner || number - last.from >= stride)
      this.#marks.push({ from: number, owner, id })
    this.#items.push(item)
    this.#micros.push(createdAtMicros)
  }

  /** Takes the first one out and gives its item; undefined if there is none. */
  shift(): string | undefined {
    const at = this.#head
    const item = this.#items[at]
    if (item === undefined) return undefined
    // What is forgotten must not be kept alive by its place here.
    this.#items[at] = undefined
    this.#head++
    if (this.#head === this.#items.length || (this.#head > mostTaken && this.#head * 2 > this.#items.length))
      this.#moveUp()
    return item
  }

  /** A place in the owner's shard in front of which nothing is remembered of it, and not much behind it; undefined if nothing is. */
  firstOf(owner: object): string | undefined {
    const first = this.#base + this.#head
    const end = this.#base + this.#items.length
    const mark = this.#marks.find((one, at) => one.owner === owner && (this.#marks[at + 1]?.from ?? end) > first)
    return mark?.id
  }

  #moveUp(): void {
    this.#base += this.#head
    this.#items = this.#items.slice(this.#head)
    this.#micros = this.#micros.slice(this.#head)
    this.#head = 0
    const end = this.#base + this.#items.length
    this.#marks = this.#marks.filter((_, at) => (this.#marks[at + 1]?.from ?? end) > this.#base)
  }
}
