import { matchesNamePattern } from '../change/name-pattern.ts'
import { TailraceError } from '../errors.ts'
import type { Source } from './source.ts'

/**
 * The source without tables of these names and patterns. Throws TABLE_NOT_FOUND where none is left. A table that was read
 * before is still described: its changes are dropped by the filter of changes, and it can be taken up again.
 */
export function withoutTables(source: Source, excluded: readonly string[]): Source {
  if (excluded.length === 0) return source
  return {
    ...source,
    findTables: async (signal, listener) => {
      const found = await source.findTables(signal, listener)
      const left = found.filter(({ name }) => !excluded.some((pattern) => matchesNamePattern(pattern, name)))
      if (left.length > 0) return left
      const error = new TailraceError('TABLE_NOT_FOUND', 'filter.exclude.tables leaves no table', {
        details: { pattern: excluded.join(', ') },
      })
      const tell = listener?.unmatched ?? listener?.missing
      if (tell === undefined) throw error
      // Of nothing at all was told already.
      if (found.length > 0) tell(error)
      return left
    },
  }
}
