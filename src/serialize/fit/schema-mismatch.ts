import { TailraceError } from '../../errors.ts'

/** SCHEMA_MISMATCH, without a position. `path` names attributes, `reason` types; neither holds a value. */
export function schemaMismatch(path: readonly string[], reason: string): TailraceError {
  const field = path.join('')
  const where = field === '' ? 'it' : field
  return new TailraceError('SCHEMA_MISMATCH', `${where} does not fit its schema: ${reason}`, {
    details: { field: where, reason },
  })
}
