import type { Clock } from '../../../src/async/clock.ts'
import type { WorkerPlaces } from './worker-places.ts'

/** Watches which lanes nobody holds, by the events of the workers. */
export interface LaneGaps extends AsyncDisposable {
  /** Each time without an owner that is over, or goes on now; a lane counts from when it had its first owner. */
  readonly gaps: readonly LaneGap[]
  /** Somebody was killed, and may have been the one to whom such a lane was just given: their time begins anew. */
  beginAnew(): void
}

/** From the end of an owner until the next one has taken the lane. */
export interface LaneGap {
  readonly lane: number
  ms: number
}

const lookMs = 50

/** Looks from now on until it is disposed. */
export function watchLaneGaps({ laneOwners }: Pick<WorkerPlaces, 'laneOwners'>, clock: Clock): LaneGaps {
  const end = new AbortController()
  const gaps: LaneGap[] = []
  const known = new Set<number>()
  const open = new Map<number, { since: number; readonly gap: LaneGap }>()
  const look = (): void => {
    const now = clock.monotonic()
    for (const lane of laneOwners.keys()) {
      known.add(lane)
      open.delete(lane)
    }
    for (const lane of known) {
      if (laneOwners.has(lane)) continue
      const found = open.get(lane)
      if (found !== undefined) {
        found.gap.ms = Math.max(found.gap.ms, now - found.since)
        continue
      }
      const gap = { lane, ms: 0 }
      gaps.push(gap)
      open.set(lane, { since: now, gap })
    }
  }
  const run = async (): Promise<void> => {
    while (!end.signal.aborted) {
      look()
      await clock.sleep(lookMs, end.signal).catch(() => undefined)
    }
  }
  const running = run()
  return {
    gaps,
    beginAnew: () => {
      const now = clock.monotonic()
      for (const entry of open.values()) entry.since = now
    },
    [Symbol.asyncDispose]: async () => {
      end.abort('over')
      await running
    },
  }
}
