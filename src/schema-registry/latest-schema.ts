import { TailraceError } from '../errors.ts'
import { haveSameEncoding } from './same-encoding.ts'
import type { RegisteredSchema, SchemaText } from './schema-registry.ts'

/**
 * The subject's latest schema, if records of `schema` may be written with it: if it is of the same kind and, where
 * `comparesLatest`, encodes alike. Throws SCHEMA_INCOMPATIBLE otherwise.
 */
export function usableLatest(
  latest: RegisteredSchema,
  subject: string,
  { schema, comparesLatest }: { readonly schema: SchemaText; readonly comparesLatest: boolean },
): RegisteredSchema {
  const isOfAnotherType = latest.type !== schema.type
  if (!isOfAnotherType && (!comparesLatest || haveSameEncoding(latest, schema))) return latest
  const why = isOfAnotherType
    ? `is ${latest.type} and not ${schema.type}`
    : 'does not encode records as they are written'
  const version = latest.version === undefined ? '' : `, version ${latest.version},`
  throw new TailraceError('SCHEMA_INCOMPATIBLE', `the latest schema of ${subject}${version} ${why}`, {
    details: { schemaId: latest.id },
  })
}
