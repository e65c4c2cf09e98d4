/**
 * A bound on bytes in flight, shared by all readers of one process. A reader takes its share before it asks the source
 * for a page and gives it back when the page is committed or thrown away. Waiters are served in order of arrival.
 */
export interface ByteBudget {
  /** Waits until `bytes` fit. A request larger than the whole budget is let through when nothing else is in flight. */
  take(bytes: number, signal: AbortSignal): Promise<ByteShare>
  readonly inFlightBytes: number
}

/** What one reader holds of the budget. Releasing twice is harmless. */
export interface ByteShare {
  /** Replaces the estimate by the size that arrived; may overshoot the budget, which then delays the next taker. */
  resize(bytes: number): void
  release(): void
}

/** Makes a budget of `limitBytes`. */
export function createByteBudget(limitBytes: number): ByteBudget {
  let inFlight = 0
  const waiters: { bytes: number; admit: () => void }[] = []

  const admitWaiters = (): void => {
    while (waiters[0] !== undefined && fits(waiters[0].bytes)) waiters.shift()?.admit()
  }
  const fits = (bytes: number): boolean => inFlight === 0 || inFlight + bytes <= limitBytes
  const share = (bytes: number): ByteShare => {
    let held = bytes
    inFlight += held
    return {
      resize: (actual) => {
        inFlight += actual - held
        held = actual
        admitWaiters()
      },
      release: () => {
        inFlight -= held
        held = 0
        admitWaiters()
      },
    }
  }

  return {
    get inFlightBytes() {
      return inFlight
    },
    take: (bytes, signal) => {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      if (waiters.length === 0 && fits(bytes)) return Promise.resolve(share(bytes))
      return new Promise((resolve, reject) => {
        const waiter = { bytes, admit: (): void => onAdmit() }
        const onAbort = (): void => {
          waiters.splice(waiters.indexOf(waiter), 1)
          reject(signal.reason as Error)
          admitWaiters()
        }
        const onAdmit = (): void => {
          signal.removeEventListener('abort', onAbort)
          resolve(share(bytes))
        }
        waiters.push(waiter)
        signal.addEventListener('abort', onAbort, { once: true })
      })
    },
  }
}

/** A part of another budget, which it can never exceed: for readers that must leave room for others. */
export function createSubBudget(parent: ByteBudget, limitBytes: number): ByteBudget {
  const own = createByteBudget(limitBytes)
  return {
    get inFlightBytes() {
      return own.inFlightBytes
    },
    take: async (bytes, signal) => {
      const part = await own.take(bytes, signal)
      try {
        const whole = await parent.take(bytes, signal)
        const both = [part, whole]
        return {
          resize: (actual) => both.forEach((share) => share.resize(actual)),
          release: () => both.forEach((share) => share.release()),
        }
      } catch (error) {
        part.release()
        throw error
      }
    },
  }
}
