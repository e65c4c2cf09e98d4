import { ServiceError } from '../stream-simulator/service-error.ts'

/** Counts requests and bytes by what they are about, and refuses those that are too many. */
export interface RequestRates {
  /** Counts one request of `key`. Throws when so many of the last second were let through already. */
  take(key: string, perSecond: number, error: () => ServiceError): void
  /** Refuses while what was read lately is more than `bytesPerSecond` allow. Throws ProvisionedThroughputExceededException. */
  requireBytes(key: string, bytesPerSecond: number): void
  /** Notes what was read. */
  addBytes(key: string, bytes: number, bytesPerSecond: number): void
}

interface Window {
  readonly requestsAtMs: number[]
  readonly reads: { readonly untilMs: number; readonly bytes: number }[]
}

/** No request has been made yet. */
export function createRequestRates(now: () => number): RequestRates {
  const windows = new Map<string, Window>()
  const windowOf = (key: string): Window => {
    const window = windows.get(key) ?? { requestsAtMs: [], reads: [] }
    windows.set(key, window)
    return window
  }
  return {
    take: (key, perSecond, error) => {
      const { requestsAtMs } = windowOf(key)
      while ((requestsAtMs[0] ?? Number.POSITIVE_INFINITY) <= now() - 1_000) requestsAtMs.shift()
      if (requestsAtMs.length >= perSecond) throw error()
      requestsAtMs.push(now())
    },
    requireBytes: (key, bytesPerSecond) => {
      const { reads } = windowOf(key)
      while ((reads[0]?.untilMs ?? Number.POSITIVE_INFINITY) <= now()) reads.shift()
      const bytes = reads.reduce((sum, read) => sum + read.bytes, 0)
      if (bytes >= bytesPerSecond) throw rateExceeded(key)
    },
    // A read of ten megabytes at two a second counts for five seconds.
    addBytes: (key, bytes, bytesPerSecond) =>
      void windowOf(key).reads.push({ untilMs: now() + Math.max(1, bytes / bytesPerSecond) * 1_000, bytes }),
  }
}

/** What Kinesis answers to whoever reads a shard too fast. */
export function rateExceeded(subject: string): ServiceError {
  return new ServiceError('ProvisionedThroughputExceededException', `Rate exceeded for ${subject}`)
}
