import type { Clock } from '../async/clock.ts'
import type { TailraceError } from '../errors.ts'
import type { RegisteredSchema, SchemaId, SchemaText } from './schema-registry.ts'

/** What a registry has said, by subject and schema. */
export interface SchemaMemory {
  /** One text for a subject and a schema. */
  keyOf(subject: string, schema: SchemaText): string
  known(subject: string, schema: SchemaText): RegisteredSchema | undefined
  keep(subject: string, schema: SchemaText, found: RegisteredSchema): void
  /** Why the registry refused it within the last half minute. */
  refusal(subject: string, schema: SchemaText): TailraceError | undefined
  refuse(subject: string, schema: SchemaText, error: TailraceError): void
  byId(id: SchemaId): RegisteredSchema | undefined
  keepId(found: RegisteredSchema): void
}

/** A table that is stopped and tried again within this time gets the same answer without a request. */
const refusalMs = 30_000
/** Of each kind; what was kept first is forgotten first, and can be asked for again. */
const mostEntries = 2000

/** Remembers nothing yet. */
export function createSchemaMemory(clock: Clock): SchemaMemory {
  // By object first: to a writer of records a schema is one object, and its text may have many thousand characters.
  const byObject = new WeakMap<SchemaText, Map<string, RegisteredSchema>>()
  const byText = new Map<string, RegisteredSchema>()
  const byId = new Map<SchemaId, RegisteredSchema>()
  const refusals = new Map<string, { readonly error: TailraceError; readonly untilMs: number }>()

  const noteObject = (subject: string, schema: SchemaText, found: RegisteredSchema): void => {
    const subjects = byObject.get(schema) ?? new Map<string, RegisteredSchema>()
    keepIn(subjects, subject, found)
    byObject.set(schema, subjects)
  }
  return {
    keyOf,
    known: (subject, schema) => {
      const noted = byObject.get(schema)?.get(subject)
      if (noted !== undefined) return noted
      const found = byText.get(keyOf(subject, schema))
      if (found !== undefined) noteObject(subject, schema, found)
      return found
    },
    keep: (subject, schema, found) => {
      keepIn(byText, keyOf(subject, schema), found)
      noteObject(subject, schema, found)
    },
    refusal: (subject, schema) => {
      const key = keyOf(subject, schema)
      const refusal = refusals.get(key)
      if (refusal === undefined || clock.monotonic() < refusal.untilMs) return refusal?.error
      refusals.delete(key)
      return undefined
    },
    refuse: (subject, schema, error) => {
      keepIn(refusals, keyOf(subject, schema), { error, untilMs: clock.monotonic() + refusalMs })
    },
    byId: (id) => byId.get(id),
    keepId: (found) => keepIn(byId, found.id, found),
  }
}

/** No subject holds a NUL, and the rest of the key begins with a word that holds none either. */
function keyOf(subject: string, { type, text, references = [] }: SchemaText): string {
  const named = references.map(({ name, subject: of, version }) => [name, of, version])
  return `${subject}\0${type}\0${named.length === 0 ? '' : JSON.stringify(named)}\0${text}`
}

function keepIn<K, V>(entries: Map<K, V>, key: K, value: V): void {
  const [oldest] = entries.keys()
  if (entries.size >= mostEntries && oldest !== undefined && !entries.has(key)) entries.delete(oldest)
  entries.set(key, value)
}
