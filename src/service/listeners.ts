/** Those who want to hear of changes, in the order in which they came. */
export interface Listeners {
  add(listener: () => void): () => void
  /** Each of them, once; who is added or removed meanwhile counts from the next call on. */
  call(): void
}

/** Nobody yet. */
export function createListeners(): Listeners {
  const all = new Set<{ readonly listener: () => void }>()
  return {
    add: (listener) => {
      // The same function twice is two listeners.
      const added = { listener }
      all.add(added)
      return () => void all.delete(added)
    },
    call: () => {
      for (const { listener } of Array.from(all)) listener()
    },
  }
}
