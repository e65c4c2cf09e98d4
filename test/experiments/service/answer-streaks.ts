/** Of what a client was told, the longest time without an answer that is worth something. */
export interface AnswerStreaks {
  /** Attempts in their order: each begins when the one before is over. */
  note(attempt: Attempt): void
  /** From the begin of the first bad attempt to the end of the first good one behind it, or of the last bad one. */
  readonly longestMs: number
  /** What was told of the attempts in that time. */
  readonly longest: readonly string[]
}

/** Something that was asked. From when to when: milliseconds of any clock. */
export interface Attempt {
  readonly isGood: boolean
  readonly beganMs: number
  readonly endedMs: number
  /** For whoever looks for the cause. */
  readonly text: string
}

/** Nothing was asked yet. */
export function createAnswerStreaks(): AnswerStreaks {
  let streak: { readonly sinceMs: number; readonly texts: string[] } | undefined
  let longestMs = 0
  let longest: readonly string[] = []
  return {
    note: ({ isGood, beganMs, endedMs, text }) => {
      if (!isGood) streak ??= { sinceMs: beganMs, texts: [] }
      if (streak === undefined) return
      streak.texts.push(text)
      if (endedMs - streak.sinceMs > longestMs) {
        longestMs = endedMs - streak.sinceMs
        longest = [...streak.texts]
      }
      if (isGood) streak = undefined
    },
    get longestMs() {
      return longestMs
    },
    get longest() {
      return longest
    },
  }
}
