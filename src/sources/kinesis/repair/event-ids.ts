/** Ids of an item's changes. Most items have one change within the window, which needs no set. */
export class EventIds {
  #only: string | undefined
  #all: Set<string> | undefined

  get isEmpty(): boolean {
    return this.#all === undefined ? this.#only === undefined : this.#all.size === 0
  }

  has(id: string): boolean {
    return this.#all === undefined ? this.#only === id : this.#all.has(id)
  }

  add(id: string): void {
    if (this.#all !== undefined) this.#all.add(id)
    else if (this.#only === undefined) this.#only = id
    else if (this.#only !== id) this.#all = new Set([this.#only, id])
  }

  /** The only one; undefined if there are none or several. */
  get only(): string | undefined {
    if (this.#all === undefined) return this.#only
    return this.#all.size === 1 ? this.#all.values().next().value : undefined
  }

  /** Takes out the one that came first; undefined if there is none. */
  shift(): string | undefined {
    const first = this.#all === undefined ? this.#only : this.#all.values().next().value
    if (first !== undefined) this.#all?.delete(first)
    this.#only = undefined
    return first
  }
}
