import type { Clock } from '../../async/clock.ts'

/**
 * Decides whether a table may be scanned while its changes are read in the same lane. Changes go first: a scan that makes
 * its stream fall behind would lose changes in the end, and one that pauses loses nothing.
 */
export interface ScanGate {
  /** A shard of the table was delivered up to a change of this age. Milliseconds. */
  delivered(shardId: string, ageMs: number): void
  /** `pause`: not now. `park`: the lane cannot keep up at all, even without the scan; the shards must be spread again. */
  verdict(): 'go' | 'pause' | 'park'
  /** How far the furthest shard is behind, of those that were delivered from lately. Milliseconds. */
  readonly behindMs: number
}

/** Bounds of a gate. Milliseconds. */
export interface ScanGateBounds {
  /** A stream that is so far behind gets the lane for itself, until it is half as far behind. */
  readonly pauseBehindMs: number
  /** So far behind, and further than it was at first by `parkGrowthMs`: the rest would be lost some day. */
  readonly parkBehindMs: number
  readonly parkGrowthMs: number
}

/** 20 of the 24 hours are gone when a snapshot is parked. */
export const defaultGateBounds: ScanGateBounds = {
  pauseBehindMs: 15 * 60_000,
  parkBehindMs: 20 * 3_600_000,
  parkGrowthMs: 30 * 60_000,
}

/** What was delivered longer ago says nothing: the shard has been at its tip since, or nothing is delivered at all. */
const freshMs = 60_000

/** A gate of one table. */
export function createScanGate(clock: Clock, bounds: ScanGateBounds): ScanGate {
  const ages = new Map<string, { readonly ageMs: number; readonly at: number }>()
  let isPaused = false
  /** The least that it was ever behind while it was behind: a backlog that shrinks is no reason to park. */
  let leastMs = Number.POSITIVE_INFINITY
  const behind = (): number => {
    const now = clock.monotonic()
    let most = 0
    for (const [shardId, { ageMs, at }] of ages) {
      if (now - at > freshMs) ages.delete(shardId)
      else most = Math.max(most, ageMs)
    }
    return most
  }
  return {
    delivered: (shardId, ageMs) => {
      ages.set(shardId, { ageMs, at: clock.monotonic() })
    },
    verdict: () => {
      const behindMs = behind()
      if (ages.size > 0) leastMs = Math.min(leastMs, behindMs)
      if (behindMs >= bounds.parkBehindMs && behindMs >= leastMs + bounds.parkGrowthMs) return 'park'
      isPaused = behindMs >= (isPaused ? bounds.pauseBehindMs / 2 : bounds.pauseBehindMs)
      return isPaused ? 'pause' : 'go'
    },
    get behindMs() {
      return behind()
    },
  }
}
