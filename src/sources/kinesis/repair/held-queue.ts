import type { HeldChange } from './remembered-item.ts'

/** Of what was taken out, so much is kept at most before the rest is moved up. */
const mostTaken = 4096

/** Changes that wait, in the order in which they came. Taking the first one costs the same however many wait. */
export class HeldQueue {
  #changes: (HeldChange | undefined)[] = []
  #head = 0

  get first(): HeldChange | undefined {
    return this.#changes[this.#head]
  }

  push(change: HeldChange): void {
    this.#changes.push(change)
  }

  /** Takes the first one out. */
  shift(): void {
    if (this.#head === this.#changes.length) return
    // What went out must not be kept alive by its place here.
    this.#changes[this.#head++] = undefined
    if (this.#head < this.#changes.length && (this.#head <= mostTaken || this.#head * 2 <= this.#changes.length)) return
    this.#changes = this.#changes.slice(this.#head)
    this.#head = 0
  }
}
