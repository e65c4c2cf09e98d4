import { TailraceError } from '../errors.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import type { RegistryAnswer } from './registry-http.ts'
import type { RegisteredSchema, SchemaReference, SchemaType } from './schema-registry.ts'

/** A JSON object of an answer. */
export type AnswerObject = Readonly<Record<string, unknown>>

/**
 * The object that a registry answered with. Throws what its refusal means otherwise; `question` says for people what was
 * asked, of whom and about what, and `hide` takes out of the registry's words what must not be told.
 */
export function readAnswer(answer: RegistryAnswer, question: string, hide: (words: string) => string): AnswerObject {
  const object = jsonObject(answer.body)
  const isGood = answer.status >= 200 && answer.status < 300
  if (isGood && object !== undefined) return object
  if (isGood) throw foreignAnswer(`${question}: the answer is not a JSON object`)
  throw refusal(answer.status, object, { question, hide })
}

/** A schema as most answers hold it. `schemaType` is left out for Avro, and some registries leave out more. */
export function readSchema(object: AnswerObject, question: string): RegisteredSchema {
  const { schema: text, schemaType = 'AVRO' } = object
  if (typeof text !== 'string') throw foreignAnswer(`${question}: the answer holds no schema`)
  const type = schemaTypes.find((known) => known === schemaType)
  if (type === undefined) {
    throw new TailraceError('SCHEMA_INVALID', `${question}: the schema is of a kind that tailrace does not know`)
  }
  const references = readReferences(object['references'], question)
  return {
    ...readIdentity(object, question),
    type,
    text,
    ...(references.length === 0 ? {} : { references }),
  }
}

/** What an answer to a registration holds in any case, and what it may hold. */
export function readIdentity(
  { id, guid, version }: AnswerObject,
  question: string,
): Pick<RegisteredSchema, 'id' | 'guid' | 'version'> {
  // The frame of a record has four bytes for it; Confluent counts from 1, and -1 means nothing was registered.
  if (!isWholeNumber(id) || id < 0 || id > 0x7fff_ffff)
    throw foreignAnswer(`${question}: the answer holds no schema id`)
  return {
    id,
    guid:
      typeof guid === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(guid)
        ? guid.toLowerCase()
        : undefined,
    version: isWholeNumber(version) && version > 0 ? version : undefined,
  }
}

/** An answer that is none of a schema registry. */
export function foreignAnswer(message: string): TailraceError {
  return new TailraceError('SCHEMA_REGISTRY_RESPONSE', message)
}

const schemaTypes: readonly SchemaType[] = ['AVRO', 'JSON', 'PROTOBUF']

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function readReferences(value: unknown, question: string): readonly SchemaReference[] {
  if (value === undefined || value === null) return []
  const references: readonly unknown[] = Array.isArray(value) ? value : [undefined]
  return references.map((reference) => {
    const { name, subject, version } = isObject(reference) ? reference : {}
    if (typeof name === 'string' && typeof subject === 'string' && isWholeNumber(version))
      return { name, subject, version }
    throw foreignAnswer(`${question}: the answer holds references of no known form`)
  })
}

/** The registry's own codes are the status and two digits: 40401 is no subject, 40403 no schema, 42201 a broken one. */
function refusal(
  status: number,
  object: AnswerObject | undefined,
  { question, hide }: { readonly question: string; readonly hide: (words: string) => string },
): TailraceError {
  const code = object?.['error_code']
  const known = typeof code === 'number' ? code : undefined
  const message = `${question}: status ${status}${wordsOf(object, hide)}`
  return new TailraceError(codeOf(status, known, object !== undefined), message, {
    details: { status, registryCode: known },
  })
}

function codeOf(status: number, registryCode: number | undefined, isJson: boolean): ErrorCode {
  if (status >= 500 || status === 429 || status === 408) return 'SCHEMA_REGISTRY_UNREACHABLE'
  if (status === 401 || status === 403) return 'SCHEMA_REGISTRY_AUTHORIZATION'
  if (status === 409) return 'SCHEMA_INCOMPATIBLE'
  if (status === 422 || status === 413 || (status === 400 && isJson)) return 'SCHEMA_INVALID'
  // A path that does not exist is answered 404, too, with no such code: by the registry, or by a proxy whose registry is away.
  if (status === 404 && registryCode !== undefined && registryCode >= 40_400 && registryCode <= 40_499)
    return 'SCHEMA_NOT_FOUND'
  return 'SCHEMA_REGISTRY_RESPONSE'
}

const maxWords = 600

/** The registry's own explanation, in one line and cut: some repeat whole schemas. */
function wordsOf(object: AnswerObject | undefined, hide: (words: string) => string): string {
  const words = object?.['message']
  if (typeof words !== 'string') return ''
  const line = hide(words)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  if (line === '') return ''
  return `, ${line.length > maxWords ? `${line.slice(0, maxWords)}…` : line}`
}

function jsonObject(body: Buffer): AnswerObject | undefined {
  try {
    // The names that are looked for hold no escape sequence, so V8's fault with those cannot matter here.
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    // That it is no JSON is the answer; the caller says so.
    return undefined
  }
}

function isObject(value: unknown): value is AnswerObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
