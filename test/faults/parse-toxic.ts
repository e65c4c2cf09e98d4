import { checkToxic, fieldRules } from './toxic-rules.ts'
import type { Toxic } from './toxic.ts'

/**
 * Reads a toxic from a command line: `latency:ms=200,jitterMs=50`, `drop-response:apiKey=Produce,count=3`, `down`, or
 * JSON with a `kind`. Predicates cannot be written this way. Throws as {@link checkToxic} does.
 */
export function parseToxic(text: string): Toxic {
  const trimmed = text.trim()
  return checkToxic(trimmed.startsWith('{') ? fromJson(trimmed) : fromPairs(trimmed))
}

function fromJson(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Error(`This toxic is not JSON: ${text}`, { cause })
  }
  // A function cannot come out of JSON, and anything else under these names would be taken for one.
  const { whenConnection, whenRequest, ...rest } = value as Record<string, unknown>
  if (whenConnection !== undefined || whenRequest !== undefined) {
    throw new Error('A toxic in JSON has no predicates: whenConnection and whenRequest are functions.')
  }
  return typeof rest['apiKey'] === 'string'
    ? { ...rest, apiKey: valueOf(String(rest['kind']), 'apiKey', rest['apiKey']) }
    : rest
}

function fromPairs(text: string): Record<string, unknown> {
  const colon = text.indexOf(':')
  const kind = colon === -1 ? text : text.slice(0, colon)
  const pairs = colon === -1 ? [] : text.slice(colon + 1).split(',')
  const toxic: Record<string, unknown> = { kind }
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1) throw new Error(`Toxic ${kind}: "${pair}" is not field=value, as in latency:ms=200,jitterMs=50.`)
    const field = pair.slice(0, equals).trim()
    toxic[field] = valueOf(kind, field, pair.slice(equals + 1).trim())
  }
  return toxic
}

function valueOf(kind: string, field: string, text: string): unknown {
  const rules = fieldRules(kind)
  return Object.hasOwn(rules, field) ? rules[field]?.fromText(text) : text
}
