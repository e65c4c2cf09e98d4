/**
 * A short cut between lanes of one process: whoever commits an entry into another lane's partition nudges that lane, so
 * that it looks at once instead of at its next interval. Only ever saves time; nothing depends on it.
 */
export interface LaneNudges {
  nudge(lane: number): void
  /** Returns the way to unregister. */
  listen(lane: number, onNudge: () => void): () => void
}

export function createLaneNudges(): LaneNudges {
  const listeners = new Map<number, () => void>()
  return {
    nudge: (lane) => listeners.get(lane)?.(),
    listen: (lane, onNudge) => {
      listeners.set(lane, onNudge)
      return () => {
        if (listeners.get(lane) === onNudge) listeners.delete(lane)
      }
    },
  }
}
