/** A queue whose front is taken in constant time, however long it is. */
export interface Fifo<T> {
  readonly first: T | undefined
  push(entry: T): void
  shift(): void
}

export function createFifo<T>(): Fifo<T> {
  let entries: T[] = []
  let head = 0
  return {
    get first() {
      return entries[head]
    },
    push: (entry) => void entries.push(entry),
    shift: () => {
      if (head < entries.length) head++
      if (head < 1024 || head * 2 < entries.length) return
      entries = entries.slice(head)
      head = 0
    },
  }
}
