import type { Clock } from '../../async/clock.ts'

/** How old the newest event may be at least and at most, which no event says by itself. */
export interface MakingTime {
  /** A subscription was asked for at this time (Clock.now); what it brings was made later. */
  noteSubscription(requestedAtMs: number): void
  /** The next event is asked for. */
  beginWait(): void
  /**
   * The event that was asked for is here: a moment that is not later than its making (Clock.now, milliseconds). Moves on with
   * a subscription, and with events for which a connection was watched in vain for a while.
   */
  madeAfterMs(quietMs: number): number
}

/** A connection on which nothing comes for so long has nothing on its way; idle shards send every five seconds. */
const quietEnoughMs = 500
/** What the way from the service takes at most, with all that lies on it. */
const transitMs = 5_000

/**
 * An event may lie in the connection for as long as nobody takes it. So the time at which one is taken says nothing of it,
 * unless it was waited for: and that only if there was no long pause before, in which the service may have been held up.
 */
export function createMakingTime(clock: Clock): MakingTime {
  let afterMs = Number.NEGATIVE_INFINITY
  let isPrompt = false
  let takenAt = Number.NEGATIVE_INFINITY
  return {
    noteSubscription: (requestedAtMs) => {
      afterMs = Math.max(afterMs, requestedAtMs)
      takenAt = clock.monotonic()
    },
    beginWait: () => {
      isPrompt = clock.monotonic() - takenAt < transitMs
    },
    madeAfterMs: (quietMs) => {
      const nowMs = clock.now()
      if (isPrompt && quietMs >= quietEnoughMs) afterMs = Math.max(afterMs, nowMs - transitMs)
      takenAt = clock.monotonic()
      return Math.min(afterMs, nowMs)
    },
  }
}
