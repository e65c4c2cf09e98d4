/** Work that several wait for at once, by a key. */
export interface SharedWork<T> {
  /**
   * Waits for the work of that key, and begins it if nobody does already. Rejects with the signal's reason when it aborts;
   * the work itself is called off when nobody waits for it any more. Nothing is remembered once it is settled.
   */
  join(key: string, begin: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>
}

interface Running<T> {
  readonly result: Promise<T>
  readonly scope: AbortController
  waiting: number
}

/** Work that is also called off, with its waiters, when `closed` aborts. */
export function createSharedWork<T>(closed: AbortSignal): SharedWork<T> {
  const running = new Map<string, Running<T>>()

  const start = (key: string, begin: (signal: AbortSignal) => Promise<T>): Running<T> => {
    const scope = new AbortController()
    const work: Running<T> = { scope, waiting: 0, result: begin(AbortSignal.any([scope.signal, closed])) }
    const forget = (): void => {
      if (running.get(key) === work) running.delete(key)
    }
    work.result.then(forget, forget)
    running.set(key, work)
    return work
  }

  const leave = (key: string, work: Running<T>, reason: unknown): void => {
    work.waiting -= 1
    if (work.waiting > 0) return
    // At once, so that whoever comes now begins anew instead of joining what is about to end.
    if (running.get(key) === work) running.delete(key)
    work.scope.abort(reason)
  }

  return {
    join: async (key, begin, signal) => {
      signal.throwIfAborted()
      closed.throwIfAborted()
      const work = running.get(key) ?? start(key, begin)
      work.waiting += 1
      return await new Promise<T>((resolve, reject) => {
        const onAbort = (): void => {
          reject(signal.reason)
          leave(key, work, signal.reason)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        const settled = (): void => signal.removeEventListener('abort', onAbort)
        work.result.finally(settled).then(resolve, reject)
      })
    },
  }
}
