/** Of what a client was told, the longest time without an answer that is worth something. */
export interface AnswerStreaks {
  /** One attempt, from when to when; each begins when the one before is over. Milliseconds of any clock. */
  note(isGood: boolean, beganMs: number, endedMs: number): void
  /** From the begin of the first bad attempt to the end of the first good one behind it, or of the last bad one. */
  readonly longestMs: number
}

/** Nothing was asked yet. */
export function createAnswerStreaks(): AnswerStreaks {
  let badSinceMs: number | undefined
  let longestMs = 0
  return {
    note: (isGood, beganMs, endedMs) => {
      if (!isGood) badSinceMs ??= beganMs
      if (badSinceMs === undefined) return
      longestMs = Math.max(longestMs, endedMs - badSinceMs)
      if (isGood) badSinceMs = undefined
    },
    get longestMs() {
      return longestMs
    },
  }
}
