import type { Rng } from '../../async/rng.ts'

/** How eagerly a shard is asked for more. Milliseconds between the beginnings of two requests. */
export interface PollingPolicy {
  /** After a page that was not full: bounds the calls per second and shard. */
  readonly minIntervalMs: number
  /** Where the growth begins once a shard is idle; it doubles with each further empty page, and half of it is jitter. */
  readonly idleBaseMs: number
  readonly idleCapMs: number
}

/** At most 4.5 requests a second while there is little to read, one a second when idle. */
export const defaultPolling: PollingPolicy = { minIntervalMs: 220, idleBaseMs: 200, idleCapMs: 1_000 }

/** GetRecords gives at most this many records a page, and at most 1 MB. */
export const maxPageRecords = 1_000

/** A page of this size was cut by the service's 1 MB limit rather than by the end of what there is. */
const fullPageBytes = 900_000

/** So many empty pages in a row may be a sparse stretch of a busy shard; only then is it taken to be idle. */
const eagerEmptyPages = 10

/** What the last page says about the next one. */
export interface PageOutcome {
  readonly records: number
  readonly bytes: number
  /** Pages without records in a row, this one included. */
  readonly emptyPages: number
}

/** Milliseconds from the last request's beginning to the next one's. Zero while the shard has more than fits a page. */
export function pollInterval(policy: PollingPolicy, last: PageOutcome, rng: Rng): number {
  if (last.records >= maxPageRecords || last.bytes >= fullPageBytes) return 0
  if (last.emptyPages <= eagerEmptyPages) return policy.minIntervalMs
  const ceilingMs = Math.min(policy.idleCapMs, policy.idleBaseMs * 2 ** Math.min(last.emptyPages - eagerEmptyPages, 30))
  // Half of it is fixed, so that an idle shard really comes down to about one request a second.
  return Math.max(policy.minIntervalMs, (ceilingMs * (1 + rng.next())) / 2)
}
