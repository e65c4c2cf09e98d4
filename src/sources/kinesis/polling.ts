import type { Rng } from '../../async/rng.ts'

/** How eagerly a shard is asked for more. Milliseconds between the beginnings of two requests. */
export interface KinesisPolling {
  /** Under all circumstances: a shard answers five GetRecords a second, to all of its readers together. */
  readonly minIntervalMs: number
  /** Where the growth begins once a shard is idle; it doubles with each further empty page, and half of it is jitter. */
  readonly idleBaseMs: number
  readonly idleCapMs: number
  /** What a shard gives a second; a larger page is followed by a longer pause, which throttling would force otherwise. */
  readonly bytesPerSecond: number
}

/** At most 4.5 requests a second, one a second when idle, 2 MiB a second. */
export const defaultPolling: KinesisPolling = {
  minIntervalMs: 220,
  idleBaseMs: 200,
  idleCapMs: 1_000,
  bytesPerSecond: 2 * 1024 * 1024,
}

/** What the last page says about the next one. */
export interface PageOutcome {
  readonly records: number
  /** Of the records themselves, not of the answer that they came in. */
  readonly dataBytes: number
  readonly millisBehindLatest: number
  /** Pages in a row, this one included, that were empty although nothing was left to be read. */
  readonly idlePages: number
}

/** Milliseconds from the last request's beginning to the next one's. */
export function pollInterval(policy: KinesisPolling, last: PageOutcome, rng: Rng): number {
  const paceMs = (last.dataBytes / policy.bytesPerSecond) * 1000
  if (last.idlePages === 0) return Math.max(policy.minIntervalMs, paceMs)
  const ceilingMs = Math.min(policy.idleCapMs, policy.idleBaseMs * 2 ** Math.min(last.idlePages, 30))
  // Half of it is fixed, so that an idle shard really comes down to about one request a second.
  return Math.max(policy.minIntervalMs, (ceilingMs * (1 + rng.next())) / 2)
}
