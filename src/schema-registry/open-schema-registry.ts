import { TailraceError } from '../errors.ts'
import { createAskRegistry } from './ask-registry.ts'
import type { AskRegistry } from './ask-registry.ts'
import { foreignAnswer, readIdentity, readSchema } from './read-answer.ts'
import type { AnswerObject } from './read-answer.ts'
import { createRegistryHttp } from './registry-http.ts'
import type { RegistryOptions } from './registry-options.ts'
import { createSchemaMemory } from './schema-memory.ts'
import type { RegisteredSchema, SchemaRegistry, SchemaText } from './schema-registry.ts'
import { haveSameEncoding } from './same-encoding.ts'
import { createSharedWork } from './shared-work.ts'

/** Opens no connection yet: the registry is asked when somebody wants something. Must be closed. */
export function openSchemaRegistry(options: RegistryOptions): SchemaRegistry {
  const closing = new AbortController()
  const http = createRegistryHttp(options.clock, options.requestTimeoutMs ?? 30_000, options.tls)
  const registry: Registry = { options, ask: createAskRegistry(options, http), inContext: contextOf(options.context) }
  const memory = createSchemaMemory(options.clock)
  const work = createSharedWork<RegisteredSchema>(closing.signal)
  const levels = createSharedWork<string>(closing.signal)

  const close = async (): Promise<void> => {
    closing.abort(new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', 'the client of the schema registry was closed'))
    await http[Symbol.asyncDispose]()
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
          const found = await findSchema(registry, subject, schema, ended)
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
        const found = await getSchema(registry, id, subject, ended)
        memory.keepId(found)
        return found
      }
      return await work.join(`id\0${id}\0${subject ?? ''}`, find, signal)
    },
    latest: (subject, signal) =>
      work.join(`latest\0${subject}`, (ended) => getLatest(registry, subject, ended), signal),
    compatibility: (signal) => levels.join('', (ended) => getCompatibility(registry, ended), signal),
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Registry {
  readonly options: RegistryOptions
  readonly ask: AskRegistry
  /** The subject with the context in front. */
  readonly inContext: (subject: string) => string
}

/** `:.ctx:subject`; the default context has no name. */
function contextOf(context: string | undefined): (subject: string) => string {
  return context === undefined ? (subject) => subject : (subject) => `:.${context}:${subject}`
}

async function findSchema(
  registry: Registry,
  subject: string,
  schema: SchemaText,
  signal: AbortSignal,
): Promise<RegisteredSchema> {
  const { mode, comparesLatest } = registry.options
  if (mode !== 'latest') return await postSchema(registry, subject, schema, signal)
  const latest = await getLatest(registry, subject, signal)
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

/** Registers, or looks up: the same question at two places. */
async function postSchema(
  { options, ask, inContext }: Registry,
  subject: string,
  schema: SchemaText,
  signal: AbortSignal,
): Promise<RegisteredSchema> {
  const isRegistered = options.mode === 'register'
  const place = `/subjects/${encodeURIComponent(inContext(subject))}${isRegistered ? '/versions' : ''}`
  const question = {
    action: isRegistered ? 'register' : 'look up',
    subject,
    path: `${place}${options.normalizes ? '?normalize=true' : ''}`,
    body: {
      schemaType: schema.type,
      schema: schema.text,
      ...(schema.references === undefined || schema.references.length === 0 ? {} : { references: schema.references }),
    },
    read: (answer: AnswerObject, asked: string) => ({ ...schema, ...readIdentity(answer, asked) }),
  }
  return await ask(question, signal)
}

async function getLatest(
  { ask, inContext }: Registry,
  subject: string,
  signal: AbortSignal,
): Promise<RegisteredSchema> {
  const action = 'get the latest schema of'
  const path = `/subjects/${encodeURIComponent(inContext(subject))}/versions/latest`
  return await ask({ action, subject, path, read: readSchema }, signal)
}

async function getSchema(
  { options, ask, inContext }: Registry,
  id: number,
  subject: string | undefined,
  signal: AbortSignal,
): Promise<RegisteredSchema> {
  const action = `get schema ${id}`
  // Ids belong to a context, and it is the subject that tells which.
  const isTold = subject !== undefined || options.context !== undefined
  const query = isTold ? `?subject=${encodeURIComponent(inContext(subject ?? ''))}` : ''
  const path = `/schemas/ids/${id}${query}`
  return await ask({ action, subject, path, read: (answer, asked) => readSchema({ ...answer, id }, asked) }, signal)
}

async function getCompatibility({ ask }: Registry, signal: AbortSignal): Promise<string> {
  const question = {
    action: 'get the compatibility',
    subject: undefined,
    path: '/config',
    read: ({ compatibilityLevel: level }: AnswerObject, asked: string) => {
      if (typeof level === 'string' && /^[A-Z_]{1,40}$/.test(level)) return level
      throw foreignAnswer(`${asked}: the answer holds no level`)
    },
  }
  return await ask(question, signal)
}
