/** Work that is begun now and waited for later. */
export interface Concurrently {
  add(work: Promise<void>): void
  /** Resolves when all of it is done; rejects with the first failure. */
  done(): Promise<void>
}

/** No work yet. A failure before anybody waits is kept until then, also when nobody ever does. */
export function createConcurrently(): Concurrently {
  const begun: Promise<void>[] = []
  return {
    add: (work) => {
      work.catch(() => undefined)
      begun.push(work)
    },
    done: async () => {
      await Promise.all(begun)
    },
  }
}
