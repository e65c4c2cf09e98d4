import { withDeadline } from '../../async/clock.ts'
import type { Clock } from '../../async/clock.ts'
import type { SkippedTable } from '../../change/skipped-table.ts'
import type { Table } from '../../change/table.ts'
import type { TailraceError } from '../../errors.ts'
import type { SourcePart } from './source-part.ts'

/** What a part has found, and what it has not. */
export interface Found {
  readonly tables: readonly Table[]
  readonly missing: readonly TailraceError[]
  readonly unmatched: readonly TailraceError[]
  readonly skipped: readonly SkippedTable[]
}

/** Searches of parts. One that nobody waits for any more goes on, and whoever asks next gets its answer. */
export interface PartSearches {
  /**
   * What the part finds: by the search that is under way, or by a new one. Rejects with `late` when the part has answered
   * nothing for as long as one waits; as long as it goes on answering, about one table after another, it is waited for.
   */
  answerOf(part: SourcePart, late: TailraceError, signal: AbortSignal): Promise<Found>
}

interface Running {
  readonly work: Promise<Found>
  readonly signal: AbortSignal
  /** How often it was answered something until now. */
  readonly steps: () => number
}

/** `waitMs`: how long one waits for a part that answers nothing. Milliseconds. */
export function createPartSearches(clock: Clock, waitMs: number): PartSearches {
  const running = new Map<SourcePart, Running>()
  const begin = (part: SourcePart, signal: AbortSignal): Running => {
    let steps = 0
    const work = searchPart(part, () => steps++, signal)
    // Nobody may be waiting for it when it fails.
    work.catch(() => {})
    return { work, signal, steps: () => steps }
  }
  return {
    answerOf: async (part, late, signal) => {
      const known = running.get(part)
      const search = known === undefined || known.signal.aborted ? begin(part, signal) : known
      running.set(part, search)
      for (;;) {
        const before = search.steps()
        try {
          const found = await withDeadline(clock, waitMs, search.work, () => late)
          running.delete(part)
          return found
        } catch (error) {
          if (error !== late) running.delete(part)
          if (error !== late || search.steps() === before) throw error
        }
      }
    },
  }
}

async function searchPart({ source }: SourcePart, advanced: () => void, signal: AbortSignal): Promise<Found> {
  const missing: TailraceError[] = []
  const unmatched: TailraceError[] = []
  const skipped: SkippedTable[] = []
  const tables = await source.findTables(signal, {
    advanced,
    missing: (error) => missing.push(error),
    unmatched: (error) => unmatched.push(error),
    skipped: (table) => skipped.push(table),
  })
  return { tables, missing, unmatched, skipped }
}
