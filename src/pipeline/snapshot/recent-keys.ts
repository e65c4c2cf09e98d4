/**
 * Which record keys a lane has emitted for a table since a page of its scan was asked for: the memory of the rule that
 * keeps a snapshot's rows from covering newer changes. A lane has one for each table that it scans.
 *
 * Time is counted in requests: a change that is emitted after a page was asked for may be newer than the page's rows, and
 * then each of them whose key it has is dropped. Only as much is remembered as the oldest page that is still under way
 * can ask for. If that becomes too much, the pages are given up and asked for again: forgetting would be wrong.
 */
export interface RecentKeys {
  /** A page is about to be asked for. Its number is to be given back by `settle` once its rows are dealt with. */
  request(): number
  /** One more page of the same request: it is under way until each of them is settled. */
  keep(request: number): void
  settle(request: number): void
  /** A record with this key is in the lane's transaction, in front of everything that comes after this call. */
  note(key: Buffer): void
  /** True if the key was noted after the request. */
  hasSince(key: Buffer, request: number): boolean
  /** False if more was emitted since than could be remembered: the page is worthless, and must be asked for again. */
  isKnown(request: number): boolean
  readonly size: number
}

/** Remembers up to `limit` keys. */
export function createRecentKeys(limit: number): RecentKeys {
  /** The newest request that each key came after. The least recently noted key is the first one. */
  const newest = new Map<string, number>()
  /** How many pages of each request are still to be settled; the oldest request is the first one. */
  const underWay = new Map<number, number>()
  let requests = 0
  /** Requests up to this one were given up. */
  let givenUp = 0

  /** Keys that came before every request that is still under way say nothing any more. */
  const forgetOld = (): void => {
    const oldest = underWay.keys().next().value
    if (oldest === undefined) {
      newest.clear()
      return
    }
    for (const [key, request] of newest) {
      if (request >= oldest) return
      newest.delete(key)
    }
  }
  return {
    request: () => {
      underWay.set(++requests, 1)
      return requests
    },
    keep: (request) => {
      const pages = underWay.get(request)
      if (pages !== undefined) underWay.set(request, pages + 1)
    },
    settle: (request) => {
      const pages = underWay.get(request)
      if (pages === undefined) return
      if (pages > 1) underWay.set(request, pages - 1)
      else underWay.delete(request)
      forgetOld()
    },
    note: (key) => {
      if (underWay.size === 0) return
      const text = key.toString('latin1')
      newest.delete(text)
      newest.set(text, requests)
      if (newest.size <= limit) return
      givenUp = requests
      underWay.clear()
      newest.clear()
    },
    hasSince: (key, request) => (newest.get(key.toString('latin1')) ?? 0) >= request,
    isKnown: (request) => request > givenUp,
    get size() {
      return newest.size
    },
  }
}
