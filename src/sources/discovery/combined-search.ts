import type { Clock } from '../../async/clock.ts'
import { TailraceError } from '../../errors.ts'
import type { SearchListener, Source } from '../source.ts'
import { createPartSearches } from './part-searches.ts'
import type { Found } from './part-searches.ts'
import type { SourcePart } from './source-part.ts'

/** A search over parts, and which of them had no answer to the last one. */
export interface CombinedSearch {
  readonly findTables: Source['findTables']
  /** The part has not answered when it was asked last. */
  isSilent(part: SourcePart): boolean
  /** It counts as silent until a search has its answer: something else that it was asked is not answered. */
  noteSilence(part: SourcePart): void
  /** The account of a part, as it says or as its tables have shown; undefined until then. */
  accountOf(part: SourcePart): string | undefined
}

/** What a search over parts works with. */
export interface CombinedSearchOptions {
  readonly clock: Clock
  /** How long a look waits for a part that answers nothing meanwhile. Milliseconds. */
  readonly waitMs: number
  /** Hears of each part that a look leaves out. Must not throw. */
  readonly onSilence: (error: TailraceError) => void
}

/**
 * Looks for tables in all parts at once. A part that answers nothing for `waitMs` is left out, with a word about it, and its
 * answer is taken up by the look that comes after it; one that goes on answering, about many tables, is waited for. What a name or
 * a pattern means must be somewhere, not in each part.
 * Rejects with AWS_UNREACHABLE if no part has answered.
 */
export function findInParts(parts: readonly SourcePart[], options: CombinedSearchOptions): CombinedSearch {
  const { clock, waitMs, onSilence } = options
  const searches = createPartSearches(clock, waitMs)
  const silent = new Set<SourcePart>()
  const accounts = new Map<SourcePart, string>()
  const outcomeOf = async (part: SourcePart, signal: AbortSignal): Promise<Found | TailraceError> => {
    const late = silence(part, waitMs)
    try {
      const found = await searches.answerOf(part, late, signal)
      silent.delete(part)
      // One that is named by its ARN may be another account's.
      const own = found.tables.find(({ arn }) => !part.tables.includes(arn))
      if (own !== undefined) accounts.set(part, own.account)
      return found
    } catch (error) {
      silent.add(part)
      if (signal.aborted || !(error instanceof TailraceError)) throw error
      return error
    }
  }
  return {
    isSilent: (part) => silent.has(part),
    noteSilence: (part) => void silent.add(part),
    accountOf: (part) => part.account ?? accounts.get(part),
    findTables: async (signal, listener = {}) => {
      const outcomes = await Promise.all(parts.map(async (part) => ({ part, outcome: await outcomeOf(part, signal) })))
      const found = outcomes.flatMap(({ part, outcome }) =>
        outcome instanceof TailraceError ? [] : [{ part, outcome }],
      )
      const failures = outcomes.flatMap(({ outcome }) => (outcome instanceof TailraceError ? [outcome] : []))
      const [first] = failures
      if (first !== undefined && found.length === 0) throw first
      // On a first start, too: the others must not wait for one account.
      for (const failure of failures) {
        onSilence(failure)
        listener.missing?.(failure)
        listener.silent?.()
      }
      const { missing, unmatched = missing } = listener
      const isPartSilent = failures.length > 0
      for (const error of nowhere(found, (one) => one.missing, isPartSilent)) tell(error, missing)
      for (const error of nowhere(found, (one) => one.unmatched, isPartSilent)) tell(error, unmatched)
      for (const table of found.flatMap(({ outcome }) => outcome.skipped)) listener.skipped?.(table)
      return found.flatMap(({ outcome }) => outcome.tables)
    },
  }
}

/** What was not found in any part that was asked for it. A part that is silent may have it. */
function nowhere(
  found: readonly { readonly part: SourcePart; readonly outcome: Found }[],
  errorsOf: (outcome: Found) => readonly TailraceError[],
  isPartSilent: boolean,
): readonly TailraceError[] {
  const isEmpty = found.every(({ outcome }) => outcome.tables.length === 0)
  const all = found.flatMap(({ outcome }) => errorsOf(outcome))
  const unique = new Map(all.map((error) => [`${error.code} ${subjectOf(error)}`, error]))
  return [...unique.values()].filter((error) => {
    if (error.code !== 'TABLE_NOT_FOUND') return true
    if (isPartSilent) return false
    const subject = subjectOf(error)
    const asked = found.filter(({ part }) => part.tables.includes(subject))
    // About all that a part was asked for, as with tags: then it is enough that another part has something.
    if (asked.length === 0) return isEmpty
    return asked.every(({ outcome }) => errorsOf(outcome).some((one) => subjectOf(one) === subject))
  })
}

/** The name, the ARN or the pattern that an error is about. */
function subjectOf({ message, details: { table, pattern } }: TailraceError): string {
  return String(table ?? pattern ?? message)
}

function tell(error: TailraceError, hear: SearchListener['missing']): void {
  if (hear === undefined) throw error
  hear(error)
}

function silence({ title }: SourcePart, ms: number): TailraceError {
  return new TailraceError(
    'AWS_UNREACHABLE',
    `${title} did not answer within ${ms / 1000} s; its tables are looked for later`,
  )
}
