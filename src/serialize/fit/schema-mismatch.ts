import { TailraceError } from '../../errors.ts'

/**
 * Where in a record something is: names of attributes, places in lists. Entries of a map are data: they are `*`. It grows and
 * shrinks with the walk, so that nothing is put together before something fails.
 */
export type FieldPath = (string | number)[]

/** SCHEMA_MISMATCH, without a position. `reason` names types and never a value. */
export function schemaMismatch(path: Readonly<FieldPath>, reason: string): TailraceError {
  const field = pathText(path)
  return new TailraceError('SCHEMA_MISMATCH', `${field} does not fit its schema: ${reason}`, {
    details: { field, reason },
  })
}

function pathText(path: Readonly<FieldPath>): string {
  if (path.length === 0) return 'the record'
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      return index === 0 ? part : `.${part}`
    })
    .join('')
}
