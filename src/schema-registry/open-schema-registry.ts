import { createAskRegistry } from './ask-registry.ts'
import type { AskRegistry } from './ask-registry.ts'
import { foreignAnswer, readIdentity, readSchema } from './read-answer.ts'
import type { AnswerObject } from './read-answer.ts'
import { usableLatest } from './latest-schema.ts'
import { createRegistryHttp } from './registry-http.ts'
import type { RegistryOptions } from './registry-options.ts'
import type { RegisteredSchema, SchemaId, SchemaRegistry, SchemaText } from './schema-registry.ts'
import { createSharedRegistry } from './shared-registry.ts'

/** Opens no connection yet: the registry is asked when somebody wants something. Must be closed. */
export function openSchemaRegistry(options: RegistryOptions): SchemaRegistry {
  const http = createRegistryHttp(options.clock, options.requestTimeoutMs ?? 30_000, options.tls)
  const registry: Registry = { options, ask: createAskRegistry(options, http), inContext: contextOf(options.context) }
  return createSharedRegistry(options.clock, {
    resolve: (subject, schema, signal) => findSchema(registry, subject, schema, signal),
    byId: (id, subject, signal) => getSchema(registry, id, subject, signal),
    latest: (subject, signal) => getLatest(registry, subject, signal),
    compatibility: (signal) => getCompatibility(registry, signal),
    close: async () => {
      await http[Symbol.asyncDispose]()
    },
  })
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
  return usableLatest(await getLatest(registry, subject, signal), subject, { schema, comparesLatest })
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
  id: SchemaId,
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
