import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { createSchemaMemory } from './schema-memory.ts'
import type { RegisteredSchema, SchemaId, SchemaRegistry, SchemaText } from './schema-registry.ts'
import { createSharedWork } from './shared-work.ts'

/** What one kind of registry is asked. Each waits, and rejects, as `SchemaRegistry` says, and may be asked twice. */
export interface RegistryCalls {
  resolve(subject: string, schema: SchemaText, signal: AbortSignal): Promise<RegisteredSchema>
  byId(id: SchemaId, subject: string | undefined, signal: AbortSignal): Promise<RegisteredSchema>
  latest(subject: string, signal: AbortSignal): Promise<RegisteredSchema>
  compatibility(signal: AbortSignal): Promise<string>
  /** Ends all connections. Nothing is asked any more. */
  close(): Promise<void>
}

/** Asks once for many, and remembers, as `SchemaRegistry` says. Closing it closes what it asks. */
export function createSharedRegistry(clock: Clock, calls: RegistryCalls): SchemaRegistry {
  const closing = new AbortController()
  const memory = createSchemaMemory(clock)
  const work = createSharedWork<RegisteredSchema>(closing.signal)
  const levels = createSharedWork<string>(closing.signal)

  const close = async (): Promise<void> => {
    closing.abort(new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', 'the client of the schema registry was closed'))
    await calls.close()
  }
  return {
    known: (subject, schema) => memory.known(subject, schema),
    resolve: async (subject, schema, signal) => {
      const known = memory.known(subject, schema)
      if (known !== undefined) return known
      const refusal = memory.refusal(subject, schema)
      if (refusal !== undefined) throw refusal
      const find = async (ended: AbortSignal): Promise<RegisteredSchema> => {
        try {
          const found = await calls.resolve(subject, schema, ended)
          memory.keep(subject, schema, found)
          return found
        } catch (error) {
          if (error instanceof TailraceError && error.policy === 'stop-table') memory.refuse(subject, schema, error)
          throw error
        }
      }
      return await work.join(`resolve\0${memory.keyOf(subject, schema)}`, find, signal)
    },
    byId: async (id, subject, signal) => {
      const known = memory.byId(id)
      if (known !== undefined) return known
      const find = async (ended: AbortSignal): Promise<RegisteredSchema> => {
        const found = await calls.byId(id, subject, ended)
        memory.keepId(found)
        return found
      }
      return await work.join(`id\0${id}\0${subject ?? ''}`, find, signal)
    },
    latest: (subject, signal) => work.join(`latest\0${subject}`, (ended) => calls.latest(subject, ended), signal),
    compatibility: (signal) => levels.join('', (ended) => calls.compatibility(ended), signal),
    close,
    [Symbol.asyncDispose]: close,
  }
}
