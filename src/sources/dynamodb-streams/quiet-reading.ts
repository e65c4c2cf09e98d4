/** Tells up to when a shard has been read that answers with empty pages. */
export interface QuietReading {
  /**
   * Notes a page in the order of reading. Returns the moment (wall clock, milliseconds) before which everything written to
   * the shard has been handed out, or undefined while that is not known.
   */
  note(page: {
    readonly records: number
    readonly requestedAtMs: number
    readonly startedAtMs: number
  }): number | undefined
  /** A new iterator was asked for: what the old one has passed says nothing of where this one is. */
  restart(): void
}

/**
 * An empty page proves nothing: reads are eventually consistent, and stretches without records take many pages. But a reader
 * that has met nothing else for so long, and in so many pages, stands where changes come in; it has passed all that was
 * there when the stretch began.
 */
const quietMs = 10 * 60_000
const quietPages = 100

interface Stretch {
  /** Wall clock; what the stretch proves something of. */
  readonly requestedAtMs: number
  /** Monotonic: a wall clock that jumps must not make a stretch long. */
  readonly startedAtMs: number
  pages: number
}

/** Begins with nothing known. */
export function createQuietReading(): QuietReading {
  let readUpToMs: number | undefined
  let stretch: Stretch | undefined
  return {
    note: ({ records, requestedAtMs, startedAtMs }) => {
      if (records > 0) stretch = undefined
      else if (stretch === undefined) stretch = { requestedAtMs, startedAtMs, pages: 1 }
      else {
        stretch.pages++
        if (stretch.pages >= quietPages && startedAtMs - stretch.startedAtMs >= quietMs) {
          readUpToMs = stretch.requestedAtMs
          stretch = { requestedAtMs, startedAtMs, pages: 1 }
        }
      }
      return readUpToMs
    },
    restart: () => {
      stretch = undefined
    },
  }
}
