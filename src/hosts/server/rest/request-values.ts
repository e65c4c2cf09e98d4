import type { ConnectorConfig } from '../../../config/configdef/config-infos.ts'
import { TailraceError } from '../../../errors.ts'
import type { JsonObject } from './connect-service.ts'
import type { RequestBody, RestRequest } from './route.ts'

/** What is wrong with a request, for who sent it. */
export function invalid(message: string): TailraceError {
  return new TailraceError('REQUEST_INVALID', message)
}

/** A text from a request as a message may show it: cut, and without control characters. */
export function shown(text: string): string {
  const printable = text.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '?')
  return printable.length > 120 ? `${printable.slice(0, 117)}...` : printable
}

/** The body as a JSON object; REQUEST_INVALID if it is missing or anything else. */
export function objectBody(body: RequestBody | undefined, form: keyof RequestBody): JsonObject {
  const value = body?.[form]
  if (!isObject(value)) throw invalid('the body must be a JSON object')
  return value
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A flat map of texts (numbers are texts already) and booleans, as texts. Null says nothing; arrays and objects are REQUEST_INVALID. */
export function configOf(value: unknown, what = 'the body'): Map<string, string> {
  const config = new Map<string, string>()
  for (const [name, text] of patchOf(value, what)) if (text !== null) config.set(name, text)
  return config
}

/** As `configOf`, for a configuration that is kept: null is no value of a property. */
export function wholeConfigOf(value: unknown, what = 'the body'): Map<string, string> {
  const given = patchOf(value, what)
  const nothing = [...given].find(([, text]) => text === null)
  if (nothing !== undefined)
    throw invalid(`Null value can not be supplied as the configuration value: ${shown(nothing[0])}`)
  return configOf(value, what)
}

/** As `configOf`, with what is null. */
export function patchOf(value: unknown, what = 'the body'): Map<string, string | null> {
  if (!isObject(value)) throw invalid(`${what} must be a flat JSON object of properties`)
  const patch = new Map<string, string | null>()
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== 'string' && typeof member !== 'boolean' && member !== null)
      throw invalid(`the value of ${shown(name)} must be a text, a number or a boolean, not an object or a list`)
    patch.set(name, member === null ? null : String(member))
  }
  return patch
}

/** The configuration with its connector's name in it; REQUEST_INVALID if it holds another one. */
export function withName(name: string, config: ConnectorConfig): ConnectorConfig {
  const included = config.get('name')
  if (included !== undefined && included !== name)
    throw invalid(
      `Connector name configuration (${shown(included)}) doesn't match connector name in the URL (${shown(name)})`,
    )
  return new Map([...config, ['name', name]])
}

/**
 * Refuses names that a new connector must not have: nothing, control characters (as Connect), and what would read as a path.
 * Existing connectors are looked up by whatever name is asked for.
 */
export function checkNewName(name: string): string {
  if (name === '') throw invalid('the connector must have a name')
  if (/\p{Cc}/u.test(name)) throw invalid('the name of a connector must not have control characters')
  if (/[/\\]/.test(name) || /^\.+$/.test(name)) throw invalid(`${shown(name)} must not be a path`)
  if (name.length > 249) throw invalid('the name of a connector must have 249 characters at most')
  return name
}

/** Parameters that are `true` in any case; everything else is false, as for Connect. */
export function flag(query: URLSearchParams, name: string, absent = false): boolean {
  const text = query.get(name)
  return text === null ? absent : text.toLowerCase() === 'true'
}

/** The number of a task in the path; TASK_UNKNOWN for what is no number. */
export function taskOf({ param }: RestRequest): number {
  const text = param('task')
  if (!/^-?\d{1,9}$/.test(text)) throw new TailraceError('TASK_UNKNOWN', 'HTTP 404 Not Found')
  return Number(text)
}
