/** A bound on how much happens at once. */
export interface Slots {
  /** Waits for a free place, in order of arrival; disposing gives it back. Rejects when the signal aborts. */
  take(signal: AbortSignal): Promise<Disposable>
}

/** Makes so many places. */
export function createSlots(count: number): Slots {
  let free = count
  const waiters: (() => void)[] = []
  const release = (): void => {
    free++
    waiters.shift()?.()
  }
  const slot = (): Disposable => {
    free--
    let isTaken = true
    return {
      [Symbol.dispose]: () => {
        if (isTaken) release()
        isTaken = false
      },
    }
  }
  return {
    take: async (signal) => {
      signal.throwIfAborted()
      if (free > 0) return slot()
      return new Promise((resolve, reject) => {
        const onFree = (): void => {
          signal.removeEventListener('abort', onAbort)
          resolve(slot())
        }
        const onAbort = (): void => {
          waiters.splice(waiters.indexOf(onFree), 1)
          reject(signal.reason as Error)
        }
        waiters.push(onFree)
        signal.addEventListener('abort', onAbort, { once: true })
      })
    },
  }
}
