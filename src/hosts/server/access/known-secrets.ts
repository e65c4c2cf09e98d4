import { createHmac, randomBytes } from 'node:crypto'

/** As many as there may be users. */
const maximumKnown = 1000

/**
 * Secrets that were right in this process, as keyed hashes whose key lives as long as it: they are not judged again, which
 * costs 50 ms each time, and who has one need not wait for those who guess.
 */
export interface KnownSecrets<T> {
  /** What was remembered with the secret. */
  find(label: string, secret: string): T | undefined
  /** The least recent are forgotten if there are too many. */
  add(label: string, secret: string, value: T): void
  /** The result of the same judgement if one is under way, of a new one otherwise: many at once are one try. */
  once<R>(label: string, secret: string, judge: () => Promise<R>): Promise<R>
}

/** Knows nothing yet. All calls of `once` must give the same type. */
export function createKnownSecrets<T>(): KnownSecrets<T> {
  const key = randomBytes(32)
  const known = new Map<string, T>()
  const underWay = new Map<string, Promise<unknown>>()
  const hash = (label: string, secret: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([label, secret]))
      .digest('base64')
  return {
    find: (label, secret) => known.get(hash(label, secret)),
    add: (label, secret, value) => {
      const [oldest] = known.keys()
      if (known.size >= maximumKnown && oldest !== undefined) known.delete(oldest)
      known.set(hash(label, secret), value)
    },
    once: async <R>(label: string, secret: string, judge: () => Promise<R>): Promise<R> => {
      const name = hash(label, secret)
      const running = underWay.get(name)
      if (running !== undefined) return running as Promise<R>
      const begun = judge().finally(() => underWay.delete(name))
      underWay.set(name, begun)
      return begun
    },
  }
}
