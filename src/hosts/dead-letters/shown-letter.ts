import { parseJson } from '../../aws/exact-json.ts'
import type { Table } from '../../change/table.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'
import { isOfStream } from './stream-letters.ts'
import type { LetterContent } from './letter-log.ts'

/** A letter for people. */
export interface ShownLetter {
  readonly headers: Readonly<Record<string, string>>
  /** The record as the source gave it, or its key attributes alone; undefined where these cannot be told. */
  readonly record: unknown
  /** The same as indented JSON. */
  readonly text: string
}

/** With `keysOf`, nothing of the record is shown but the attributes that are keys of one of these tables. */
export function shownLetter(
  letter: StoredLetter,
  { value, headers }: LetterContent,
  { keysOf }: { readonly keysOf?: readonly Table[] },
): ShownLetter {
  const wire = wireOf(letter, value)
  const record = keysOf === undefined ? wire : keysIn(letter, wire, keysOf)
  return {
    headers: Object.fromEntries(headers.map(([name, content]) => [name, content?.toString() ?? ''])),
    record,
    text: record === undefined ? '(its key attributes cannot be told)' : JSON.stringify(record, undefined, 2),
  }
}

/** A record of a Kinesis stream need not be JSON: its bytes, in base64. */
function wireOf({ key }: StoredLetter, value: Buffer): unknown {
  try {
    return parseJson(value)
  } catch (error) {
    if (!isOfStream(key)) throw error
    return { base64: value.toString('base64') }
  }
}

/** What lies elsewhere in a damaged record is no key, whatever its name is. */
function keysIn({ key }: StoredLetter, wire: unknown, tables: readonly Table[]): unknown {
  const table = tables.find(({ arn }) => arn === key.table)
  if (table === undefined) return undefined
  const item = itemOf(key.deadLetter, wire)
  const names = table.keySchema.map(({ name }) => name).filter((name) => memberOf(item, name) !== undefined)
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, memberOf(item, name)]))
}

function itemOf(form: StoredLetter['key']['deadLetter'], wire: unknown): unknown {
  if (form === 'items') return wire
  return memberOf(form === 'change' ? memberOf(wire, 'dynamodb') : wire, 'Keys')
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}
