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

  delete(id: string): void {
    if (this.#all !== undefined) this.#all.delete(id)
    else if (this.#only === id) this.#only = undefined
  }
}
