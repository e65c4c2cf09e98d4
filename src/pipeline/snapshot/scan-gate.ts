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
  /** A shard that is so far behind, and by `parkGrowthMs` further than it was once: the rest would be lost some day. */
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

interface ShardAge {
  readonly ageMs: number
  /** The least that this shard was ever behind: a backlog that shrinks is no reason to park, however large it is. */
  readonly leastMs: number
  readonly at: number
}

/** A gate of one table. */
export function createScanGate(clock: Clock, bounds: ScanGateBounds): ScanGate {
  const ages = new Map<string, ShardAge>()
  let isPaused = false
  const fresh = (): readonly ShardAge[] => {
    const now = clock.monotonic()
    return [...ages.values()].filter(({ at }) => now - at <= freshMs)
  }
  const behind = (): number => fresh().reduce((most, { ageMs }) => Math.max(most, ageMs), 0)
  return {
    delivered: (shardId, ageMs) => {
      const leastMs = Math.min(ageMs, ages.get(shardId)?.leastMs ?? ageMs)
      ages.set(shardId, { ageMs, leastMs, at: clock.monotonic() })
    },
    verdict: () => {
      const behindMs = behind()
      const isLosing = ({ ageMs, leastMs }: ShardAge): boolean =>
        ageMs >= bounds.parkBehindMs && ageMs >= leastMs + bounds.parkGrowthMs
      if (fresh().some(isLosing)) return 'park'
      isPaused = behindMs >= (isPaused ? bounds.pauseBehindMs / 2 : bounds.pauseBehindMs)
      return isPaused ? 'pause' : 'go'
    },
    get behindMs() {
      return behind()
    },
  }
}
