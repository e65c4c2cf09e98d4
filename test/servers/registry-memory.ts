import { TailraceError } from '../../src/errors.ts'
import type { RegisteredSchema, SchemaRegistry, SchemaText } from '../../src/schema-registry/schema-registry.ts'

/** A registry within the test. What it is told to refuse, or to answer late, it does. */
export interface MemoryRegistry extends SchemaRegistry {
  readonly subjects: ReadonlyMap<string, readonly RegisteredSchema[]>
  /** Subjects that are refused as incompatible. */
  readonly refused: Set<string>
  /** Answers instead of the schema that is asked for. */
  readonly latestOf: Map<string, string>
  /** While true nothing is answered. */
  isAway: boolean
}

/** With GUIDs, unless told otherwise. */
export function createMemoryRegistry(hasGuids = true): MemoryRegistry {
  const subjects = new Map<string, RegisteredSchema[]>()
  const all: RegisteredSchema[] = []
  const resolve = (subject: string, given: SchemaText): RegisteredSchema => {
    const schema = { ...given, text: registry.latestOf.get(subject) ?? given.text }
    const same = all.find(({ text, type }) => text === schema.text && type === schema.type)
    const id = all.length + 1
    const guid = hasGuids ? `00000000-0000-0000-0000-${String(id).padStart(12, '0')}` : undefined
    const found = same ?? { ...schema, id, guid, version: 1 }
    if (same === undefined) all.push(found)
    const versions = subjects.get(subject) ?? []
    if (!versions.includes(found)) subjects.set(subject, [...versions, found])
    return found
  }
  const unused = (): never => {
    throw new Error('the serializer asks for nothing but its own schemas')
  }
  const registry: MemoryRegistry = {
    subjects,
    refused: new Set(),
    latestOf: new Map(),
    isAway: false,
    known: () => undefined,
    resolve: async (subject, schema, signal) => {
      if (registry.isAway) {
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        })
      }
      if (registry.refused.has(subject)) throw new TailraceError('SCHEMA_INCOMPATIBLE', `${subject} is refused`)
      return resolve(subject, schema)
    },
    byId: unused,
    latest: unused,
    compatibility: unused,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  return registry
}
