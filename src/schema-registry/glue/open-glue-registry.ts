import { backoffDelay } from '../../async/backoff.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'
import { usableLatest } from '../latest-schema.ts'
import type { RegisteredSchema, SchemaRegistry, SchemaText } from '../schema-registry.ts'
import { createSharedRegistry } from '../shared-registry.ts'
import { askGlue } from './ask-glue.ts'
import type { GlueRequest } from './ask-glue.ts'
import { isGlueRefusal, readGlueVersion } from './glue-answers.ts'
import type { GlueVersion } from './glue-answers.ts'
import { defaultGlueRegistry } from './glue-options.ts'
import type { GlueOptions } from './glue-options.ts'

/** Asks nothing yet. Must be closed, which closes the connections that it was given. */
export function openGlueRegistry(options: GlueOptions): SchemaRegistry {
  return createSharedRegistry(options.clock, {
    resolve: async (subject, schema, signal) => {
      if (options.mode === 'latest') {
        const latest = await getLatest(options, subject, signal)
        return usableLatest(latest, subject, { schema, comparesLatest: options.comparesLatest })
      }
      refuseReferences(schema)
      const action = options.mode === 'register' ? 'register' : 'look up'
      const ask = (request: GlueRequest): Promise<RegisteredSchema> =>
        findVersion(options, { subject, schema }, request)
      return await askGlue(options, { action, subject, ask }, signal)
    },
    byId: async (id, subject, signal) => {
      const ask = async (request: GlueRequest): Promise<RegisteredSchema> =>
        wholeSchema(await getVersion(request, { SchemaVersionId: id }), request)
      return await askGlue(options, { action: `get schema ${id}`, subject, ask }, signal)
    },
    latest: (subject, signal) => getLatest(options, subject, signal),
    compatibility: (signal) =>
      askGlue(
        options,
        { action: 'get the registry', subject: undefined, ask: (request) => getCompatibility(options, request) },
        signal,
      ),
    close: async () => await options.api[Symbol.asyncDispose](),
  })
}

/** What a schema is to be found or registered. */
interface Wanted {
  readonly subject: string
  readonly schema: SchemaText
}

async function findVersion(options: GlueOptions, wanted: Wanted, request: GlueRequest): Promise<RegisteredSchema> {
  const { subject, schema } = wanted
  const found = await byDefinition(options, wanted, request)
  if (found?.type !== undefined && found.type !== schema.type) {
    const text = `${request.asked}: it is kept as ${found.type} there, and not as ${schema.type}`
    throw new TailraceError('SCHEMA_INCOMPATIBLE', text)
  }
  // One that was refused before may be allowed now: registering it says so.
  const isUsable = found?.status === 'AVAILABLE' || found?.status === 'PENDING'
  const isToRegister = options.mode === 'register' && !isUsable
  const version = isToRegister ? await register(options, wanted, request) : found
  if (version === undefined) {
    const text = `${request.asked}: no version of ${subject} is this schema`
    throw new TailraceError('SCHEMA_NOT_FOUND', text)
  }
  const { id, version: number } = await settled(options, version, request)
  return { ...schema, id, guid: id, version: number }
}

async function byDefinition(
  { registryName }: GlueOptions,
  { subject, schema }: Wanted,
  { asked, send }: GlueRequest,
): Promise<GlueVersion | undefined> {
  const body = { SchemaId: schemaId(registryName, subject), SchemaDefinition: schema.text }
  return await unlessRefused(async () => readGlueVersion(await send('GetSchemaByDefinition', body), asked))
}

/** As a further version of the schema, which is made if there is none. Others may do the same at this moment. */
async function register(options: GlueOptions, wanted: Wanted, { asked, send }: GlueRequest): Promise<GlueVersion> {
  const { registryName, compatibility } = options
  const { subject, schema } = wanted
  const body = { SchemaId: schemaId(registryName, subject), SchemaDefinition: schema.text }
  const add = async (): Promise<GlueVersion> => readGlueVersion(await send('RegisterSchemaVersion', body), asked)
  const added = await unlessRefused(add)
  if (added !== undefined) return added
  const first = {
    // Without a name Glue makes the default registry where it is not there yet.
    ...(registryName === defaultGlueRegistry ? {} : { RegistryId: { RegistryName: registryName } }),
    SchemaName: subject,
    DataFormat: schema.type,
    Compatibility: compatibility,
    SchemaDefinition: schema.text,
  }
  try {
    return readGlueVersion(await send('CreateSchema', first), asked)
  } catch (error) {
    if (!isGlueRefusal(error, 'AlreadyExistsException')) throw error
  }
  const later = await unlessRefused(add)
  if (later !== undefined) return later
  throw new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', `${asked}: the schema is being made or deleted`)
}

/** Undefined where Glue does not have what is asked for. */
async function unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isGlueRefusal(error, 'EntityNotFoundException')) return undefined
    throw error
  }
}

const pollPause = { baseMs: 250, capMs: 3000 }
/** About half a minute; whoever waits is told then, and it begins anew. */
const mostPolls = 20

/** Waits while the registry looks at the compatibility of a version. Throws SCHEMA_INCOMPATIBLE for one that it refused. */
async function settled({ clock, rng }: GlueOptions, begun: GlueVersion, request: GlueRequest): Promise<GlueVersion> {
  const { asked, signal } = request
  let now = begun
  for (let polls = 0; now.status === 'PENDING'; polls++) {
    if (polls >= mostPolls) {
      const text = `${asked}: version ${begun.id} is still looked at`
      throw new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', text)
    }
    await clock.sleep(backoffDelay(pollPause, polls, rng), signal)
    now = await getVersion(request, { SchemaVersionId: begun.id })
  }
  if (now.status === 'FAILURE') {
    const text = `${asked}: version ${begun.id} is not compatible with those before it`
    throw new TailraceError('SCHEMA_INCOMPATIBLE', text, { details: { schemaId: begun.id } })
  }
  if (now.status === 'DELETING') {
    throw new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', `${asked}: version ${begun.id} is being deleted`)
  }
  return { ...now, version: now.version ?? begun.version }
}

async function getLatest(options: GlueOptions, subject: string, signal: AbortSignal): Promise<RegisteredSchema> {
  const ask = async (request: GlueRequest): Promise<RegisteredSchema> => {
    const id = schemaId(options.registryName, subject)
    const last = await getVersion(request, { SchemaId: id, SchemaVersionNumber: { LatestVersion: true } })
    if (last.status === 'AVAILABLE') return wholeSchema(last, request)
    // One that is not available is nobody's latest.
    for (let number = (last.version ?? 1) - 1; number > 0; number--) {
      const body = { SchemaId: id, SchemaVersionNumber: { VersionNumber: number } }
      const earlier = await unlessRefused(() => getVersion(request, body))
      if (earlier?.status === 'AVAILABLE') return wholeSchema(earlier, request)
    }
    throw new TailraceError('SCHEMA_NOT_FOUND', `${request.asked}: no version is available`)
  }
  return await askGlue(options, { action: 'get the latest schema of', subject, ask }, signal)
}

async function getVersion({ asked, send }: GlueRequest, body: Readonly<Record<string, unknown>>): Promise<GlueVersion> {
  return readGlueVersion(await send('GetSchemaVersion', body), asked)
}

function wholeSchema({ id, type, text, version }: GlueVersion, { asked }: GlueRequest): RegisteredSchema {
  if (type !== undefined && text !== undefined) return { id, guid: id, version, type, text }
  throw new TailraceError('SCHEMA_REGISTRY_RESPONSE', `${asked}: the answer holds no schema`)
}

async function getCompatibility(
  { registryName, mode, compatibility }: GlueOptions,
  { asked, send }: GlueRequest,
): Promise<string> {
  try {
    const answer = await send('GetRegistry', { RegistryId: { RegistryName: registryName } })
    if (isJsonObject(answer) && answer['RegistryName'] === registryName) return compatibility
    throw new TailraceError('SCHEMA_REGISTRY_RESPONSE', `${asked}: the answer is about no registry of that name`)
  } catch (error) {
    const isMadeLater = registryName === defaultGlueRegistry && mode === 'register'
    if (isMadeLater && isGlueRefusal(error, 'EntityNotFoundException')) return compatibility
    throw error
  }
}

function schemaId(registryName: string, subject: string): Readonly<Record<string, string>> {
  return { RegistryName: registryName, SchemaName: subject }
}

function refuseReferences({ references = [] }: SchemaText): void {
  if (references.length > 0) throw new TailraceError('SCHEMA_INVALID', 'schemas in Glue cannot build on others')
}
